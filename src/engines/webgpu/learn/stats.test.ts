import { expect, test } from 'vitest'
import type { Schema } from '../../../plan/types.ts'
import type { Value } from '../../batch.ts'
import { countBetween, quantiles } from './histogram.ts'
import { comoments } from './pairs.ts'
import { summarise } from './stats.ts'
import { onDevice } from './testing.ts'

const SCHEMA: Schema = [
  { name: 'x', type: 'float64', nullable: true },
  { name: 'far', type: 'float64', nullable: false },
  { name: 'f', type: 'float32', nullable: true },
  { name: 'i', type: 'int32', nullable: true },
  { name: 'l', type: 'int64', nullable: false },
  { name: 'b', type: 'bool', nullable: true },
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'none', type: 'float64', nullable: true },
  { name: 'one', type: 'float64', nullable: false },
  { name: 'tiny', type: 'float64', nullable: false },
]
const NAMES = SCHEMA.map((f) => f.name)

function rowsOf(count: number): Record<string, Value>[] {
  let state = 12345
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  return Array.from({ length: count }, (_, i) => ({
    x:
      i % 11 === 0
        ? null
        : i % 97 === 0
          ? Number.NaN
          : i % 101 === 0
            ? i % 2
              ? 1 / 0
              : -1 / 0
            : random() ** 4 * 1e6 - 3,
    far: 1e12 + random(),
    f: i % 7 === 0 ? null : Math.fround(random() - 0.5),
    i: i % 5 === 0 ? null : Math.floor(random() * 24),
    l: BigInt(Math.floor(random() * 2 ** 53)) * 1000n - 5n,
    b: i % 9 === 0 ? null : random() < 0.25,
    at: 1_700_000_000_000_000n + BigInt(i),
    none: null,
    one: -0.1,
    tiny: random() * 1e-310,
  }))
}

/** The same in float64, in two passes. */
function expected(values: Value[]) {
  const numbers = values.map((v) => (v === null ? Number.NaN : Number(v)))
  const finite = numbers.filter((v) => Number.isFinite(v))
  const missing = numbers.filter((v) => Number.isNaN(v)).length
  const mean = finite.reduce((s, v) => s + v - (finite[0] ?? 0), 0) / finite.length + (finite[0] ?? 0)
  const variance = finite.reduce((s, v) => s + (v - mean) ** 2, 0) / finite.length
  return { finite, missing, infinite: numbers.length - finite.length - missing, mean, variance }
}

test.each([1, 70, 20_001])(
  '%d rows: counts and extremes exactly, moments as stated, in one readback',
  async (count) => {
    const rows = rowsOf(count)
    const { table, relation, ledger } = await onDevice(SCHEMA, rows)
    const made = await summarise(table, NAMES)
    expect(ledger.total()).toMatchObject({ down: 64 * NAMES.length, readbacks: 1 })
    for (const [i, name] of NAMES.entries()) {
      const { finite, missing, infinite, mean, variance } = expected(rows.map((r) => r[name] as Value))
      const own = made[i] as (typeof made)[number]
      expect([name, own.finite, own.missing, own.infinite]).toEqual([name, finite.length, missing, infinite])
      if (finite.length === 0) {
        expect([own.mean, own.variance, own.min, own.max]).toEqual([null, null, null, null])
        continue
      }
      const min = finite.reduce((a, b) => Math.min(a, b))
      const max = finite.reduce((a, b) => Math.max(a, b))
      expect([own.min, own.max]).toEqual([min, max])
      const range = max - min
      // what float64 itself loses on the host comes on top
      expect(Math.abs((own.mean ?? 0) - mean)).toBeLessThanOrEqual(range * 2 ** -30 + Math.abs(mean) * 2 ** -52)
      expect(Math.abs(Math.sqrt(own.variance ?? 0) - Math.sqrt(variance))).toBeLessThanOrEqual(
        range * 2 ** -29 + Math.abs(mean) * 2 ** -50,
      )
    }
    relation.close()
  },
)

