import { expect, test } from 'vitest'
import { newestBy, spanOf, spansBy, timeDimension } from './dimensions.ts'
import { daily, hourly, keys, monthly, weekly, yearly } from './partitioned.ts'

const at = (iso: string) => Date.parse(iso)
const iso = (micros: bigint) => new Date(Number(micros / 1000n)).toISOString()
const ids = (...given: Parameters<typeof spansBy>) => [...spansBy(...given)].map((s) => s.id)

test.each([
  [hourly('2026-11-26T22'), ['2026-11-26T22', '2026-11-26T23', '2026-11-27T00', '2026-11-27T01', '2026-11-27T02']],
  [daily('2026-11-24'), ['2026-11-24', '2026-11-25', '2026-11-26']],
  [daily('2026-11-24', { until: '2026-11-26' }), ['2026-11-24', '2026-11-25']],
  [weekly('2026-11-02'), ['2026-11-02', '2026-11-09', '2026-11-16']],
  [monthly('2026-08'), ['2026-08', '2026-09', '2026-10']],
  [yearly('2024'), ['2024', '2025']],
])('windows of %j are those that are over', (dimension, all) => {
  const now = at('2026-11-27T03:10:00Z')
  expect(ids(now, dimension)).toEqual(all)
  expect(newestBy(now, dimension)?.id).toBe(all.at(-1))
  for (const id of all) expect(spanOf(id, dimension).id).toBe(id)
})

test('a day is over when its zone says so, and as long as its zone has it', () => {
  const seoul = daily('2026-11-01', { zone: 'Asia/Seoul' })
  expect(newestBy(at('2026-11-26T14:59:59Z'), seoul)?.id).toBe('2026-11-25')
  expect(newestBy(at('2026-11-26T15:00:00Z'), seoul)?.id).toBe('2026-11-26')
  const { from, until } = spanOf('2026-11-26', seoul)
  expect([iso(from.instant), iso(until.instant)]).toEqual(['2026-11-25T15:00:00.000Z', '2026-11-26T15:00:00.000Z'])
  // clocks go forward and back
  const berlin = daily('2026-01-01', { zone: 'Europe/Berlin' })
  const hoursOf = (id: string) => {
    const s = spanOf(id, berlin)
    return Number((s.until.instant - s.from.instant) / 3_600_000_000n)
  }
  expect([hoursOf('2026-03-28'), hoursOf('2026-03-29'), hoursOf('2026-10-25')]).toEqual([24, 23, 25])
})

test('an hour that a clock skips is no window, and one that it has twice is one of two hours; together they leave nothing out', () => {
  const berlin = hourly('2026-01-01T00', { zone: 'Europe/Berlin' })
  expect(() => spanOf('2026-03-29T02', berlin)).toThrow(expect.objectContaining({ code: 'PARTITION_UNKNOWN' }))
  const twice = spanOf('2026-10-25T02', berlin)
  expect((twice.until.instant - twice.from.instant) / 3_600_000_000n).toBe(2n)
  for (const range of [
    ['2026-03-28', '2026-03-31'],
    ['2026-10-24', '2026-10-27'],
  ] as const) {
    const all = [...spansBy(at('2026-11-27T00:00:00Z'), berlin, { first: range[0], last: range[1] })]
    for (const [i, s] of all.entries()) if (i > 0) expect(s.from.instant).toBe(all[i - 1]?.until.instant)
  }
})

test('a range begins with the window that holds its first date', () => {
  const now = at('2026-11-27T00:00:00Z')
  expect(ids(now, weekly('2026-11-02'), { first: '2026-11-12', last: '2026-11-20' })).toEqual([
    '2026-11-09',
    '2026-11-16',
  ])
  expect(ids(now, monthly('2026-01'), { first: '2026-08-15', last: '2026-10' })).toEqual(['2026-08', '2026-09'])
  expect(ids(now, daily('2026-11-20'), { first: '2020', last: '2026-11-21' })).toEqual(['2026-11-20'])
  expect(() => ids(now, daily('2026-11-20'), { first: '2026-11-31' })).toThrow(
    expect.objectContaining({ code: 'USAGE_INVALID' }),
  )
  expect(newestBy(at('2026-11-20T12:00:00Z'), daily('2026-11-20'))).toBeUndefined()
  // after the last one it stays the newest
  expect(newestBy(now, daily('2026-01-01', { until: '2026-02-01' }))?.id).toBe('2026-01-31')
})

test.each([
  ['day', '2026-02-30', {}],
  ['day', '2026-2-3', {}],
  ['hour', '2026-02-03', {}],
  ['week', '2026-11-26', {}],
  ['month', '2026-13', {}],
  ['day', '2026-02-03', { zone: 'Asia/Soul' }],
  ['day', '2026-02-03', { until: '2026-02-03' }],
  ['day', 20260203 as never, {}],
] as const)('no %s begins at %j %j', (every, from, options) => {
  expect(() => timeDimension(every, from, options)).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
})

test.each([[[]], [['a', 'a']], [['a/b']], [['']], [[1 as never]], ['abc' as never]])('no names %j', (names) => {
  expect(() => keys(names)).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
})
