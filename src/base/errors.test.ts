import { expect, test } from 'vitest'
import { nearest } from './errors.ts'

test.each([
  ['pirce', ['id', 'price'], 'price'],
  ['ctiy', ['id', 'city'], 'city'],
  ['abdc', ['abcd'], 'abcd'],
  ['dellay', ['delay', 'date'], 'delay'],
  ['Orders', ['orders'], 'orders'],
  ['id', ['di', 'x'], 'di'],
  ['zebra', ['id', 'price'], undefined],
  ['ab', ['yz'], undefined],
])('%s among %s', (word, candidates, meant) => {
  expect(nearest(word, candidates)).toBe(meant)
})
