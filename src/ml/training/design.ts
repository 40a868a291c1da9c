import type { Relation } from '../../engines/engine.ts'
import { type ClassCounts, checkSameRows, numericBatches } from './intake.ts'
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
  const sums = features.map(() => ({ shift: 0, n: 0, sum: 0, squares: 0, low: Infinity, high: -Infinity, missing: 0 }))
  let rows = 0
  let positives = 0
  for await (const batch of numericBatches(relation, features, target, signal)) {
    rows += batch.rows
    for (let i = 0; i < batch.rows; i++) positives += batch.labels[i] as number
    for (const [f, s] of sums.entries()) {
      const values = batch.feature(f)
      let { shift, n, sum, squares, low, high, missing } = s
      for (let i = 0; i < values.length; i++) {
        const x = values[i] as number
        if (!Number.isFinite(x)) {
          if (Number.isNaN(x)) missing++
          continue
        }
        // sums of differences from the first value lose no digits when the mean is far from zero
        if (n === 0) shift = x
        const d = x - shift
        n++
        sum += d
        squares += d * d
        if (x < low) low = x
        if (x > high) high = x
      }
      sums[f] = { shift, n, sum, squares, low, high, missing }
    }
  }
  const columns = sums.map(({ shift, n, sum, squares, low, high, missing }) => {
    if (n === 0) return { mean: 0, scale: 0, low: 0, high: 0, missing }
    const mean = shift + sum / n
    const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2))
    const scale = high > low && deviation > 0 && Number.isFinite(1 / deviation) ? 1 / deviation : 0
    return { mean, scale: Number.isFinite(mean) ? scale : 0, low, high, missing }
  })
  return { rows, positives, columns }
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

/** Rows of the design matrix, row by row, as float32. */
export interface Block {
  readonly rows: number
  readonly x: Float32Array
  readonly labels: Uint8Array
}

const BLOCK_ROWS = 4096
/** A design matrix up to this size is held; a larger one is read again on every pass. */
const HELD_BYTES = 512 * 2 ** 20

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
  for await (const block of read()) held.push({ ...block, x: block.x.slice(), labels: block.labels.slice() })
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
  let x = new Float32Array(0)
  let labels = new Uint8Array(0)
  /** Rows of the last batch that did not fill a block; they lie at the start of `x`. */
  let kept = 0
  for await (const batch of numericBatches(task.train, task.features, task.target, signal)) {
    const rows = kept + batch.rows
    if (labels.length < rows) {
      x = grown(x, rows * width, kept * width)
      const more = new Uint8Array(rows)
      more.set(labels.subarray(0, kept))
      labels = more
    }
    labels.set(batch.labels, kept)
    for (const [f, { mean, scale, low, high }] of columns.entries()) {
      const values = batch.feature(f)
      const indicator = indicatorOf[f] as number
      for (let i = 0, at = kept * width; i < values.length; i++, at += width) {
        const value = values[i] as number
        const missing = Number.isNaN(value)
        x[at + f] = missing ? 0 : (Math.min(Math.max(value, low), high) - mean) * scale
        if (indicator >= 0) x[at + columns.length + indicator] = missing ? 1 : 0
      }
    }
    const blocks = Math.floor(rows / BLOCK_ROWS)
    for (let block = 0; block < blocks; block++) yield blockOf(x, labels, width, block * BLOCK_ROWS, BLOCK_ROWS)
    kept = rows - blocks * BLOCK_ROWS
    x.copyWithin(0, blocks * BLOCK_ROWS * width, rows * width)
    labels.copyWithin(0, blocks * BLOCK_ROWS, rows)
  }
  if (kept > 0) yield blockOf(x, labels, width, 0, kept)
}

function blockOf(x: Float32Array, labels: Uint8Array, width: number, from: number, rows: number): Block {
  return { rows, x: x.subarray(from * width, (from + rows) * width), labels: labels.subarray(from, from + rows) }
}

function grown(x: Float32Array, length: number, keep: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(length)
  larger.set(x.subarray(0, keep))
  return larger
}
