import { expect, test } from 'vitest'
import { table, when } from './output.ts'

test('columns line up: numbers to the right, wide characters counted as two', () => {
  const text = table(
    ['이름', 'rows'],
    [
      ['서울', 1234567],
      ['a', null],
      ['Busan', 5],
    ],
  )
  expect(text.replaceAll(/\u001b\[\d+m/g, '').split('\n')).toEqual([
    '이름        rows',
    '서울   1,234,567',
    'a              –',
    'Busan          5',
  ])
  expect(when(0)).toBe('1970-01-01 00:00:00')
  expect(when(null)).toBe('–')
})
