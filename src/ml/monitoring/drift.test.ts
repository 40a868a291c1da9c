import { describe, expect, test } from 'vitest'
import { driftOf, ks, liveCounts, observe, psi } from './drift.ts'
import { Monitor, type WindowVerdict } from './monitor.ts'
import {
  binOf,
  type CategoryReference,
  categoryReference,
  numericReference,
  referenceOfHundredths,
} from './reference.ts'

describe('measures', () => {
  test('the population stability index of equal distributions is 0, and grows with the shift', () => {
    expect(psi([1000, 1000], [500, 500])).toBeCloseTo(0, 5)
    // (0.5 − 0.8) ln(0.5 / 0.8) + (0.5 − 0.2) ln(0.5 / 0.2) = 0.4159, by the definition; half a row a bin moves it a little
    expect(psi([50_000, 50_000], [80_000, 20_000])).toBeCloseTo(0.4159, 3)
    expect(psi([100, 0], [0, 100])).toBeGreaterThan(1)
  })
  test('Kolmogorov–Smirnov is the largest distance of the distribution functions', () => {
    expect(ks([1, 1, 1, 1], [4, 0, 0, 0])).toBeCloseTo(0.75)
    expect(ks([5, 5], [50, 50])).toBe(0)
  })
})

describe('references', () => {
  test('cut points part values into equally full bins; ties share one; missing values are counted apart', () => {
    const r = numericReference('x', Float64Array.from([...Array(1000).keys(), Number.NaN]))
    expect(r.cuts).toHaveLength(99)
    expect(new Set(r.counts)).toEqual(new Set([10]))
    expect(r.missing).toBe(1)
    expect(numericReference('c', new Float64Array(50).fill(7))).toMatchObject({ cuts: [], counts: [50] })
    expect(numericReference('e', new Float64Array(0))).toMatchObject({ cuts: [], counts: [0] })
  })
  test('cuts are finite, as a model that is kept as JSON has them', () => {
    const { cuts, counts } = numericReference('i', Float64Array.of(1, 2, Infinity, Infinity, -Infinity, Number.NaN))
    expect([cuts, counts]).toEqual([
      [1, 2],
      [1, 1, 3],
    ])
    const at = [1, 2, Infinity].map((value, below) => ({ value, below }))
    expect(referenceOfHundredths('i', 4, { present: 4, at })).toMatchObject({ cuts: [2], counts: [1, 3] })
  })
  test('a value on a cut belongs to the bin above it', () => {
    expect([-1, 0, 0.5, 1, 9].map((v) => binOf([0, 1], v))).toEqual([0, 1, 1, 2, 2])
  })
})

const reference = [
  numericReference(
    'x',
    Float64Array.from({ length: 10_000 }, (_, i) => i),
  ),
  categoryReference('k', [
    { key: 'a', rows: '500' },
    { key: 'b', rows: '500' },
  ]),
]
const live = (rows: readonly (readonly [number | null, string | null])[]) => {
  const counts = liveCounts(reference)
  for (const row of rows) observe(reference, row, counts)
  return driftOf(reference, counts, 100)
}
const same = Array.from({ length: 2000 }, (_, i) => [(i * 5) % 10_000, i % 2 ? 'a' : 'b'] as const)

describe('verdicts', () => {
  test('the same distribution is ok; fewer rows than enough get no verdict', () => {
    expect(live(same).status).toBe('ok')
    expect(live(same.slice(0, 99)).status).toBe('too few rows')
  })
  test('of models of before gaps were counted apart: names that were missing and are missing now are no shift; new gaps are', () => {
    const before = { kind: 'category' as const, name: 'k', other: 0 }
    const gaps = [{ ...before, counts: { a: 600, null: 400 } }]
    const of = (names: readonly (string | null)[], r: readonly CategoryReference[] = gaps) => {
      const counts = liveCounts(r)
      for (const name of names) observe(r, [name], counts)
      return driftOf(r, counts, 100)
    }
    const names = (missing: number) => Array.from({ length: 1000 }, (_, i) => (i % 10 < missing ? null : 'a'))
    expect(of(names(4))).toMatchObject({ status: 'ok', columns: [{ missing: 0.4, missingBefore: 0.4 }] })
    expect(of(names(9)).status).toBe('alarm')
    expect(of(names(3), [{ ...before, counts: { a: 1000 } }]).status).toBe('alarm')
  })
  test('a shifted number, an unseen name and new gaps are each an alarm that names the column', () => {
    expect(live(same.map(([x, k]) => [x / 3, k]))).toMatchObject({ status: 'alarm', worst: 'x' })
    expect(live(same.map(([x], i) => [x, i % 2 ? 'a' : 'new']))).toMatchObject({ status: 'alarm', worst: 'k' })
    expect(live(same.map(([x, k], i) => [i % 3 ? x : null, k]))).toMatchObject({ status: 'alarm', worst: 'x' })
    expect(live(same.map(([x, k], i) => [x, i % 3 ? k : null]))).toMatchObject({ status: 'alarm', worst: 'k' })
  })
  test('names that are missing as often as in training are no shift', () => {
    const found = [{ key: 'a', rows: '500' }, { key: null, rows: '450' }, { key: Number.NaN, rows: '50' }] // biome-ignore format: one line
    const own = [categoryReference('k', found)]
    expect(own).toMatchObject([{ counts: { a: 500 }, other: 0, missing: 500 }])
    const counts = liveCounts(own)
    for (let i = 0; i < 1000; i++) observe(own, [i % 2 ? 'a' : null], counts)
    expect(driftOf(own, counts, 100)).toMatchObject({ status: 'ok', columns: [{ missing: 0.5, missingBefore: 0.5 }] })
  })
})

test('before anybody has asked nothing has shifted', () => {
  const reference = [numericReference('x', Float64Array.of(1, 2, 3, 4))]
  expect(driftOf(reference, liveCounts(reference), 100)).toMatchObject({ status: 'too few rows', rows: 0, worst: null, psi: 0, ks: 0 }) // biome-ignore format: one line
})

test('windows are judged when they are full, and a snapshot goes on where it ended', () => {
  const judged: WindowVerdict[] = []
  const options = { reference, span: 1000, rows: 100, ahead: 10_000, onWindow: (w: WindowVerdict) => judged.push(w) }
  const first = new Monitor(options)
  for (let i = 0; i < 600; i++) first.observe(same[i] as [number, string], 5000 + i, 0)
  const second = new Monitor(options, JSON.parse(JSON.stringify(first.snapshot())))
  for (let i = 600; i < 1200; i++) second.observe(same[i] as [number, string], 5000 + i, 0)
  expect(judged.map((w) => [w.start, w.end, w.verdict.rows])).toEqual([[5000, 6000, 1000]])
  expect(second.rows).toBe(1200)
  expect(second.verdict().rows).toBe(1200)
})
