import { describe, expect, test } from 'vitest'
import { randomOf } from '../training/conformance.ts'
import { foldsOf } from './folds.ts'

describe('folds', () => {
  test('hold each row once, classes in the same share, by the seed', () => {
    const classes = Float64Array.from({ length: 103 }, (_, i) => Number(i % 10 === 0))
    const folds = foldsOf('stratified', 103, 5, 1, classes)
    expect(folds.flatMap((f) => [...f.test]).sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i))
    for (const { train, test } of folds) {
      expect(train.length + test.length).toBe(103)
      expect([2, 3]).toContain(test.filter((i) => classes[i] === 1).length)
    }
    expect(foldsOf('stratified', 103, 5, 1, classes)).toEqual(folds)
    expect(foldsOf('random', 103, 5, 2)).not.toEqual(foldsOf('random', 103, 5, 1))
  })
  test('of time learn from what came before alone', () => {
    for (const { train, test } of foldsOf('time', 60, 5, 1)) {
      expect(Math.max(...train)).toBeLessThan(Math.min(...test))
      expect(test).toHaveLength(10)
    }
  })
  test('of groups hold all rows of one together, in about equal numbers', () => {
    const random = randomOf(6)
    const groups = Float64Array.from({ length: 500 }, () => Math.floor(random() ** 2 * 40))
    const folds = foldsOf('group', 500, 4, 1, groups)
    const sizes = folds.map((f) => f.test.length)
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(500)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(10)
    for (const { train, test } of folds) {
      const seen = new Set(train.map((i) => groups[i] as number))
      expect(test.some((i) => seen.has(groups[i] as number))).toBe(false)
    }
  })
})
