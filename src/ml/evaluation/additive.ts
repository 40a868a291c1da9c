import { randomsOf } from '../../base/random.ts'
import { bca, expanded, type Interval, unknown } from './interval.ts'
import { drawUnits, type Resampling, resampling } from './resample.ts'

/** What each row adds to sums that metrics are made of: `rows` × `width` numbers. The first is 1, so that its sum counts rows. */
export interface Terms {
  readonly rows: number
  readonly width: number
  readonly values: Float64Array
}

/** A metric from the sums of terms; null or NaN where it has no meaning. */
export type Measure = (sums: Float64Array) => number | null
export type Measures = Readonly<Record<string, Measure>>

/** More rows than this are first put into so many groups by chance, each of which is then drawn as one. */
const MOST_UNITS = 4096
/** A stream of random numbers that no resample has. */
const GROUPING = 0x7fffffff

/** Terms of rows: what `of` writes for each. */
export function termsOf(rows: number, width: number, of: (row: number, out: Float64Array) => void): Terms {
  const values = new Float64Array(rows * width)
  for (let i = 0; i < rows; i++) of(i, values.subarray(i * width, (i + 1) * width))
  return { rows, width, values }
}

export function sumsOf({ rows, width, values }: Terms): Float64Array {
  const sums = new Float64Array(width)
  for (let i = 0; i < rows; i++) for (let t = 0; t < width; t++) sums[t] = (sums[t] as number) + (values[i * width + t] as number) // biome-ignore format: one line
  return sums
}

/** Few enough units to draw from: the rows, or groups that rows fall into by chance. */
function unitsOf(terms: Terms, seed: number): Terms {
  const { rows, width, values } = terms
  if (rows <= MOST_UNITS) return terms
  const random = randomsOf(seed, GROUPING)
  const grouped = new Float64Array(MOST_UNITS * width)
  for (let i = 0; i < rows; i++) {
    const at = Math.floor(random() * MOST_UNITS) * width
    for (let t = 0; t < width; t++) grouped[at + t] = (grouped[at + t] as number) + (values[i * width + t] as number)
  }
  return { rows: MOST_UNITS, width, values: grouped }
}

const finite = (x: number | null): number => (x === null || !Number.isFinite(x) ? Number.NaN : x)

/** Intervals (BCa) of metrics that are made of sums, and what each resample gave. @throws CANCELLED */
export async function resampledSums(
  terms: Terms,
  measures: Measures,
  how: Resampling,
): Promise<Readonly<Record<string, { readonly interval: Interval; readonly replicates: Float64Array }>>> {
  const all = sumsOf(terms)
  const names = Object.entries(measures)
  const units = unitsOf(terms, how.seed)
  const { rows, width, values } = units
  const found = names.map(() => new Float64Array(how.resamples).fill(Number.NaN))
  if (terms.rows > 0) {
    const drawn = new Float64Array(rows)
    const sums = new Float64Array(width)
    await resampling(how, (random, r) => {
      drawUnits(random, rows, drawn)
      sums.fill(0)
      for (let i = 0; i < rows; i++) {
        const n = drawn[i] as number
        if (n === 0) continue
        for (let t = 0; t < width; t++) sums[t] = (sums[t] as number) + n * (values[i * width + t] as number)
      }
      for (const [m, [, of]] of names.entries()) (found[m] as Float64Array)[r] = finite(of(sums))
    })
  }
  const left = names.map(() => new Float64Array(rows))
  const without = new Float64Array(width)
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < width; t++) without[t] = (all[t] as number) - (values[i * width + t] as number)
    for (const [m, [, of]] of names.entries()) (left[m] as Float64Array)[i] = finite(of(without))
  }
  return Object.fromEntries(
    names.map(([name, of], m) => {
      const value = finite(of(all))
      const replicates = found[m] as Float64Array
      // a row alone says nothing of another one
      const interval = Number.isNaN(value) ? unknown('bca') : terms.rows < 2 ? unknown('bca', value) : bca(value, replicates, left[m] as Float64Array, expanded(how.confidence, terms.rows)) // biome-ignore format: one line
      return [name, { interval, replicates }]
    }),
  )
}
