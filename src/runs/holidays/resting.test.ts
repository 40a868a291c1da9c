import { describe, expect, test } from 'vitest'
import { momentsAfter } from '../calendar.ts'
import { holidaysOf, holidaysOfCountry } from './countries.ts'
import { checkResting, momentsOf, type Resting } from './resting.ts'

const at = (text: string) => Date.parse(text)
const iso = (moments: readonly number[]) => moments.map((m) => new Date(m).toISOString().slice(0, 16))
const s = (more: Partial<Resting>): Resting => ({ cron: '0 9 * * *', zone: 'Asia/Seoul', calendar: 'KR', rests: 'non-business-days', instead: null, ...more }) // biome-ignore format: one line
async function coming(more: Partial<Resting>, after: string, most = 3): Promise<string[]> {
  const given = s(more)
  const known = given.calendar === null ? undefined : (await holidaysOfCountry(given.calendar)).days
  return iso(momentsAfter(momentsOf(given, known), at(after), most))
}

describe('holidays of Korea', () => {
  test.each([
    // 설날, 추석, 부처님오신날 by the lunar calendar
    ...['2024-02-09', '2024-02-10', '2024-02-11', '2025-01-28', '2025-01-29', '2025-01-30'],
    ...['2026-02-16', '2026-02-17', '2026-02-18', '2027-02-06', '2027-02-07', '2027-02-08'],
    ...['2024-09-16', '2024-09-17', '2024-09-18', '2025-10-05', '2025-10-06', '2025-10-07'],
    ...['2026-09-24', '2026-09-25', '2026-09-26', '2027-09-14', '2027-09-15', '2027-09-16'],
    ...['2024-05-15', '2025-05-05', '2026-05-24', '2027-05-13'],
    // 대체공휴일
    ...['2024-02-12', '2024-05-06', '2025-03-03', '2025-05-06', '2025-10-08', '2026-03-02'],
    ...['2026-05-25', '2026-08-17', '2026-10-05', '2027-02-09', '2027-08-16', '2027-10-04', '2027-10-11', '2027-12-27'],
    // 임시공휴일, elections
    ...['2024-04-10', '2024-10-01', '2025-01-27', '2025-06-03', '2026-06-03'],
  ])('%s', async (date) => {
    expect((await holidaysOfCountry('KR')).days.has(date)).toBe(true)
  })
  test.each(['2024-02-08', '2024-02-13', '2024-06-07', '2025-10-10', '2026-06-08', '2026-09-28', '2027-01-04'])(
    '%s is none',
    async (date) => {
      expect((await holidaysOfCountry('KR')).days.has(date)).toBe(false)
    },
  )
  test('are known up to a year’s end; other countries come by a file', async () => {
    expect((await holidaysOfCountry('KR')).until).toBe('2027-12-31')
    expect((await holidaysOfCountry('JP')).days.get('2026-01-12')).toBe('成人の日')
    expect(() => holidaysOfCountry('XX')).toThrow(expect.objectContaining({ code: 'CALENDAR_UNKNOWN', fix: expect.stringContaining('.ics') })) // biome-ignore format: one line
    const days = [{ date: '2026-12-31', name: 'ours' }]
    const own = await holidaysOf({ country: 'KR', days, working: ['2026-07-17'] })
    expect([own.days.get('2026-12-31'), own.days.has('2026-07-17'), own.days.has('2026-01-01')]).toEqual(['ours', false, true]) // biome-ignore format: one line
  })
})

