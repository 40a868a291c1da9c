import { expect, test } from 'vitest'
import { daysOf } from './file.ts'

test('days a line, with remarks and days that are worked', () => {
  const text = '\uFEFF# ours\r\n2026-05-04 Bridge day # off\r\n\r\n2026-12-31\r\n!2026-07-17\r\n'
  expect(daysOf(text, 'ours.txt')).toEqual({
    days: [
      { date: '2026-05-04', name: 'Bridge day' },
      { date: '2026-12-31', name: 'holiday' },
    ],
    working: ['2026-07-17'],
  })
  for (const wrong of ['2026-02-30 none', 'Labour Day', '2026-5-1', '!'])
    expect(() => daysOf(`2026-01-01 first\n${wrong}`, 'a.txt')).toThrow(expect.objectContaining({ code: 'USAGE_INVALID', what: 'a.txt names no day in line 2' })) // biome-ignore format: one line
})

const event = (...lines: string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', ...lines, 'END:VEVENT', 'END:VCALENDAR'].join('\r\n') // biome-ignore format: one line

test('events of whole days of an iCalendar: folded lines, several days, what was called off', () => {
  const spring = event('DTSTART;VALUE=DATE:20260216', 'DTEND;VALUE=DATE:20260219', 'SUMMARY:Spring\\, a festival o', ' f three days', 'BEGIN:VALARM', 'TRIGGER:-PT1H', 'END:VALARM') // biome-ignore format: one line
  expect(daysOf(spring, 'a.ics').days).toEqual(['2026-02-16', '2026-02-17', '2026-02-18'].map((date) => ({ date, name: 'Spring, a festival of three days' }))) // biome-ignore format: one line
  expect(daysOf(event('DTSTART;VALUE=DATE:20260704'), 'a.ics').days).toEqual([{ date: '2026-07-04', name: 'holiday' }])
  expect(daysOf(event('DTSTART;VALUE=DATE:20260704', 'STATUS:CANCELLED'), 'a.ics').days).toEqual([])
})
test.each([
  [['DTSTART:20260704T090000Z'], 'of no whole day'],
  [['SUMMARY:x'], 'of no whole day'],
  [['DTSTART;VALUE=DATE:20260704', 'RRULE:FREQ=YEARLY'], 'is repeated'],
  [['DTSTART;VALUE=DATE:20260704', 'DTEND;VALUE=DATE:20360704'], 'days'],
])('%j is refused', (lines, says) => {
  expect(() => daysOf(event(...lines), 'a.ics')).toThrow(says)
})
