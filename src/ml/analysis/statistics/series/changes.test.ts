import fc from 'fast-check'
import { expect, test } from 'vitest'
import { segmentsOf } from './changes.ts'

/** The least sum of all ways to cut, without pruning. */
function leastOf(x: readonly number[], penalty: number, least: number): number {
  const best = [-penalty]
  for (let to = 1; to <= x.length; to++) {
    best[to] = Number.POSITIVE_INFINITY
    for (let from = 0; from + least <= to; from++)
      best[to] = Math.min(best[to] as number, (best[from] as number) + costOf(x.slice(from, to)) + penalty)
  }
  return best.at(-1) as number
}
const costOf = (x: readonly number[]): number => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  return x.reduce((s, v) => s + (v - mean) ** 2, 0)
}

test('segments sum to the least that there is, and last long enough', () => {
  const values = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 12, maxLength: 40 })
  fc.assert(
    fc.property(values, fc.integer({ min: 2, max: 6 }), fc.constantFrom(0.5, 3, 20), (x, least, penalty) => {
      const ends = segmentsOf(Float64Array.from(x), penalty, least)
      const starts = [0, ...ends.slice(0, -1)]
      expect(ends.every((to, k) => to - (starts[k] as number) >= least)).toBe(true)
      const total = ends.reduce((s, to, k) => s + costOf(x.slice(starts[k], to)) + penalty, -penalty)
      expect(total).toBeCloseTo(leastOf(x, penalty, least), 8)
    }),
  )
})
