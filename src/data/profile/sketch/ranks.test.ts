import { describe, expect, test } from 'vitest'
import { quantileOf, RANK_ERROR, RankSketch, ranked, rankOf } from './ranks.ts'

/** A reproducible series of values in [0, 1). */
function series(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0
    return (s >>> 0) / 2 ** 32
  }
}

const N = 200_000
const random = series(7)
const shapes: Readonly<Record<string, (i: number) => number>> = {
  even: () => random(),
  'in order': (i) => i,
  'in reverse': (i) => -i,
  'far from zero, close together': () => 1.7e15 + Math.floor(random() * 1e6),
  'of few values': (i) => i % 7,
  'with a long tail': () => Math.exp(20 * random()),
  'back and forth': (i) => (i % 2 === 0 ? i : -i),
}

/** The largest distance of a rank from the true one, at every value of a grid, as a share of all. */
function farthest(sketch: RankSketch, values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const order = ranked(sketch.levels())
  expect(order.n).toBe(values.length)
  let most = 0
  for (let k = 1; k < 200; k++) {
    const x = sorted[Math.floor((k * sorted.length) / 200)] as number
    const upTo = sorted.findLastIndex((v) => v <= x) + 1
    most = Math.max(most, Math.abs(rankOf(order, x) - upTo) / sorted.length)
  }
  return most
}

describe.each(Object.entries(shapes))('values %s', (_, of) => {
  const values = Array.from({ length: N }, (_, i) => of(i))

  test('ranks are within the error of all, in one sketch and merged from parts of any size', () => {
    const whole = new RankSketch()
    for (const x of values) whole.add(x)
    expect(farthest(whole, values)).toBeLessThan(RANK_ERROR)
    for (const part of [N / 2, 9973, 500]) {
      const merged = new RankSketch()
      for (let from = 0; from < N; from += part) {
        const own = new RankSketch()
        for (const x of values.slice(from, from + part)) own.add(x)
        merged.merge(own.levels())
      }
      expect(farthest(merged, values)).toBeLessThan(RANK_ERROR)
      expect(merged.levels().levels.reduce((n, level) => n + level.length, 0)).toBeLessThan(4000)
    }
  })
})

test('up to a thousand values are exact, and the same values in the same order give the same sketch', () => {
  const sketch = new RankSketch()
  for (let i = 1000; i >= 1; i--) sketch.add(i)
  const order = ranked(sketch.levels())
  expect(order.error).toBe(0)
  expect([0.001, 0.25, 0.5, 0.999, 1].map((p) => quantileOf(order, p))).toEqual([1, 250, 500, 999, 1000])
  expect([0, 1, 500, 1000, 2000].map((x) => rankOf(order, x))).toEqual([0, 1, 500, 1000, 1000])
  expect(quantileOf(ranked(new RankSketch().levels()), 0.5)).toBe(null)
  const [a, b] = [new RankSketch(), new RankSketch()]
  for (let i = 0; i < 50_000; i++) for (const s of [a, b]) s.add((i * 7919) % 10_007)
  expect(a.levels()).toEqual(b.levels())
})
