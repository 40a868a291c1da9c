import { expect, test } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { errorText, plain, table, when } from './output.ts'

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

test('a row of a table is one line', () => {
  expect(table(['a\nb', 'c'], [['x\ny', 'z']]).split('\n')).toHaveLength(2)
})

test('an error prints no control character, and no name without end', () => {
  const text = errorText(
    new GalleyError('PLAN_UNKNOWN_COLUMN', {
      what: "there is no column '\u001b[31mred\u0007'",
      why: 'one line\nerror FAKE: another\r, \u009b2J, \u202etxt.exe',
      fix: 'a\ttab',
    }),
  )
  expect(text.split('\n')).toEqual([
    "PLAN_UNKNOWN_COLUMN: there is no column '\\u001b[31mred\\u0007'",
    '  why: one line',
    '       error FAKE: another\\u000d, \\u009b2J, \\u202etxt.exe',
    '  fix: a\\u0009tab',
  ])
})

test.each([
  ["no column 'LONG' here", 'x'.repeat(300), (cut: string) => `no column '${cut}' here`],
  ["no column 'LONG', isn't it", 'x y '.repeat(75), (cut: string) => `no column '${cut}', isn't it`],
  ['there is no recipe at LONG', '/x'.repeat(150), (cut: string) => `there is no recipe at ${cut}`],
  ['it holds "LONG" instead', 'z'.repeat(300), (cut: string) => `it holds "${cut}" instead`],
])('%s: a long name is cut', (text, name, expected) => {
  expect(plain(text.replace('LONG', name))).toBe(expected(`${name.slice(0, 120)}… (300 characters)`))
})

test('long texts of short words stay whole, apostrophes or not', () => {
  const text = `it can't be ${'so many words '.repeat(30)}that it isn't 'whole'`
  expect(plain(text)).toBe(text)
})
