import type { Relation } from '../../engines/engine.ts'
import { distinctCounter } from './distinct.ts'
import { type ClassCounts, type NumericBatch, numericBatches, rawBatches } from './intake.ts'
import { mix } from './mix.ts'
import { sorter } from './sort.ts'

/** What one pass over the training rows tells: counts, and a sample of every feature. */
export interface Sample extends ClassCounts {
  /** One array a feature, the same rows in each. */
  readonly columns: readonly Float64Array[]
}

/** Gives a sample's memory back at once: the garbage collector would not before the training needs it. */
export function letGo({ columns }: Pick<Sample, 'columns'>): void {
  for (const { buffer } of columns) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

const MAX_ROWS = 200_000
const MAX_CELLS = 8_000_000

const capOf = (features: number): number =>
  Math.min(MAX_ROWS, Math.max(10_000, Math.floor(MAX_CELLS / Math.max(1, features))))
const saltOf = (seed: number): number => mix(seed + 0x9e3779b9)

/** Which rows `sampleRows` keeps, told from their number alone: those whose hash with `salt` is below `bound`. */
export function sampleOf(rows: number, features: number, seed: number, cap = capOf(features)) {
  const salt = saltOf(seed)
  const zeros = new Uint32Array(33)
  if (rows > cap)
    for (let i = 0; i < rows; i++) {
      const z = Math.clz32(mix(i ^ salt))
      zeros[z] = (zeros[z] ?? 0) + 1
    }
  let halvings = 0
  let kept = rows
  while (kept > cap) kept -= zeros[halvings++] ?? 0
  return { salt, bound: 2 ** (32 - halvings), rows: kept }
}

/**
 * One pass that counts rows and positives and keeps at most 200,000 rows: those whose hashed row number is below a bound
 * that halves whenever the sample is full. The same rows in the same order and the same seed give the same sample.
 */
export async function sampleRows(
  relation: Relation,
  features: readonly string[],
  target: string,
  seed: number,
  signal: AbortSignal,
): Promise<Sample> {
  let positives = 0
  const sample = await sampled(numericBatches(relation, features, target, signal), features.length, seed, (batch) => {
    for (let i = 0; i < batch.rows; i++) positives += batch.labels[i] as number
  })
  return { ...sample, positives }
}

/** The same of features alone, whatever the target is. */
export async function sampleFeatures(
  relation: Relation,
  features: readonly string[],
  seed: number,
  signal: AbortSignal,
): Promise<Omit<Sample, 'positives'>> {
  const batches = async function* () {
    for await (const { rows, at, number } of rawBatches(relation, features, signal))
      yield { rows, at, feature: (index: number) => number(features[index] as string) }
  }
  return sampled(batches(), features.length, seed, () => {})
}

async function sampled<B extends Pick<NumericBatch, 'rows' | 'at' | 'feature'>>(
  batches: AsyncIterable<B>,
  features: number,
  seed: number,
  seen: (batch: B) => void,
): Promise<Omit<Sample, 'positives'>> {
  const cap = capOf(features)
  const room = new ArrayBuffer(features * cap * 8)
  const columns = Array.from({ length: features }, (_, f) => new Float64Array(room, f * cap * 8, cap))
  const hashes = new Uint32Array(cap)
  const salt = saltOf(seed)
  let bound = 2 ** 32
  let kept = 0
  let rows = 0

  const halve = (): void => {
    bound /= 2
    let to = 0
    for (let i = 0; i < kept; i++) {
      if ((hashes[i] as number) >= bound) continue
      hashes[to] = hashes[i] as number
      for (const column of columns) column[to] = column[i] as number
      to++
    }
    kept = to
  }

  for await (const batch of batches) {
    seen(batch)
    rows += batch.rows
    let picks = pick(batch.at, batch.rows, salt, bound)
    while (kept + picks.length > cap) {
      halve()
      picks = picks.filter((i) => mix((batch.at + i) ^ salt) < bound)
    }
    for (const [k, i] of picks.entries()) hashes[kept + k] = mix((batch.at + i) ^ salt)
    for (const [f, column] of columns.entries()) {
      const values = batch.feature(f)
      for (let k = 0; k < picks.length; k++) column[kept + k] = values[picks[k] as number] as number
    }
    kept += picks.length
  }
  return { rows, columns: columns.map((column) => column.subarray(0, kept)) }
}

function pick(at: number, rows: number, salt: number, bound: number): number[] {
  const picks: number[] = []
  for (let i = 0; i < rows; i++) if (mix((at + i) ^ salt) < bound) picks.push(i)
  return picks
}

/**
 * A function that gives the edges that cut a feature's values into at most `maxBins` bins of about the same number of rows; a value that
 * fills a bin alone gets its own, and with few distinct values each has its own. Ascending; the bin of x is the number of edges
 * below x, so "bin ≤ b" and "x ≤ edges[b]" say the same. Missing values (NaN) are left aside. It may sort the values that it is given, and
 * keeps its room for the next. After LightGBM's GreedyFindBin (Ke et al., 2017).
 */
export function edgeFinder(): (values: Float64Array, maxBins: number) => Edges {
  const count = distinctCounter()
  const sort = sorter()
  let distinct = new Float64Array(0)
  let counts = new Uint32Array(0)
  return (values, maxBins) => {
    const few = count(values)
    if (few) return { edges: cutEdges(few.values, few.counts, few.values.length, few.present, maxBins), missing: few.present < values.length } // biome-ignore format: one line
    const present = sort(values)
    if (distinct.length < present) [distinct, counts] = [new Float64Array(present), new Uint32Array(present)]
    let n = 0
    for (let i = 0; i < present; i++) {
      const x = values[i] as number
      // −0 and 0 are one value
      if (n > 0 && distinct[n - 1] === x) counts[n - 1] = (counts[n - 1] as number) + 1
      else {
        distinct[n] = x
        counts[n++] = 1
      }
    }
    return { edges: cutEdges(distinct, counts, n, present, maxBins), missing: present < values.length }
  }
}

/** Edges of a feature's bins, and whether some of its values are missing. */
export interface Edges {
  readonly edges: Float64Array
  readonly missing: boolean
}

/** The same of one array, which stays as it is. */
export const binEdges = (values: Float64Array, maxBins: number): Float64Array =>
  edgeFinder()(values.slice(), maxBins).edges

function cutEdges(distinct: Float64Array, counts: Uint32Array, n: number, rows: number, maxBins: number): Float64Array {
  const edges: number[] = []
  const cut = (i: number): void => void edges.push(between(distinct[i] as number, distinct[i + 1] as number))
  if (n <= maxBins) {
    for (let i = 0; i + 1 < n; i++) cut(i)
    return Float64Array.from(edges)
  }
  const size = rows / maxBins
  const isBig = (i: number): boolean => (counts[i] as number) >= size
  let rest = 0
  let big = 0
  for (let i = 0; i < n; i++)
    if (isBig(i)) big++
    else rest += counts[i] as number
  let restBins = maxBins - big
  let mean = rest / Math.max(1, restBins)
  let filled = 0
  for (let i = 0; i + 1 < n && edges.length + 1 < maxBins; i++) {
    const count = counts[i] as number
    const own = count >= size
    filled += count
    if (!own) rest -= count
    if (!own && filled < mean && !(isBig(i + 1) && filled >= Math.max(1, mean / 2))) continue
    cut(i)
    filled = 0
    if (!own) mean = rest / Math.max(1, --restBins)
  }
  return Float64Array.from(edges)
}

/**
 * The categories of a feature that have a bin of their own, ascending: the most frequent, at most `maxBins` and one less than bins hold,
 * of equally frequent ones the lower. Missing and infinite values are none.
 */
export function categoriesOf(values: Float64Array, maxBins: number): Float64Array {
  const counts = new Map<number, number>()
  // −0 and 0 are one category
  for (const x of values) if (Number.isFinite(x)) counts.set(x + 0, (counts.get(x + 0) ?? 0) + 1)
  const frequent = [...counts].sort(([a, n], [b, m]) => m - n || a - b).slice(0, Math.min(maxBins, OTHER))
  return Float64Array.from(frequent, ([x]) => x).sort()
}

/** The bins of values that are no category with a bin of its own, and of missing ones. */
export const OTHER = 254
export const MISSING = 255

/** A function that gives the bin of a category. */
export function categoryBins(categories: Float64Array): (x: number) => number {
  const bins = new Map(Array.from(categories, (x, bin) => [x, bin]))
  return (x) => (Number.isFinite(x) ? (bins.get(x + 0) ?? OTHER) : MISSING)
}

/** A number m with a ≤ m < b, halfway where that is possible. */
function between(a: number, b: number): number {
  const middle = a / 2 + b / 2
  return middle >= a && middle < b ? middle : a
}
