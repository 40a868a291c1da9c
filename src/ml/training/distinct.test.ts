import { expect, test } from 'vitest'
import { randomOf } from './conformance.ts'
import { distinctCounter } from './distinct.ts'

test('distinct numbers are counted, ascending, however they come', () => {
  const count = distinctCounter()
  const random = randomOf(1)
  for (const most of [1, 2, 40, 4000]) {
    const numbers = Float64Array.from({ length: 20_000 }, () => {
      const at = Math.floor(random() * most)
      return at % 7 === 3 ? Number.NaN : at % 2 === 0 ? at / 3 : -at * 1e200
    })
    const held = numbers.filter((x) => !Number.isNaN(x))
    const expected = new Map<number, number>()
    for (const x of held.sort()) expected.set(x + 0, (expected.get(x + 0) ?? 0) + 1)
    const found = count(numbers)
    expect(found?.present).toBe(held.length)
    expect([...(found?.values ?? [])].map((x, i) => [x, found?.counts[i]])).toEqual([...expected])
  }
})

test('−0 and 0 are one, infinities are numbers, and too many are not counted', () => {
  const count = distinctCounter()
  expect(count(Float64Array.of(-0, 1 / 0, 0, -1 / 0, Number.NaN, -0))).toMatchObject({
    ...{ values: Float64Array.of(-1 / 0, 0, 1 / 0), counts: Uint32Array.of(1, 3, 1), present: 5 },
  })
  expect(count(new Float64Array(0))).toMatchObject({ present: 0 })
  expect(count(Float64Array.from({ length: 4096 }, (_, i) => i))?.values).toHaveLength(4096)
  expect(count(Float64Array.from({ length: 4097 }, (_, i) => i))).toBeUndefined()
})
