import type { Relation } from '../../engines/engine.ts'
import { type ClassCounts, checkSameRows, type NumericBatch, numericBatches, rawBatches } from './intake.ts'
import type { TrainTask } from './trainer.ts'

/** What standardising a column needs, over its finite values; all zero when it has none. */
export interface ColumnStats {
  readonly mean: number
  /** One over the standard deviation; 0 for a constant column. */
  readonly scale: number
  readonly low: number
  readonly high: number
  readonly missing: number
}

export interface TableStats extends ClassCounts {
  readonly columns: readonly ColumnStats[]
}

/** One pass for every feature's mean, deviation, range and missing values. Does not depend on how batches are cut. */
export async function columnStats(
  relation: Relation,
  features: readonly string[],
  target: string,
  signal: AbortSignal,
): Promise<TableStats> {
  let positives = 0
  const stats = await statsOf(features.length, numericBatches(relation, features, target, signal), (batch) => {
    for (let i = 0; i < batch.rows; i++) positives += batch.labels[i] as number
  })
  return { ...stats, positives }
}

/** The same of features alone, whatever the target is. */
export async function featureStats(
  relation: Relation,
  features: readonly string[],
  signal: AbortSignal,
): Promise<Omit<TableStats, 'positives'>> {
  const batches = async function* () {
    for await (const { rows, number } of rawBatches(relation, features, signal))
      yield { rows, feature: (index: number) => number(features[index] as string) }
  }
  return statsOf(features.length, batches(), () => {})
}

async function statsOf<B extends Pick<NumericBatch, 'rows' | 'feature'>>(
  features: number,
  batches: AsyncIterable<B>,
  seen: (batch: B) => void,
): Promise<Omit<TableStats, 'positives'>> {
  const sums = Array.from({ length: features }, () => ({ shift: 0, n: 0, sum: 0, squares: 0, low: Infinity, high: -Infinity, missing: 0 })) // biome-ignore format: one line
  let rows = 0
  for await (const batch of batches) {
    rows += batch.rows
    seen(batch)
    for (const [f, s] of sums.entries()) addUp(s, batch.feature(f))
  }
  const columns = sums.map(({ shift, n, sum, squares, low, high, missing }) => {
    if (n === 0) return { mean: 0, scale: 0, low: 0, high: 0, missing }
    const mean = shift + sum / n
    const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2))
    const scale = high > low && deviation > 0 && Number.isFinite(1 / deviation) ? 1 / deviation : 0
    // sums of the largest numbers overflow, as differences from them would: such a column says nothing
    if (!Number.isFinite(Number.MAX_VALUE + Math.abs(mean))) return { mean: 0, scale: 0, low, high, missing }
    return { mean, scale, low, high, missing }
  })
  return { rows, columns }
}

interface Sums {
  shift: number
  n: number
  sum: number
  squares: number
  low: number
  high: number
  missing: number
}

/** Adds values to the sums of a column. A function of its own is soon a fast one. */
function addUp(s: Sums, values: Float64Array): void {
  let { n, sum, squares, low, high } = s
  let from = 0
  // sums of differences from the first value lose no digits when the mean is far from zero
  while (n === 0 && from < values.length && !Number.isFinite(values[from]))
    if (Number.isNaN(values[from++])) s.missing++
  if (n === 0 && from < values.length) s.shift = values[from] as number
  const { shift } = s
  for (let i = from; i < values.length; i++) {
    const x = values[i] as number
    const d = x - shift
    if (!Number.isFinite(x)) {
      if (Number.isNaN(x)) s.missing++
      continue
    }
    n++
    sum += d
    squares += d * d
    if (x < low) low = x
    if (x > high) high = x
  }
  s.n = n
  s.sum = sum
  s.squares = squares
  s.low = low
  s.high = high
}

/** The columns of the design matrix: the features, then an indicator for each of `indicators`. */
export interface Design {
  readonly width: number
  readonly indicators: readonly number[]
}

export function designOf(columns: readonly ColumnStats[]): Design {
  const indicators = columns.flatMap((column, f) => (column.missing > 0 ? [f] : []))
  return { width: columns.length + indicators.length, indicators }
}

