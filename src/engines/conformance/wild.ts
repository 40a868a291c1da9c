import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type Agg, col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Value } from '../batch.ts'
import type { Engine } from '../engine.ts'
import { collect } from './compare.ts'
import { rowsOf } from './vectors.ts'

/** Any double whose square and whose sums stay finite, with many of like size and opposite sign, so that they cancel. */
const wild = fc.oneof(
  fc.double({ min: -1e150, max: 1e150, noNaN: true }),
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(1e100, -1e100, 1e100 + 1e84, 5e-324, -5e-324, 0, -0, 1 / 3, 0.1, -0.1, 1e16, 1, -1e16),
)
const groups = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.option(wild, { freq: 9, nil: null })), { maxLength: 64 })

/** A double as a whole multiple of 2⁻¹⁰⁷⁴, the smallest there is. */
function exact(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1)
  return bits >> 63n ? -size : size
}
const UNIT = exact(1)
const abs = (x: bigint): bigint => (x < 0n ? -x : x)

/** Whether `got` is within n·ε·Σ|x| of Σx, divided by `by`; and half of the smallest double, which no sum can be nearer to. */
function near(got: number, xs: readonly number[], by: bigint): boolean {
  const sum = xs.reduce((s, x) => s + exact(x), 0n)
  const size = xs.reduce((s, x) => s + abs(exact(x)), 0n)
  const bound = (BigInt(xs.length) * size) / (1n << 52n) + by
  return abs(exact(got) * by - sum) <= bound
}

const SUMS: readonly (readonly [string, Agg])[] = [
  ['sum', { fn: 'sum', arg: col('x') }],
  ['mean', { fn: 'mean', arg: col('x') }],
  ['low', { fn: 'min', arg: col('x') }],
  ['high', { fn: 'max', arg: col('x') }],
  ['var', { fn: 'variance', arg: col('x') }],
]

function check(what: string, got: readonly Value[], xs: readonly number[]): void {
  const [sum, mean, low, high, variance] = got as (number | null)[]
  if (xs.length === 0) {
    expect([sum, mean, low, high, variance], what).toEqual([null, null, null, null, null])
    return
  }
  expect(near(sum as number, xs, 1n), `${what}: sum ${sum} of ${xs}`).toBe(true)
  expect(near(mean as number, xs, BigInt(xs.length)), `${what}: mean ${mean} of ${xs}`).toBe(true)
  expect(
    (low as number) === Math.min(...xs) && (high as number) === Math.max(...xs),
    `${what}: ${low} to ${high}`,
  ).toBe(true)
  if (xs.length < 2) return
  // Σ(x − m)² as exact as can be, and an error of 8·n·ε of the squares of what is left after the mean
  const n = BigInt(xs.length)
  const total = xs.reduce((s, x) => s + exact(x), 0n)
  const squares = xs.reduce((s, x) => s + (exact(x) * n - total) ** 2n, 0n) / (n * n)
  const size = xs.reduce((s, x) => s + exact(x) ** 2n, 0n)
  const error = abs(exact(variance as number) * UNIT * (n - 1n) - squares)
  const bound = (8n * n * size) / (1n << 52n) + UNIT * n
  expect(error <= bound, `${what}: variance ${variance} of ${xs}`).toBe(true)
}

const HOUR = 3_600_000_000

/** Sums, means and variances of any floats, in groups, frames and rolling windows: within n·ε·Σ|x| of the exact value. */
export function wildFloats(name: string, make: () => Engine, runs: number): void {
  const engine = make()
  afterAll(() => engine.close())
  test(`${name}: wild floats are summed within n·ε·Σ|x| (${runs} tables, seed 20010104)`, {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(groups, async (made) => {
        const rows = made.map(([k, x], i) => [k, x, String(i * HOUR), String(i)])
        const input = rowsOf({ k: 'string', x: 'float64', t: 'timestamp', i: 'int64' }, rows)
        const of = (k: string, from: number, to: number) =>
          made.flatMap(([key, x], i) => (key === k && x !== null && i >= from && i <= to ? [x] : []))
        for (const row of await collect(engine, build({ op: 'aggregate', input, by: ['k'], aggs: SUMS })))
          check('group', row.slice(1), of(row[0] as string, 0, made.length))
        const frame = { unit: 'rows', from: -3, to: 2 } as const
        const window: Node = build({
          op: 'window',
          input,
          by: ['k'],
          order: [{ by: col('i'), descending: false }],
          columns: SUMS.map(([n, agg]) => [n, { fn: 'aggregate', agg, frame }] as const),
        })
        const places = (k: string) => made.flatMap(([key], i) => (key === k ? [i] : []))
        for (const row of await collect(engine, window)) {
          const all = places(row[0] as string)
          const at = all.indexOf(Number(row[3]))
          const [from, to] = [all[Math.max(0, at - 3)] as number, all[Math.min(all.length - 1, at + 2)] as number]
          check('frame', row.slice(4), of(row[0] as string, from, to))
        }
        const rolling = build({ op: 'rolling', input, by: ['k'], on: 't', over: 4 * HOUR, aggs: SUMS })
        for (const row of await collect(engine, rolling)) {
          const at = Number(row[1]) / HOUR
          check('rolling', row.slice(2), of(row[0] as string, at - 4, at - 1))
        }
      }),
      { numRuns: runs, seed: 20010104 },
    )
  })
  test(`${name}: infinities and NaN in sums`, async () => {
    const sums = async (...xs: number[]) => {
      const input = rowsOf({ x: 'float64', one: 'float64' }, xs.map((x) => [Number.isFinite(x) ? x : 0, Number.isFinite(x) ? 1 : Number.isNaN(x) ? 0 : x > 0 ? 2 : -2])) // biome-ignore format: one line
      // literals are finite: ±∞ and NaN come from divisions by zero
      const made = build({ op: 'select', input, columns: [['x', { op: 'case', when: [[{ op: 'call', fn: 'eq', args: [col('one'), { op: 'lit', value: 1, type: 'float64' }] }, col('x')]], otherwise: { op: 'call', fn: 'div', args: [col('one'), col('x')] } }]] }) // biome-ignore format: one line
      return (await collect(engine, build({ op: 'aggregate', input: made, by: [], aggs: SUMS.slice(0, 2) })))[0]
    }
    const { POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down, NaN: nan } = Number
    expect(await sums(1, up)).toEqual([up, up])
    expect(await sums(down, 1, 1)).toEqual([down, down])
    expect(await sums(up, down)).toEqual([nan, nan])
    expect(await sums(nan, up)).toEqual([nan, nan])
  })
}
