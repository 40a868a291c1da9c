import type { Given } from '../analysis.ts'
import { unfit } from '../given.ts'
import { ordered, told } from '../rows.ts'

/** Values of one text column that become columns of their own at most. */
const MOST_LEVELS = 30

export interface Design {
  readonly names: readonly string[]
  readonly columns: readonly Float64Array[]
  /** Rows that are in it. */
  readonly rows: readonly number[]
  /** Of each text column the value that the others are compared with. */
  readonly reference: Readonly<Record<string, string>>
}

/** Which rows have all of `more` and of the columns `x`; the intercept, numbers as they are, texts as one column for each value but the first. @throws ANALYSIS_DATA */
export function designOf(given: Given, has: (row: number) => boolean): Design {
  const x = given.columns('x')
  const texts = new Map(x.filter((c) => given.isText(c)).map((c) => [c, given.labels(c)]))
  const numbers = new Map(x.filter((c) => !texts.has(c)).map((c) => [c, given.raw(c)]))
  const rows: number[] = []
  for (let i = 0; i < given.rows; i++)
    if (
      has(i) &&
      [...texts.values()].every((l) => l[i] !== null) &&
      [...numbers.values()].every((v) => !Number.isNaN(v[i]))
    )
      rows.push(i)
  const names = ['(intercept)']
  const columns = [new Float64Array(rows.length).fill(1)]
  const reference: Record<string, string> = {}
  for (const column of x) {
    const labels = texts.get(column)
    if (!labels) {
      const values = numbers.get(column) as Float64Array
      names.push(column)
      columns.push(Float64Array.from(rows, (i) => values[i] as number))
      continue
    }
    const levels = ordered(new Set(rows.map((i) => labels[i] as string)))
    if (levels.length > MOST_LEVELS)
      throw unfit(
        `'${column}' has ${levels.length} different texts: ${told(levels)}`,
        `each becomes a column, ${MOST_LEVELS} at most`,
        'put rare ones together in the recipe, or leave the column out',
      )
    if (levels[0] !== undefined) reference[column] = levels[0]
    for (const level of levels.slice(1)) {
      names.push(`${column} = ${level}`)
      columns.push(Float64Array.from(rows, (i) => (labels[i] === level ? 1 : 0)))
    }
  }
  if (columns.length === 1)
    throw unfit(
      `${x.join(', ')} has one value where all columns are there`,
      'what does not vary explains nothing',
      'name columns that vary',
    )
  if (rows.length <= columns.length)
    throw unfit(
      `${rows.length} rows have all columns, and there are ${columns.length} coefficients`,
      'a regression needs more rows than coefficients',
      'bring more rows, or leave columns out',
    )
  return { names, columns, rows, reference }
}

/** That a column of a design follows from those before it. */
export const follows = (names: readonly string[], at: number) =>
  unfit(
    `'${names[at]}' ${at === 0 ? 'does not vary' : 'follows from the other columns, or does not vary'}`,
    'its own coefficient can’t be told then',
    'leave it out',
  )

export const X = {
  kind: 'any',
  many: true,
  about: 'what explains it: numbers as they are, texts by their values',
} as const
