import { expect, test } from 'vitest'
import { span } from './span.ts'

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['10 min', 600_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['500ms', 500],
])('%s', (text, ms) => {
  expect(span(text)).toBe(ms)
})
test.each(['', '10', 'm', '10 fortnights', '-1h', '0s', '1h and', '1e9d', '99999999999d', '10M'])(
  '%s is none',
  (text) => {
    expect(() => span(text)).toThrow('give a span of time')
  },
)
