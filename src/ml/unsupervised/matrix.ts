import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64 } from '../../engines/batch.ts'
import { fieldOf, isFloat, isInteger, typeName } from '../../plan/types.ts'
import type { ColumnStats } from '../training/design.ts'
import type { LearnContext, LearnTask } from './learner.ts'

/** Rows of standardised numbers in memory that threads share: value j of row i at i · width + j. */
export interface Matrix {
  readonly rows: number
  readonly width: number
  readonly data: Float64Array
  /** How each column was standardised; `missing` counts what stood for the mean. */
  readonly columns: readonly ColumnStats[]
}

/** Bytes of rows that are held, and columns, at most. */
const MOST_BYTES = 4 * 2 ** 30
const MOST_COLUMNS = 4096

export const unfit = (what: string, why: string, fix: string): GalleyError =>
  new GalleyError('TRAIN_DATA', { what, why, fix })

/** @throws TRAIN_DATA for a column that is no number, for none, and for too many; PLAN_UNKNOWN_COLUMN */
function checkFeatures({ rows, features }: LearnTask): void {
  if (features.length === 0) throw unfit('there are no features to learn from', 'none were named', 'name some')
  if (features.length > MOST_COLUMNS)
    throw unfit(
      `${features.length} features are too many`,
      `${MOST_COLUMNS} are held at most`,
      'choose those that matter, or put them together first',
    )
  const twice = features.find((f, i) => features.indexOf(f) !== i)
  if (twice !== undefined) throw unfit(`the feature "${twice}" is named twice`, 'it would count twice', 'name it once')
  for (const name of features) {
    const { type } = fieldOf(rows.schema, name, 'the rows')
    if (type !== 'bool' && !isInteger(type) && !isFloat(type))
      throw unfit(
        `the column "${name}" is not numeric`,
        `it is ${typeName(type)}`,
        'encode it as a number (bool, int or float), or leave it out',
      )
  }
}

/**
 * Reads the features of all rows. A missing value becomes the column's mean and an infinite one the end of its range, and
 * both are told; with `standardise` columns have mean 0 and standard deviation 1, else the mean alone is taken off. A
 * constant column is 0 everywhere.
 * @throws TRAIN_DATA for no rows, a column without values, numbers whose squares leave the range, rows beyond 4 GiB; CANCELLED
 */
export async function readMatrix(task: LearnTask, ctx: LearnContext, standardise = true): Promise<Matrix> {
  checkFeatures(task)
  const { features } = task
  const width = features.length
  const fits = (n: number): number => {
    if (n * width * 8 <= MOST_BYTES) return n
    throw unfit(
      `${n} rows of ${width} features are more than is held`,
      `they take ${Math.ceil((n * width) / 2 ** 27)} GiB, and ${MOST_BYTES / 2 ** 30} GiB are held at most`,
      'learn from a sample: .sample(…), or from fewer features',
    )
  }
  const room = (n: number) => new Float64Array(new SharedArrayBuffer(n * width * 8))
  let data = room(fits(Number.isFinite(task.rows.rows) ? task.rows.rows : 65_536))
  let rows = 0
  let sinceTurn = 0
  let buffer = new Float64Array(0)
  const sums = sumsOf(width)
  for await (const batch of task.rows.batches(features)) {
    throwIfAborted(ctx.signal)
    if (batch.rows === 0) continue
    if ((rows + batch.rows) * width > data.length) {
      fits(rows + batch.rows)
      const larger = room(Math.max(rows + batch.rows, Math.min(2 * rows, Math.floor(MOST_BYTES / width / 8))))
      larger.set(data.subarray(0, rows * width))
      data = larger
    }
    if (buffer.length < batch.rows) buffer = new Float64Array(batch.rows)
    const place = new Map(batch.schema.map((f, i) => [f.name, i]))
    for (const [j, name] of features.entries()) {
      copyFloat64(batch.columns[place.get(name) as number] as Column, buffer, 0)
      add(sums, j, buffer, batch.rows)
      for (let i = 0, at = rows * width + j; i < batch.rows; i++, at += width) data[at] = buffer[i] as number
    }
    rows += batch.rows
    sinceTurn += batch.rows * width
    if (sinceTurn >= 500_000) {
      sinceTurn = 0
      ctx.progress({ done: rows, ...(Number.isFinite(task.rows.rows) ? { total: task.rows.rows } : {}), unit: 'rows' })
      await nextTurn()
    }
  }
  if (rows === 0) throw unfit('there are no rows to learn from', 'none came', 'check the filters before the step')
  data = data.subarray(0, rows * width)
  return { rows, width, data, columns: standardised(features, data, rows, sums, standardise, ctx) }
}