/** Rows of the design matrix, column by column, as float32: column j begins at j · `BLOCK_ROWS`. */
export interface Block {
  readonly rows: number
  readonly x: Float32Array
  readonly labels: Uint8Array
}

export const BLOCK_ROWS = 4096
/** A design matrix up to this size is held; a larger one is read again on every pass. */
export const HELD_BYTES = 512 * 2 ** 20

/** A function that passes over the standardised rows, in blocks of 4096 however the batches are cut. */
export async function makeBlocks(
  task: TrainTask,
  stats: TableStats,
  design: Design,
  signal: AbortSignal,
): Promise<() => AsyncIterable<Block> | Iterable<Block>> {
  const read = (): AsyncIterable<Block> => readBlocks(task, stats, design, signal)
  if (stats.rows * design.width * 4 > HELD_BYTES) return read
  const held: Block[] = []
  for await (const block of read()) held.push(block)
  checkSameRows(
    stats.rows,
    held.reduce((sum, block) => sum + block.rows, 0),
  )
  return () => held
}

async function* readBlocks(
  task: TrainTask,
  { columns }: TableStats,
  { width, indicators }: Design,
  signal: AbortSignal,
): AsyncGenerator<Block, void, undefined> {
  const indicatorOf = columns.map((_, f) => indicators.indexOf(f))
  const begin = () => ({ x: new Float32Array(width * BLOCK_ROWS), labels: new Uint8Array(BLOCK_ROWS) })
  let block = begin()
  let filled = 0
  for await (const batch of numericBatches(task.train, task.features, task.target, signal)) {
    /** Where the batch's rows go: `n` of them from `from` on, to row `at` of a block. */
    const pieces: { block: typeof block; at: number; from: number; n: number }[] = []
    for (let from = 0, at = filled; from < batch.rows; at = 0) {
      if (pieces.length > 0) block = begin()
      const n = Math.min(batch.rows - from, BLOCK_ROWS - at)
      pieces.push({ block, at, from, n })
      from += n
    }
    for (const p of pieces) p.block.labels.set(batch.labels.subarray(p.from, p.from + p.n), p.at)
    for (const [f, column] of columns.entries()) {
      const values = batch.feature(f)
      const indicator = indicatorOf[f] as number
      for (const { block, at, from, n } of pieces) {
        const own = values.subarray(from, from + n)
        standardise(own, column, block.x.subarray(f * BLOCK_ROWS + at))
        if (indicator >= 0) mark(own, block.x.subarray((columns.length + indicator) * BLOCK_ROWS + at))
      }
    }
    for (const p of pieces) {
      filled = p.at + p.n
      if (filled === BLOCK_ROWS) yield { ...p.block, rows: BLOCK_ROWS }
    }
    if (filled === BLOCK_ROWS) {
      block = begin()
      filled = 0
    }
  }
  if (filled > 0) yield { x: block.x, labels: block.labels.subarray(0, filled), rows: filled }
}

/** 1 where a value is missing. */
export function mark(values: Float64Array, out: Float32Array): void {
  for (let i = 0; i < values.length; i++) out[i] = Number.isNaN(values[i] as number) ? 1 : 0
}

/** Missing values become the mean, infinite ones the ends of the range. */
export function standardise(values: Float64Array, { mean, scale, low, high }: ColumnStats, out: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    const within = value < low ? low : value > high ? high : value
    out[i] = Number.isNaN(value) ? 0 : (within - mean) * scale
  }
}

/** Every `every`-th row of a block, from the first on. */
export function thinned({ rows, x, labels }: Block, every: number, width: number): Block {
  const n = Math.ceil(rows / every)
  const some = { rows: n, x: new Float32Array(width * BLOCK_ROWS), labels: new Uint8Array(n) }
  for (let j = 0; j < width; j++)
    for (let i = 0, from = j * BLOCK_ROWS, to = from; i < n; i++, from += every) some.x[to + i] = x[from] as number
  for (let i = 0; i < n; i++) some.labels[i] = labels[i * every] as number
  return some
}
