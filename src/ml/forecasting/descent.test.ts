import { expect, test } from 'vitest'
import { byDifferences, descend } from './descent.ts'

const search = { most: 200, flat: 1e-12, reach: 1 }

test('finds the least value of a curved valley, by its gradient and by differences', () => {
  // Rosenbrock (1960)
  const value = ([a, b]: Float64Array) => (1 - (a as number)) ** 2 + 100 * ((b as number) - (a as number) ** 2) ** 2
  const gradient = ([a, b]: Float64Array, out: Float64Array) => {
    const beside = (b as number) - (a as number) ** 2
    out[0] = -2 * (1 - (a as number)) - 400 * (a as number) * beside
    out[1] = 200 * beside
  }
  for (const smooth of [{ value, gradient }, byDifferences(value)]) {
    const from = Float64Array.from([-1.2, 1])
    const found = descend(smooth, from, search)
    expect([...from]).toEqual([-1.2, 1])
    for (const v of found.x) expect(v).toBeCloseTo(1, 4)
    expect(found.value).toBe(value(found.x))
    expect(descend(smooth, from, search)).toEqual(found)
  }
})

test('stays within its bounds, takes no longer steps than it may, and no more of them', () => {
  const seen: number[] = []
  const line = {
    value([x]: Float64Array) {
      seen.push(x as number)
      return x as number
    },
    gradient: (_: Float64Array, out: Float64Array) => void out.fill(1),
  }
  expect([...descend(line, new Float64Array(1), { ...search, far: 3 }).x]).toEqual([-3])
  expect(Math.min(...seen)).toBe(-3)
  expect([...descend(line, new Float64Array(1), { ...search, most: 2, reach: 0.25 }).x]).toEqual([-0.5])
})

test('keeps the best point where the function is no number', () => {
  const root = byDifferences(([x]) => Math.sqrt(x as number) + 1 / (x as number))
  const { x, value } = descend(root, Float64Array.from([0.5]), search)
  expect(x[0]).toBeCloseTo(2 ** (2 / 3), 4)
  expect(value).toBeLessThan(1.9)
  expect(descend(root, Float64Array.from([-1]), search).value).toBe(Number.POSITIVE_INFINITY)
  expect(descend(byDifferences(() => 7), new Float64Array(0), search).value).toBe(7) // biome-ignore format: one line
})
