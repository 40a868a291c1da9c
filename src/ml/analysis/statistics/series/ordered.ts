import type { Given } from '../analysis.ts'
import { unfit } from '../given.ts'

export interface Series {
  readonly at: Float64Array
  readonly x: Float64Array
  readonly leftOut: number
  /** Whether `at` came from a column. */
  readonly timed: boolean
}

/** A column's values in the order of `time`, or as they stand. @throws ANALYSIS_DATA when there are fewer than `least`, or two at one moment */
export function seriesOf(given: Given, least: number): Series {
  const value = given.column('value') ?? ''
  const time = given.column('time')
  const x = given.raw(value)
  const at = time === undefined ? Float64Array.from(x, (_, i) => i) : given.raw(time)
  const rows = Array.from(x.keys()).filter((i) => !Number.isNaN(x[i]) && !Number.isNaN(at[i]))
  if (time !== undefined) rows.sort((i, j) => (at[i] as number) - (at[j] as number))
  if (rows.length < least)
    throw unfit(
      `'${value}' has ${rows.length === 1 ? 'one value' : `${rows.length} values`} in order`,
      `${least} are needed at least`,
      'bring more rows, or name other columns',
    )
  const twice = rows.findIndex((row, k) => k > 0 && at[row] === at[rows[k - 1] as number])
  if (time !== undefined && twice > 0)
    throw unfit(
      `'${time}' has a moment twice`,
      'a series has one value at each moment',
      'aggregate the rows by it in the recipe first, or look at one group',
    )
  const of = (column: Float64Array) => Float64Array.from(rows, (i) => column[i] as number)
  return { at: of(at), x: of(x), leftOut: given.rows - rows.length, timed: time !== undefined }
}

export const TIME = {
  kind: 'moment',
  optional: true,
  about: 'what the rows are in order of; as they stand where it is left out',
} as const

/** A series with one value has nothing to look at. @throws ANALYSIS_DATA */
export function varies({ x }: Series, given: Given): void {
  if (x.every((v) => v === x[0]))
    throw unfit(
      `'${given.column('value')}' has one value`,
      'a series needs values that vary',
      'name a column that varies',
    )
}

/** How moments of a series are said, and as what they stand in figures: a column of moments is in microseconds, which nobody reads. */
export function momentsIn({ at, timed }: Series) {
  const dated = timed && Math.abs(at[0] as number) > 1e12
  const when = (t: number): string =>
    dated ? new Date(t / 1000).toISOString().slice(0, 16).replace('T', ' ') : String(Number(t.toPrecision(12)))
  return { dated, when, told: (t: number): string | number => (dated ? when(t) : t) }
}

/** Values of a series at most: an analysis is one piece of work, and nobody else has a turn meanwhile. */
const MOST = 20_000

/** @throws ANALYSIS_DATA where a series is longer than is looked at */
export function notTooLong({ x }: Series, given: Given): void {
  if (x.length > MOST)
    throw unfit(
      `'${given.column('value')}' has ${x.length.toLocaleString('en-US')} values in order`,
      `${MOST.toLocaleString('en-US')} are looked at, at most`,
      'aggregate them in a recipe: a mean each hour or day',
    )
}
