import { afterAll, expect, test } from 'vitest'
import { count, mean, sum } from '../../plan/aggregates.ts'
import { scan } from '../../plan/table.ts'
import { asBag, collect } from '../conformance/compare.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createWebgpuEngine } from './index.ts'

const host = createReferenceEngine()
const say = (why: string): never => {
  throw new Error(`it went to the host: ${why}`)
}
const engine = createWebgpuEngine({ host, memoryMiB: 256, say })
afterAll(() => engine.close())

const COLUMNS = { key: 'string', x: 'float64', f: 'float32' } as const
type Given = readonly [key: string | null, x: number | null, f: number | null]
const table = (rows: readonly Given[]) => scan({ kind: 'rows', rows }, COLUMNS)
const sums = (rows: readonly Given[], by: readonly 'key'[] = ['key']) =>
  table(rows).aggregate(by, (r) => ({ rows: count(), s: sum(r.x), m: mean(r.x), fs: sum(r.f), fm: mean(r.f) })).node

/** A double as a whole multiple of the smallest there is. */
function exact(x: number): bigint {
  const [bits = 0n] = new BigUint64Array(Float64Array.of(x).buffer)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1)
  return bits >> 63n ? -size : size
}
const abs = (x: bigint): bigint => (x < 0n ? -x : x)

test.each([1, 127, 128, 129, 700, 20_000])(
  'sums of %d dyadic numbers are exact, whatever groups they are in',
  async (n) => {
    const value = (i: number) => (i % 11 === 0 ? null : ((i * 7919) % 1001) / 16 - 30)
    for (const groups of [1, 3, 400, n]) {
      const rows = Array.from({ length: n }, (_, i): Given => [i % 13 === 0 ? null : `k${(i * 31) % groups}`, value(i), value(i + 5)]) // biome-ignore format: one line
      expect(asBag(await collect(engine, sums(rows)))).toEqual(asBag(await collect(host, sums(rows))))
    }
  },
)

test('sums of any numbers are within n·ε·Σ|x|, and the same each time', async () => {
  const parts = [1e100, -1e100, 1e100 + 1e84, 5e-324, 1 / 3, 0.1, -0.1, 1e16, 1, -1e16, 123.456, -7e-9]
  const rows = Array.from({ length: 3000 }, (_, i): Given => [`k${i % 3}`, (parts[(i * 7 + (i >> 4)) % parts.length] as number) * (1 + (i % 17) / 7), null]) // biome-ignore format: one line
  const got = await collect(engine, sums(rows))
  expect(got).toEqual(await collect(engine, sums(rows)))
  expect(got).toHaveLength(3)
  for (const [key, , s] of got) {
    const xs = rows.filter(([k]) => k === key).map(([, x]) => exact(x as number))
    const size = xs.reduce((all, x) => all + abs(x), 0n)
    const off = abs(exact(s as number) - xs.reduce((all, x) => all + x, 0n))
    expect(off <= (BigInt(xs.length) * size) / (1n << 52n), `${String(key)} is off by ${off}`).toBe(true)
  }
})

test('what is endless or no number comes through, and no rows give nothing', async () => {
  const rows: Given[] = [
    ['a', Infinity, 1], ['a', 1, 2], ['b', Infinity, Infinity], ['b', -Infinity, 0], ['c', Number.NaN, -0], ['d', -0, -0], ['e', null, null],
  ] // biome-ignore format: short rows
  expect(asBag(await collect(engine, sums(rows)))).toEqual(asBag(await collect(host, sums(rows))))
  expect(await collect(engine, sums([], []))).toEqual([[0n, null, null, null, null]])
  expect(await collect(engine, sums([]))).toEqual([])
})
