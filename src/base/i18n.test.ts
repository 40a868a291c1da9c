import { expect, test } from 'vitest'
import { MESSAGE_KEYS, text } from './i18n.ts'

test('both languages fill in the same parameters, without markup', () => {
  const params = (s: string) => [...new Set(s.match(/\{\w+\}/g))].sort()
  for (const key of MESSAGE_KEYS) {
    expect(params(text('ko', key)), key).toEqual(params(text('en', key)))
    for (const language of ['en', 'ko'] as const) expect(text(language, key), key).not.toMatch(/[<>&"]/)
  }
})

test('parameters are filled in; what is not given stays visible', () => {
  expect(text('en', 'warning.empty', { column: 'x' })).toBe('x holds no value at all.')
  expect(text('ko', 'quality.pass')).toBe('통과')
  expect(text('en', 'warning.empty')).toContain('{column}')
})
