import { expect, test } from 'vitest'
import { fisherExact } from './fisher.ts'

test('an odds ratio is told where all masses near the table are too small for a number', () => {
  const { p, ratio, low, high } = fisherExact([5000, 10, 10, 5000], 0.95, 'two-sided')
  expect(p).toBe(0)
  // the conditional estimate is as much below the plain one as where masses are numbers: it hangs on the cells of 10
  const fewer = fisherExact([500, 10, 10, 500], 0.95, 'two-sided')
  expect(ratio / 500 ** 2 / (fewer.ratio / 50 ** 2)).toBeCloseTo(1, 2)
  const half = 1.96 * Math.sqrt(2 / 5000 + 2 / 10)
  expect(Math.log(ratio / low) / half).toBeCloseTo(1, 0)
  expect(Math.log(high / ratio) / half).toBeCloseTo(1, 0)
})

test('a table of hundreds of thousands of rows is asked', () => {
  const { p, ratio } = fisherExact([140_000, 140_000, 140_000, 141_000], 0.95, 'two-sided')
  expect(p).toBeGreaterThan(0.1)
  expect(ratio).toBeCloseTo(141 / 140, 6)
})
