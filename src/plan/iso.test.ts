import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isoSeconds, isoText, isoTextExact } from './iso.ts'

const written = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
const [first, last] = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(Date.parse) as [number, number]

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
    '2001-01-01 00:00:60', '0000-01-01 00:00:00', '2001-01-01', '2001-01-01 00:00', '2001-01-01 00:00:00Z',
    '2001-01-01_00:00:00', '2001/01/01 00:00:00', '200a-01-01 00:00:00', '2001-01-01 0-:00:00', '', 'x'.repeat(19)]) // biome-ignore format: dense
    expect(isoSeconds(text)).toBeNaN()
})

test('what is less than a second is written where there is any, for every µs that 64 bits hold', () => {
  const text = (micros: bigint) => isoTextExact(micros)
  expect(text(978_307_200_123_456n)).toBe('2001-01-01 00:00:00.123456')
  expect(text(978_307_200_250_000n)).toBe('2001-01-01 00:00:00.25')
  expect([text(-1n), text(0n), text(-1_000_000n)]).toEqual(['1969-12-31 23:59:59.999999', '1970-01-01 00:00:00', '1969-12-31 23:59:59']) // biome-ignore format: one line
  expect([text(253_402_300_800_000_001n), text(-(2n ** 53n) - 1n)]).toEqual(['10000-01-01 00:00:00.000001', '1684-07-28 00:12:25.259007']) // biome-ignore format: one line
  expect(isoText(-62_135_596_801_000_000)).toBe('0001-12-31 (BC) 23:59:59')
})
