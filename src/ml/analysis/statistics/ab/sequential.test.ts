import { expect, test } from 'vitest'
import { analyse } from '../index.ts'
import { noise } from '../testing.ts'

/** How often a difference is called in so many tests that are looked at after every row. */
async function called(difference: number, tests: number): Promise<number> {
  let n = 0
  for (let k = 0; k < tests; k++) {
    const e = noise(1000 + k, 500)
    const value = e.map((v, i) => v + (i % 2 === 0 ? 0 : difference))
    const by = e.map((_, i) => (i % 2 === 0 ? 'a' : 'b'))
    const { data } = await analyse('sequential', { value, by }, { value: 'value', by: 'by' })
    if (data['decidedAtRow'] !== null) n++
  }
  return n
}

test('looking after every row calls no more than 5 % of tests without a difference', async () => {
  expect(await called(0, 200)).toBeLessThanOrEqual(0.05 * 200)
})

test('a difference is called', async () => {
  expect(await called(0.6, 40)).toBeGreaterThanOrEqual(38)
})
