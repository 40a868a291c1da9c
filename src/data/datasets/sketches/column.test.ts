import { describe, expect, test } from 'vitest'
import { batchOf, type Column } from '../../../engines/batch.ts'
import type { Type } from '../../../plan/types.ts'
import { quantileOf, RANK_ERROR, ranked } from '../../profile/sketch/ranks.ts'
import { type ColumnSketch, ColumnSketcher } from './column.ts'
import { decodeSketch, encodeSketch } from './file.ts'

const columnOf = (type: Type, values: readonly unknown[]): Column =>
  batchOf([{ name: 'x', type, nullable: true }], values.map((x) => ({ x })) as never).columns[0] as Column

function sketchOf(type: Type, values: readonly unknown[]): ColumnSketch {
  const sketcher = new ColumnSketcher('number')
  sketcher.take(columnOf(type, values))
  return sketcher.sketch()
}

const merged = (parts: readonly ColumnSketch[]): ColumnSketch => {
  const all = new ColumnSketcher('number')
  for (const part of parts) all.merge(part)
  return all.sketch()
}

const N = 20_000
const float = (i: number) => [Math.sin(i * 3.7) * 1000, null, Number.NaN, Number.POSITIVE_INFINITY, -0, 0][i % 50 < 5 ? (i % 5) + 1 : 0] // biome-ignore format: one line
const cases: readonly [string, Type, (i: number) => unknown][] = [
  ['floats with nulls, NaN, infinities and both zeros', 'float64', float],
  ['whole numbers beyond 2⁵³', 'int64', (i) => 9007199254740993n + BigInt(i % 5000)],
  ['whole numbers', 'int32', (i) => (i % 9 === 0 ? null : i % 777)],
  ['the largest doubles', 'float64', (i) => (i % 2 === 0 ? 1 : -1) * 1.7e308],
  ['nothing', 'float64', () => null],
]

describe.each(cases)('%s', (_, type, of) => {
  const values = Array.from({ length: N }, (_, i) => of(i))
  const whole = sketchOf(type, values)

  test.each([1, 3, 40])('sketches of %i parts merge into the sketch of all', (parts) => {
    const size = Math.ceil(N / parts)
    const each = Array.from({ length: parts }, (_, p) => sketchOf(type, values.slice(p * size, (p + 1) * size)))
    const all = merged(each)
    const { distinct, ranks, mean, squares, ...counts } = all
    expect(counts).toEqual({
      kind: 'number', count: whole.count, nan: whole.nan, infinite: whole.infinite, min: whole.min, max: whole.max,
    }) // biome-ignore format: one line
    expect(distinct).toEqual(whole.distinct)
    if (Number.isFinite(whole.mean))
      expect(Math.abs(mean - whole.mean)).toBeLessThanOrEqual(1e-12 * Math.abs(whole.mean) + 1e-9)
    // means beyond 2⁵³ are told to 2
    if (Number.isFinite(whole.squares))
      expect(Math.abs(squares - whole.squares)).toBeLessThanOrEqual(
        (whole.mean > 2 ** 53 ? 1e-3 : 1e-9) * whole.squares,
      )
    expect(ranks.n).toBe(whole.ranks.n)
    const finite = Float64Array.from(
      values
        .filter((v) => v !== null)
        .map(Number)
        .filter(Number.isFinite),
    ).sort()
    const order = ranked(ranks)
    for (const p of [0.01, 0.25, 0.5, 0.9, 0.99]) {
      const value = quantileOf(order, p)
      if (value === null) expect(finite.length).toBe(0)
      else {
        // where the value stands among all
        const [first, last] = [finite.indexOf(value), finite.lastIndexOf(value)]
        const off = Math.max(0, first / finite.length - p, p - (last + 1) / finite.length)
        expect(off).toBeLessThan(RANK_ERROR + 1e-3)
      }
    }
  })

  test('what is kept is read as it was; a bit that is another, anywhere, is found', () => {
    const file = { sha256: 'abc', rows: N, columns: { x: whole, ['__proto__']: whole } }
    const bytes = encodeSketch(file) ?? expect.unreachable()
    expect(decodeSketch(bytes)).toEqual(file)
    const step = Math.max(1, Math.floor(bytes.length / 300))
    for (let at = 0; at < bytes.length; at += step) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      expect(decodeSketch(damaged)).toBe('its checksum is another than it was written with')
    }
    for (const length of [0, 1, 32, 33, bytes.length - 1]) expect(typeof decodeSketch(bytes.subarray(0, length))).toBe('string')
  }) // biome-ignore format: one line
})

test('a number counts as the same whatever its type', () => {
  const values = Array.from({ length: 1000 }, (_, i) => i)
  const [a, b, c] = [sketchOf('int32', values), sketchOf('int64', values.map(BigInt)), sketchOf('float64', values)]
  expect(b.distinct).toEqual(a.distinct)
  expect(c.distinct).toEqual(a.distinct)
})
