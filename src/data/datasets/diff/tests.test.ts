import { expect, test } from 'vitest'
import { chiSquare, ksDistance, ksProbability, stabilityIndex, upperGamma } from './tests.ts'

test('χ²: probabilities of published tables', () => {
  // critical values at 5 % and 1 % for 1, 5 and 30 degrees of freedom
  for (const [freedom, x, p] of [
    [1, 3.841, 0.05],
    [5, 11.07, 0.05],
    [30, 43.773, 0.05],
    [1, 6.635, 0.01],
    [30, 50.892, 0.01],
  ] as const)
    expect(upperGamma(freedom / 2, x / 2)).toBeCloseTo(p, 4)
  expect(chiSquare([50, 50], [50, 50])).toEqual({ statistic: 0, probability: 1 })
  // by hand: expected 40 and 60 in both rows, (10²/40 + 10²/60) · 2 = 8.3333
  expect(chiSquare([50, 50], [30, 70]).statistic).toBeCloseTo(8.3333, 4)
  expect(chiSquare([50, 50], [30, 70]).probability).toBeCloseTo(0.00389, 4)
  // samples of different sizes: 2 × 2 table [10 20; 40 30], n = 100: χ² = 100 (10·30 − 20·40)² / (30·70·50·50) = 4.7619
  expect(chiSquare([10, 20], [40, 30]).statistic).toBeCloseTo(4.7619, 4)
})

test('Kolmogorov–Smirnov: the largest distance, and critical values', () => {
  expect(ksDistance([1, 1, 1, 1], [4, 0, 0, 0])).toBeCloseTo(0.75)
  // D = 1.358 / √(n m / (n + m)) is the 5 % point of large samples
  expect(ksProbability(1.358 / Math.sqrt(500_000), 1e6, 1e6)).toBeCloseTo(0.05, 3)
  expect(ksProbability(0, 100, 100)).toBe(1)
  expect(ksProbability(0.9, 100, 100)).toBeLessThan(1e-9)
})

test('the stability index is 0 for the same and 0.4159 for halves that become 80 and 20', () => {
  expect(stabilityIndex([500, 500], [500, 500])).toBe(0)
  expect(stabilityIndex([50_000, 50_000], [80_000, 20_000])).toBeCloseTo(0.4159, 3)
})