test('covariances and correlations of all pairs, over the rows where both are finite', async () => {
  const rows = rowsOf(5000).map(
    (r): Record<string, Value> => ({ ...r, twice: Number(r['i'] ?? 0) * 2 + Number(r['f'] ?? 0) }),
  )
  const names = ['x', 'f', 'i', 'b', 'one', 'none', 'twice']
  const schema: Schema = [...SCHEMA, { name: 'twice', type: 'float64', nullable: false }]
  const { table, relation, ledger } = await onDevice(schema, rows)
  const made = await comoments(table, names)
  expect(ledger.total()).toMatchObject({ down: 64 * 7 + 56 * 28, readbacks: 1 })
  const number = (v: Value | undefined) => (v === null || v === undefined ? Number.NaN : Number(v))
  for (const [i, a] of names.entries())
    for (const [j, b] of names.entries()) {
      const both = rows
        .map((r) => [number(r[a]), number(r[b])] as [number, number])
        .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
      const n = both.length
      expect(made.rows[i]?.[j]).toBe(n)
      const [ma, mb] = [0, 1].map((k) => both.reduce((s, p) => s + (p[k as 0 | 1] ?? 0), 0) / n) as [number, number]
      const of = (f: (x: number, y: number) => number) => both.reduce((s, [x, y]) => s + f(x - ma, y - mb), 0) / n
      const [va, vb, cov] = [of((x) => x * x), of((_, y) => y * y), of((x, y) => x * y)]
      if (n === 0) expect(made.covariance[i]?.[j]).toBe(null)
      else expect(Math.abs((made.covariance[i]?.[j] ?? 0) - cov)).toBeLessThan(1e-8 * Math.sqrt(va * vb) + 1e-15)
      const mean = (name: string) => expected(rows.map((r) => r[name] as Value)).mean
      const [oa, ob] = [mean(a), mean(b)]
      const filled = both.reduce((s, [x, y]) => s + (x - oa) * (y - ob), 0) / rows.length
      if (Number.isNaN(oa + ob)) expect(made.filled[i]?.[j]).toBe(null)
      else expect(Math.abs((made.filled[i]?.[j] ?? 0) - filled)).toBeLessThan(1e-8 * Math.sqrt(va * vb) + 1e-15)
      if (!(va > 1e-20 && vb > 1e-20)) expect(made.correlation[i]?.[j]).toBe(null)
      else expect(made.correlation[i]?.[j]).toBeCloseTo(cov / Math.sqrt(va * vb), 7)
    }
  relation.close()
})

test('more pairs than are summed at once', async () => {
  const { table, relation } = await onDevice(SCHEMA, rowsOf(200))
  const few = ['x', 'f', 'i', 'b', 'l']
  const one = await comoments(table, few)
  const many = Array.from({ length: 98 }, (_, i) => few[i % 5] as string)
  const { rows, covariance, correlation } = await comoments(table, many)
  for (const [i, row] of covariance.entries()) {
    expect(row).toEqual(many.map((_, j) => one.covariance[i % 5]?.[j % 5]))
    expect(rows[i]).toEqual(many.map((_, j) => one.rows[i % 5]?.[j % 5]))
    // a pair is divided by one deviation and then the other, in either order
    for (const [j, r] of (correlation[i] ?? []).entries())
      expect(r).toBeCloseTo(one.correlation[i % 5]?.[j % 5] ?? Number.NaN, 14)
  }
  relation.close()
})

test('histograms between borders, and quantiles, exactly', async () => {
  const rows = rowsOf(7001)
  const { table, relation, ledger } = await onDevice(SCHEMA, rows)
  const numbers = (name: string) =>
    rows.map((r) => (r[name] === null ? Number.NaN : Number(r[name]))).filter((v) => !Number.isNaN(v))
  const cuts = [
    { name: 'x', edges: [-1 / 0, -3, 0, 1, 1000, 1 / 0] },
    { name: 'i', edges: Array.from({ length: 24 }, (_, i) => i) },
    { name: 'none', edges: [0] },
    { name: 'one', edges: [] },
  ]
  const counted = await countBetween(table, cuts)
  expect(ledger.total()).toMatchObject({ readbacks: 1, down: 4 * (8 + 26 + 3 + 2) })
  for (const [c, { name, edges }] of cuts.entries()) {
    const bins = new Array<number>(edges.length + 1).fill(0)
    for (const v of numbers(name)) {
      const bin = edges.filter((e) => e <= v).length
      bins[bin] = (bins[bin] ?? 0) + 1
    }
    expect(counted[c]).toEqual({ bins, missing: rows.length - numbers(name).length })
  }
  const probabilities = [0, 0.01, 0.25, 0.5, 0.9, 1]
  const names = ['x', 'far', 'f', 'i', 'l', 'b', 'none', 'tiny']
  const made = await quantiles(table, names, probabilities)
  for (const [i, name] of names.entries()) {
    const sorted = Float64Array.from(numbers(name)).sort()
    for (const [j, p] of probabilities.entries()) {
      const at = (sorted.length - 1) * p
      const [a, b] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN]
      expect([name, p, made[i]?.[j]]).toEqual([name, p, a === b || at % 1 === 0 ? a : a + (b - a) * (at % 1)])
    }
  }
  relation.close()
})
