import { describe, expect, test } from 'vitest'
import type { Schedule } from '../store/schedules.ts'
import { calendarOf, dueAt, MOST_MISSED, momentsAfter } from './calendar.ts'

const at = (text: string) => Date.parse(text)
const iso = (moments: readonly number[]) => moments.map((m) => new Date(m).toISOString().slice(0, 16))
const schedule = (more: Partial<Schedule>): Schedule => ({
  ...{ workspace: 'w', name: 'n', recipe: 'r', recipeJson: {}, folder: '/', engine: null, priority: 0, tags: [] },
  ...{
    mostAttempts: 3,
    pool: null,
    maxActive: null,
    timeout: null,
    doneWithin: null,
    calendar: null,
    rests: null,
    instead: null,
    watch: null,
    seen: null,
    cron: '0 * * * *',
    zone: 'UTC',
    catchUp: 'once' as const,
    paused: false,
    last: null,
  },
  ...{ next: at('2026-01-01T01:00:00Z'), caller: 'c', created: 0, ...more },
})

describe('moments of a calendar', () => {
  test.each<[string, string, string, string, string[]]>([
    [
      'by the clock of a zone',
      '0 6 * * *',
      'Asia/Seoul',
      '2026-11-26T00:00Z',
      ['2026-11-26T21:00', '2026-11-27T21:00'],
    ],
    ['weekdays', '0 9 * * 1-5', 'Asia/Seoul', '2026-11-27T00:00Z', ['2026-11-30T00:00', '2026-12-01T00:00']],
    ['in an hour that is skipped', '30 2 * * *', 'America/New_York', '2026-03-07T12:00Z', ['2026-03-08T07:00', '2026-03-09T06:30']], // biome-ignore format: one line
    ['in an hour that comes twice', '30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['2026-11-01T05:30', '2026-11-02T06:30']], // biome-ignore format: one line
    ['the last day of a month', '0 0 L * *', 'UTC', '2026-01-15T00:00Z', ['2026-01-31T00:00', '2026-02-28T00:00']],
    ['never', '0 0 31 2 *', 'UTC', '2026-01-01T00:00Z', []],
  ])('%s', (_, cron, zone, after, expected) => {
    expect(iso(momentsAfter(calendarOf(cron, zone), at(after), 2))).toEqual(expected)
  })
  test.each([
    ['* * * * * *', 'UTC', 'five fields'],
    ['61 * * * *', 'UTC', 'no cron'],
    ['daily', 'UTC', 'five fields'],
    ['0 6 * * *', 'Asia/Seol', 'no time zone'],
  ])('%s in %s is refused', (cron, zone, says) => {
    expect(() => calendarOf(cron, zone)).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }))
    expect(() => calendarOf(cron, zone)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(new RegExp(says)) }),
    )
  })
})

describe('what is due', () => {
  const now = at('2026-01-01T03:30:00Z')
  const due = (more: Partial<Schedule>, when = now) => {
    const { moments, next } = dueAt(schedule(more), when, calendarOf(more.cron ?? '0 * * * *', 'UTC'))
    return [iso(moments), next === null ? null : iso([next])[0]]
  }
  test('moments that were missed: the newest, all, or none', () => {
    expect(due({})).toEqual([['2026-01-01T03:00'], '2026-01-01T04:00'])
    expect(due({ catchUp: 'all' })).toEqual([['2026-01-01T01:00', '2026-01-01T02:00', '2026-01-01T03:00'], '2026-01-01T04:00']) // biome-ignore format: one line
    expect(due({ catchUp: 'none' })).toEqual([[], '2026-01-01T04:00'])
    expect(due({ catchUp: 'none' }, at('2026-01-01T03:00:40Z'))[0]).toEqual(['2026-01-01T03:00'])
  })
  test('nothing before its time, also where the clock went back', () => {
    expect(due({}, at('2025-12-31T00:00:00Z'))).toEqual([[], '2026-01-01T01:00'])
    expect(due({ next: null })).toEqual([[], null])
  })
  test('ten years of minutes are passed over in little time', () => {
    const { moments } = dueAt(
      schedule({ cron: '* * * * *', catchUp: 'all' }),
      at('2036-01-01T00:00:00Z'),
      calendarOf('* * * * *', 'UTC'),
    )
    expect([moments.length, iso(moments.slice(-1))]).toEqual([MOST_MISSED, ['2036-01-01T00:00']])
  }, 60_000)
})
