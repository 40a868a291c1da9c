import { expect, test } from 'vitest'
import { plural } from './text.ts'

test('one of a thing is not several', () => {
  expect([0, 1, 2, 2000].map((n) => plural(n, 'row'))).toEqual(['0 rows', '1 row', '2 rows', '2,000 rows'])
})