describe('moments but for days of rest', () => {
  test('business days over 추석 2025', async () => {
    // Friday 3 October to Thursday 9 October are holidays or a weekend
    expect(await coming({}, '2025-10-01T12:00Z')).toEqual(['2025-10-02T00:00', '2025-10-10T00:00', '2025-10-13T00:00'])
    expect(await coming({ rests: 'holidays' }, '2025-10-01T12:00Z')).toEqual(['2025-10-02T00:00', '2025-10-04T00:00', '2025-10-10T00:00']) // biome-ignore format: one line
    expect(await coming({ rests: 'weekends', calendar: null }, '2025-10-01T12:00Z', 4)).toEqual(['2025-10-02T00:00', '2025-10-03T00:00', '2025-10-06T00:00', '2025-10-07T00:00']) // biome-ignore format: one line
  })
  test('the date is that of the schedule’s zone', async () => {
    // Saturday in Seoul is still Friday in New York, and in UTC
    const late = { cron: '30 3 * * *', rests: 'weekends', calendar: null } as const
    expect(await coming({ ...late }, '2026-11-26T00:00Z', 2)).toEqual(['2026-11-26T18:30', '2026-11-29T18:30'])
    expect(await coming({ ...late, zone: 'UTC' }, '2026-11-26T00:00Z', 3)).toEqual(['2026-11-26T03:30', '2026-11-27T03:30', '2026-11-30T03:30']) // biome-ignore format: one line
  })
  test('every minute: a long rest is passed over in little time', async () => {
    const began = performance.now()
    expect(await coming({ cron: '* * * * *' }, '2025-10-02T14:58:30Z', 2)).toEqual(['2025-10-02T14:59', '2025-10-09T15:00']) // biome-ignore format: one line
    expect(performance.now() - began).toBeLessThan(1000)
  })
  test('hours that are skipped or come twice on the day that is left, and midnights that are skipped', async () => {
    const ny = { zone: 'America/New_York', calendar: null, rests: 'weekends' } as const
    expect(await coming({ ...ny, cron: '30 2 * * *' }, '2026-03-06T12:00Z', 2)).toEqual(['2026-03-09T06:30', '2026-03-10T06:30']) // biome-ignore format: one line
    // Asuncion's clocks skipped midnight on Sunday 6 October 2024; it rests on the Saturday before alone
    const moments = momentsOf({ cron: '30 0 * * *', zone: 'America/Asuncion', calendar: 'x', rests: 'holidays', instead: null }, new Map([['2024-10-05', 'x']])) // biome-ignore format: one line
    expect(iso(momentsAfter(moments, at('2024-10-04T12:00Z'), 2))).toEqual(['2024-10-06T04:00', '2024-10-07T03:30'])
  })
  test('a day that a zone never had is passed over', () => {
    // Samoa went from 29 to 31 December 2011
    const samoa = { cron: '0 9 * * *', zone: 'Pacific/Apia', calendar: 'x', rests: 'holidays' } as const
    const days = new Map(['2011-12-29', '2011-12-30'].map((date) => [date, 'x']))
    for (const instead of [null, 'next-day'] as const)
      expect(iso(momentsAfter(momentsOf({ ...samoa, instead }, days), at('2011-12-28T20:00Z'), 2))).toEqual(['2011-12-30T19:00', '2011-12-31T19:00']) // biome-ignore format: one line
    const before = new Map(['2011-12-31', '2011-12-30'].map((date) => [date, 'x']))
    expect(iso(momentsAfter(momentsOf({ ...samoa, cron: '0 9 31 12 *', instead: 'previous-day' }, before), at('2011-12-01T00:00Z'), 1))).toEqual(['2011-12-29T19:00']) // biome-ignore format: one line
  })
  test('where each day is one of rest it never comes', () => {
    const days = new Map(Array.from({ length: 1000 }, (_, i) => [new Date(at('2026-01-01') + i * 86_400_000).toISOString().slice(0, 10), 'x'])) // biome-ignore format: one line
    for (const instead of [null, 'next-day', 'previous-day'] as const)
      expect(momentsOf(s({ instead }), days).after(at('2026-01-15T00:00Z'))).toBeNull()
  })
})

describe('another day instead', () => {
  test('the next business day: each moment once, those that meet are one', async () => {
    const first = { cron: '0 9 1 * *', instead: 'next-day' } as const
    // 1 May 2026 (노동절, Friday) → Monday 4; 1 March (Sunday, 2 the substitute) → 3; 1 August (Saturday) → 3
    expect(await coming(first, '2026-02-10T00:00Z', 6)).toEqual(['2026-03-03T00:00', '2026-04-01T00:00', '2026-05-04T00:00', '2026-06-01T00:00', '2026-07-01T00:00', '2026-08-03T00:00']) // biome-ignore format: one line
    expect(await coming({ instead: 'next-day' }, '2025-10-01T12:00Z')).toEqual(['2025-10-02T00:00', '2025-10-10T00:00', '2025-10-13T00:00']) // biome-ignore format: one line
    // between the day that it is moved from and the one that it is moved to
    expect(await coming(first, '2026-05-02T00:00Z', 1)).toEqual(['2026-05-04T00:00'])
    expect(await coming(first, '2026-05-04T00:00Z', 1)).toEqual(['2026-06-01T00:00'])
  })
  test('the previous one, also of another month', async () => {
    // pay day, the 25th: 2026-05-25 is a substitute holiday after a weekend, 2026-09-25 추석, 2026-12-25 Christmas
    expect(await coming({ cron: '0 9 25 * *', instead: 'previous-day' }, '2026-05-01T00:00Z', 3)).toEqual(['2026-05-22T00:00', '2026-06-25T00:00', '2026-07-24T00:00']) // biome-ignore format: one line
    expect(await coming({ cron: '0 9 25 * *', instead: 'previous-day' }, '2026-09-01T00:00Z', 1)).toEqual(['2026-09-23T00:00']) // biome-ignore format: one line
    expect(await coming({ cron: '0 9 1 * *', instead: 'previous-day' }, '2026-02-10T00:00Z', 1)).toEqual(['2026-02-27T00:00']) // biome-ignore format: one line
    expect(await coming({ cron: '0 9 25 * *', instead: 'previous-day' }, '2026-05-22T00:00Z', 1)).toEqual(['2026-06-25T00:00']) // biome-ignore format: one line
  })
  test.each([
    [{ cron: null, watch: 'dataset:x', instead: 'next-day' }, 'comes on no other day instead'],
    [{ calendar: null }, 'nothing says which are holidays'],
    [{ rests: 'weekends' }, 'rest on weekends alone'],
    [{ rests: null, calendar: null, instead: 'next-day' }, 'instead of none'],
    [{ cron: '*/5 9 * * *', instead: 'next-day' }, "can't come on another day"],
  ] as const)('%j is refused', (more, says) => {
    expect(() => checkResting({ ...s({}), watch: null, ...more })).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID', what: expect.stringMatching(/./) })) // biome-ignore format: one line
    expect(() => checkResting({ ...s({}), watch: null, ...more })).toThrow(says)
  })
})