/** What is known of columns once all rows are read. */
interface Sums {
  readonly n: Float64Array
  readonly missing: Float64Array
  readonly infinite: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  /** The first value: differences from it lose no digits when the mean is far from zero. */
  readonly shift: Float64Array
  readonly sum: Float64Array
}

const sumsOf = (width: number): Sums => {
  const zeros = () => new Float64Array(width)
  const [low, high] = [zeros().fill(Infinity), zeros().fill(-Infinity)]
  return { n: zeros(), missing: zeros(), infinite: zeros(), low, high, shift: zeros(), sum: zeros() }
}

/** Adds values of column j. */
function add(s: Sums, j: number, values: Float64Array, count: number): void {
  let n = s.n[j] as number
  let low = s.low[j] as number
  let high = s.high[j] as number
  let shift = s.shift[j] as number
  let sum = s.sum[j] as number
  for (let i = 0; i < count; i++) {
    const x = values[i] as number
    if (!(Math.abs(x) < Infinity)) {
      const kind = Number.isNaN(x) ? s.missing : s.infinite
      kind[j] = (kind[j] as number) + 1
      continue
    }
    if (n++ === 0) shift = x
    sum += x - shift
    if (x < low) low = x
    if (x > high) high = x
  }
  s.n[j] = n
  s.low[j] = low
  s.high[j] = high
  s.shift[j] = shift
  s.sum[j] = sum
}

/** Standardises in place, and tells what was missing or infinite. */
function standardised(
  features: readonly string[],
  data: Float64Array,
  rows: number,
  s: Sums,
  scaled: boolean,
  ctx: LearnContext,
): ColumnStats[] {
  const width = features.length
  for (const [j, name] of features.entries())
    if (s.n[j] === 0)
      throw unfit(
        `the column "${name}" has no values`,
        `all ${rows} rows are missing or infinite there`,
        'leave it out, or find out what became of its values',
      )
  const rough = s.shift.map((shift, j) => shift + (s.sum[j] as number) / (s.n[j] as number))
  const [squares, off] = [new Float64Array(width), new Float64Array(width)]
  for (let at = 0; at < data.length; at += width)
    for (let j = 0; j < width; j++) {
      const d = (data[at + j] as number) - (rough[j] as number)
      if (!(Math.abs(d) < Infinity)) continue
      squares[j] = (squares[j] as number) + d * d
      off[j] = (off[j] as number) + d
    }
  const columns = features.map((name, j): ColumnStats => {
    const [n, low, high] = [s.n[j] as number, s.low[j] as number, s.high[j] as number]
    const rest = (off[j] as number) / n
    const mean = low === high ? low : (rough[j] as number) + rest
    const deviation = Math.sqrt(Math.max(0, (squares[j] as number) / n - rest ** 2))
    if (!Number.isFinite(mean) || !Number.isFinite(deviation))
      throw unfit(
        `the values of "${name}" are too large for their squares`,
        `they lie from ${low} to ${high}`,
        'divide the column by a unit that suits it: thousands, millions',
      )
    const scale = low === high ? 0 : scaled ? 1 / deviation : 1
    const [missing, infinite] = [s.missing[j] as number, s.infinite[j] as number]
    const share = (count: number) => `${count} of ${rows} values of "${name}"`
    if (missing > 0) ctx.say?.(`${share(missing)} are missing: they count as its mean`)
    if (infinite > 0) ctx.say?.(`${share(infinite)} are infinite: they count as the end of its range`)
    return { mean, scale: Number.isFinite(scale) ? scale : 0, low, high, missing: missing + infinite }
  })
  const means = Float64Array.from(columns, (c) => c.mean)
  const scales = Float64Array.from(columns, (c) => c.scale)
  for (let at = 0; at < data.length; at += width)
    for (let j = 0; j < width; j++) {
      const x = data[at + j] as number
      data[at + j] =
        Math.abs(x) < Infinity
          ? (x - (means[j] as number)) * (scales[j] as number)
          : standardOf(x, columns[j] as ColumnStats)
    }
  return columns
}

/** A value as the model sees it; missing ones are the mean, infinite ones the ends of the range. */
export function standardOf(x: number, { mean, scale, low, high }: ColumnStats): number {
  if (Number.isNaN(x)) return 0
  if (!Number.isFinite(x)) return ((x < 0 ? low : high) - mean) * scale
  return (x - mean) * scale
}

/** Columns that vary; 0 when none does. */
export const varying = ({ columns }: Pick<Matrix, 'columns'>): number => columns.filter((c) => c.scale > 0).length
