import type { DeviceTable } from '../table.ts'
import { Job, read, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { FOLD, gather, type Part } from './parts.ts'
import { measure, NO_STEPS, RECORD, summaryOf } from './stats.ts'

/** How columns move together, over the rows where both of a pair are finite. */
export interface Comoments {
  readonly names: readonly string[]
  /** Rows of each pair. */
  readonly rows: readonly (readonly number[])[]
  /** Divided by the rows of the pair; null where it has none. */
  readonly covariance: readonly (readonly (number | null)[])[]
  /** The same where a missing value counts as its column's mean, over all rows; null where a column has no value. */
  readonly filled: readonly (readonly (number | null)[])[]
  /** Pearson's r; null where one of the two does not vary. */
  readonly correlation: readonly (readonly (number | null)[])[]
}

/** Rows of a pair; both sums, sums of squares, and the sum of products, in steps. */
const PAIR: Part = {
  words: 14,
  code: /* wgsl */ `
struct Part { n: u32, a: vec2u, b: vec2u, aa: vec3u, bb: vec3u, ab: vec3u }
const NOTHING = Part(0u, vec2u(0u), vec2u(0u), vec3u(0u), vec3u(0u), vec3u(0u));
fn word3(at: u32) -> vec3u { return vec3u(parts[at], parts[at + 1u], parts[at + 2u]); }
fn part(at: u32) -> Part {
  return Part(
    parts[at], vec2u(parts[at + 1u], parts[at + 2u]), vec2u(parts[at + 3u], parts[at + 4u]),
    word3(at + 5u), word3(at + 8u), word3(at + 11u),
  );
}
fn both(x: Part, y: Part) -> Part {
  return Part(
    x.n + y.n, add64(x.a, y.a), add64(x.b, y.b), add96(x.aa, y.aa), add96(x.bb, y.bb), add96(x.ab, y.ab),
  );
}
fn put3(at: u32, v: vec3u) { parts[at] = v.x; parts[at + 1u] = v.y; parts[at + 2u] = v.z; }
fn put(at: u32, p: Part) {
  parts[at] = p.n; parts[at + 1u] = p.a.x; parts[at + 2u] = p.a.y; parts[at + 3u] = p.b.x; parts[at + 4u] = p.b.y;
  put3(at + 5u, p.aa); put3(at + 8u, p.bb); put3(at + 11u, p.ab);
}`,
}

/** `place`: pairs at a time, threads a pair, all of these threads, rows, the first pair. */
const SPREAD = `${NUMBERS}${PAIR.code}
fn main(thread: u32) {
  if (thread >= place[2]) { return; }
  let pair = place[4] + thread / place[1];
  let first = pairs[pair * 2u] * place[3];
  let second = pairs[pair * 2u + 1u] * place[3];
  var own = NOTHING;
  for (var row = thread % place[1]; row < place[3]; row += place[1]) {
    let x = steps[first + row];
    let y = steps[second + row];
    let there = (x != ${NO_STEPS}u) & (y != ${NO_STEPS}u);
    let a = select(0u, x, there);
    let b = select(0u, y, there);
    own = both(own, Part(
      u32(there), vec2u(a, 0u), vec2u(b, 0u), vec3u(mul32(a, a), 0u), vec3u(mul32(b, b), 0u), vec3u(mul32(a, b), 0u),
    ));
  }
  put(thread * ${PAIR.words}u, own);
}`

const SETTLE = `${NUMBERS}${PAIR.code}
fn main(pair: u32) {
  if (pair >= place[0]) { return; }
  let from0 = pair * place[1] * ${PAIR.words}u;
  let end = from0 + place[1] * ${PAIR.words}u;
  var all = part(from0);
  for (var at = from0 + ${FOLD * PAIR.words}u; at < end; at += ${FOLD * PAIR.words}u) { all = both(all, part(at)); }
  put(from0, all);
  for (var i = 0u; i < ${PAIR.words}u; i++) { sums[(place[4] + pair) * ${PAIR.words}u + i] = parts[from0 + i]; }
}`

/** Words of the parts of pairs that are summed at once. */
const MOST_WORDS = 2 ** 22
/** Threads a pair: few, since there are many pairs; a multiple of 64. */
const threadsFor = (rows: number): number => FOLD * Math.min(16, Math.max(1, Math.ceil(rows / (FOLD * 64))))

/**
 * Covariances and correlations of all pairs of columns, in one readback of 56 bytes a pair and 64 a column. Sums are those
 * of integers, of 2³⁰ steps over a column's range, and exact; what is lost is what `summarise` loses of a value.
 * @throws DeviceGap for a column that is not a number
 */
export async function comoments(table: DeviceTable, names: readonly string[]): Promise<Comoments> {
  const job = new Job(table)
  try {
    const { records, steps } = await measure(job, table, names)
    const all = names.flatMap((_, i) => names.slice(0, i + 1).map((_, j) => [i, j] as const))
    const threads = threadsFor(table.rows)
    const many = Math.max(1, Math.floor(MOST_WORDS / (threads * PAIR.words)))
    const parts = job.buffer(Math.min(many, all.length) * threads * PAIR.words)
    const sums = job.buffer(all.length * PAIR.words)
    const pairs = read(job.list(all.flat()))
    for (let first = 0; first < all.length; first += many) {
      const n = Math.min(many, all.length - first)
      const common = { parts: write(parts), place: read(job.words(n, threads, n * threads, table.rows, first)) }
      await job.run(SPREAD, { ...common, pairs, steps: read(steps) }, n * threads)
      await job.run(gather(PAIR), common, (n * threads) / FOLD)
      await job.run(SETTLE, { ...common, sums: write(sums) }, n)
    }
    const got = await job.download([
      { from: records, at: 0, words: names.length * RECORD },
      { from: sums, at: 0, words: all.length * PAIR.words },
    ])
    const found = names.map((_, i) => summaryOf(got.slice(i * RECORD, (i + 1) * RECORD)))
    const square = <T>(): T[][] => names.map(() => new Array<T>(names.length))
    const rows = square<number>()
    const [covariance, filled, correlation] = [
      square<number | null>(),
      square<number | null>(),
      square<number | null>(),
    ]
    for (const [k, [i, j]] of all.entries()) {
      const at = names.length * RECORD + k * PAIR.words
      const [x, y] = [found[i], found[j]] as [(typeof found)[number], (typeof found)[number]]
      const { n, aa, bb, ab, whole } = central(got.subarray(at, at + PAIR.words), x, y)
      const set = <T>(to: T[][], value: T) => {
        ;(to[i] as T[])[j] = value
        ;(to[j] as T[])[i] = value
      }
      set(rows, n)
      set(covariance, n === 0 ? null : (ab / n / n) * x.step * y.step)
      set(filled, whole === null ? null : (whole / table.rows) * x.step * y.step)
      set(correlation, aa > 0 && bb > 0 ? Math.min(1, Math.max(-1, ab / Math.sqrt(aa) / Math.sqrt(bb))) : null)
    }
    return { names, rows, covariance, filled, correlation }
  } finally {
    job.close()
  }
}

type Column = ReturnType<typeof summaryOf>

/**
 * Rows, n² times the variances and the covariance, and the sum of products of deviations from each column's own mean; in
 * steps.
 */
function central(words: Uint32Array, x: Column, y: Column) {
  const sum = (at: number, count: number): bigint => {
    let all = 0n
    for (let i = count - 1; i >= 0; i--) all = (all << 32n) | BigInt(words[at + i] ?? 0)
    return all
  }
  const n = sum(0, 1)
  const [a, b, products] = [sum(1, 2), sum(3, 2), sum(11, 3)]
  const of = (squares: bigint, u: bigint, v: bigint): number => Number(squares * n - u * v)
  const [nx, ny] = [BigInt(x.summary.finite), BigInt(y.summary.finite)]
  const whole = products * nx * ny - a * nx * y.sum - b * ny * x.sum + n * x.sum * y.sum
  return {
    n: Number(n),
    aa: of(sum(5, 3), a, a),
    bb: of(sum(8, 3), b, b),
    ab: of(products, a, b),
    whole: nx === 0n || ny === 0n ? null : Number(whole) / Number(nx) / Number(ny),
  }
}
