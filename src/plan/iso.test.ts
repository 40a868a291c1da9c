import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isoSeconds, isoText } from './iso.ts'

const written = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
const [first, last] = ['0100-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(Date.parse) as [number, number]

test('text of a time and back, as Date has them, for every year of four digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: first / 1000, max: last / 1000 }), (seconds) => {
      const text = written(seconds * 1000)
      expect(isoText(seconds * 1e6)).toBe(text)
      if (Number.isSafeInteger((seconds + 1) * 1e6)) expect(isoText(seconds * 1e6 + 999_999)).toBe(text)
      expect(isoSeconds(text)).toBe(seconds)
      expect(isoSeconds(text.replace(' ', 'T'))).toBe(seconds)
    }),
    { numRuns: 2000 },
  )
  for (const text of ['2000-02-29 00:00:00', '2024-02-29 23:59:59', '1970-01-01 00:00:00', '1969-12-31 23:59:59'])
    expect(isoText(isoSeconds(text) * 1e6)).toBe(text)
})

test('what is no time, or is written otherwise, is left to others', () => {
  for (const text of ['2001-02-29 00:00:00', '1900-02-29 00:00:00', '2001-13-01 00:00:00', '2001-00-10 00:00:00',
    '2001-01-00 00:00:00', '2001-01-32 00:00:00', '2001-04-31 00:00:00', '2001-01-01 24:00:00', '2001-01-01 00:60:00',
    '2001-01-01 00:00:60', '0099-01-01 00:00:00', '2001-01-01', '2001-01-01 00:00', '2001-01-01 00:00:00Z',
    '2001-01-01_00:00:00', '2001/01/01 00:00:00', '200a-01-01 00:00:00', '2001-01-01 0-:00:00', '', 'x'.repeat(19)]) // biome-ignore format: dense
    expect(isoSeconds(text)).toBeNaN()
})
