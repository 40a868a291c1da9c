import { call, type Expr, lit } from '../../../plan/expr.ts'
import { type Case, fails, gives, int, local, str } from './case.ts'

const instant = (iso: string): Expr => lit(String(BigInt(Date.parse(iso)) * 1000n), 'timestamp')
const micros = (iso: string): bigint => BigInt(Date.parse(`${iso}Z`)) * 1000n
const date = (iso: string): Expr => lit(Date.parse(`${iso}Z`) / 86_400_000, 'date')
const days = (iso: string): number => Date.parse(`${iso}Z`) / 86_400_000
const cast = (text: string, to: 'date' | 'timestamp' | 'local timestamp'): Expr => ({
  op: 'cast',
  arg: str(text),
  to,
  onError: 'fail',
})
const SEOUL = str('Asia/Seoul')
const YORK = str('America/New_York')

/** Time zones, calendar arithmetic, formats. */
export const TIME: readonly Case[] = [
  gives(
    'a wall clock in Seoul',
    call('toLocal', instant('2001-06-30T15:30:00Z'), SEOUL),
    micros('2001-07-01T00:30:00'),
  ),
  gives('an instant from Seoul', call('toInstant', local('2001-07-01T00:30:00'), SEOUL), micros('2001-06-30T15:30:00')),
  gives(
    'summer time in New York',
    call('toLocal', instant('2001-07-01T12:00:00Z'), YORK),
    micros('2001-07-01T08:00:00'),
  ),
  gives(
    'a time that does not exist moves forward',
    call('toInstant', local('2001-04-01T02:30:00'), YORK),
    micros('2001-04-01T07:30:00'),
  ),
  gives(
    'a time that exists twice is the first',
    call('toInstant', local('2001-10-28T01:30:00'), YORK),
    micros('2001-10-28T05:30:00'),
  ),
  gives(
    'the second of the two as an instant',
    call('toLocal', instant('2001-10-28T06:30:00Z'), YORK),
    micros('2001-10-28T01:30:00'),
  ),
  gives(
    'a zone of half an hour',
    call('toInstant', local('2001-01-01T00:00:00'), str('Asia/Kolkata')),
    micros('2000-12-31T18:30:00'),
  ),
  gives(
    'Seoul in 1961, when its offset changed',
    call('toLocal', instant('1961-08-09T15:00:00Z'), SEOUL),
    micros('1961-08-09T23:30:00'),
  ),
  gives(
    'a change of half an hour',
    call('toInstant', local('2001-03-25T01:45:00'), str('Australia/Lord_Howe')),
    micros('2001-03-24T14:45:00'),
  ),
  gives(
    'summer time goes on after 2100',
    call('toLocal', instant('2150-07-01T12:00:00Z'), YORK),
    micros('2150-07-01T08:00:00'),
  ),
  gives(
    'and after 400 years more, to the hour at which it ends',
    call('toInstant', local('3001-11-01T01:30:00'), YORK),
    micros('3001-11-01T05:30:00'),
  ),
  gives(
    'in winter as well',
    call('toInstant', local('2200-12-31T23:59:59'), str('Europe/Berlin')),
    micros('2200-12-31T22:59:59'),
  ),
  gives(
    'the day that Manila left out in 1844',
    call('toLocal', instant('1844-06-01T00:00:00Z'), str('Asia/Manila')),
    micros('1844-05-31T08:03:52'),
  ),
  gives('UTC by name', call('toInstant', local('2001-01-01T00:00:00'), str('UTC')), micros('2001-01-01T00:00:00')),
  gives(
    'a day that a zone left out',
    call('toInstant', local('2011-12-30T12:00:00'), str('Pacific/Apia')),
    micros('2011-12-30T22:00:00'),
  ),
  gives(
    'add a month to the 31st',
    call('addMonths', local('2001-01-31T10:00:00'), int(1)),
    micros('2001-02-28T10:00:00'),
  ),
  gives('a leap year', call('addMonths', date('2000-01-31'), int(1)), days('2000-02-29')),
  gives('months back over a year', call('addMonths', date('2001-01-15'), int(-13)), days('1999-12-15')),
  gives('add days', call('addDays', date('2001-02-28'), int(1)), days('2001-03-01')),
  gives(
    'add days to a wall clock',
    call('addDays', local('2001-12-31T23:59:59'), int(1)),
    micros('2002-01-01T23:59:59'),
  ),
  gives(
    'truncate to the week',
    call('truncate', local('2001-07-01T05:00:00'), str('week')),
    micros('2001-06-25T00:00:00'),
  ),
  gives('truncate to the quarter', call('truncate', date('2001-06-30'), str('quarter')), days('2001-04-01')),
  gives(
    'truncate to the hour before 1970',
    call('truncate', local('1969-12-31T23:59:59'), str('hour')),
    micros('1969-12-31T23:00:00'),
  ),
  gives(
    'truncate to the year',
    call('truncate', local('1969-07-20T20:17:00'), str('year')),
    micros('1969-01-01T00:00:00'),
  ),
  gives('quarter', call('quarter', date('2001-10-01')), 4n),
  gives('ISO week of a year’s first day', call('isoWeek', date('2021-01-01')), 53n),
  gives('ISO year of a year’s first day', call('isoYear', date('2021-01-01')), 2020n),
  gives('the day of year of the first days', call('dayOfYear', lit(-99_999_999, 'date')), 111n),
  gives('their week', call('isoWeek', lit(-99_999_999, 'date')), 16n),
  gives('the week of the last day', call('isoWeek', lit(100_000_000, 'date')), 37n),
  gives('second', call('second', local('1969-12-31T23:59:58')), 58n),
  gives('day of year of a date', call('dayOfYear', date('2001-12-31')), 365n),
  gives('weekday of a date before 1970', call('weekday', date('1969-12-28')), 7n),
  gives('duration to µs', call('inMicros', call('diffTime', date('2001-01-02'), date('2001-01-01'))), 86_400_000_000n),
  gives(
    'years beyond 9999 are written with all their digits',
    call('formatTime', lit(String(BigInt(Date.UTC(12345, 0, 2)) * 1000n), 'local timestamp'), str('%Y/%m')),
    '12345/01',
  ),
  gives(
    'parse a time',
    call('parseTime', str('30/06/2001 18:05'), str('%d/%m/%Y %H:%M')),
    micros('2001-06-30T18:05:00'),
  ),
  gives(
    'parse digits without separators',
    call('parseTime', str('20010630180559'), str('%Y%m%d%H%M%S')),
    micros('2001-06-30T18:05:59'),
  ),
  gives(
    'parse µs',
    call('parseTime', str('2001-06-30.000678'), str('%Y-%m-%d.%f')),
    micros('2001-06-30T00:00:00') + 678n,
  ),
  gives(
    'parse Korean',
    call('parseTime', str('2001년 06월 30일'), str('%Y년 %m월 %d일')),
    micros('2001-06-30T00:00:00'),
  ),
  gives(
    'parse one digit or two',
    call('parseTime', str('2001. 6. 30. 7:05'), str('%Y. %-m. %-d. %-H:%M')),
    micros('2001-06-30T07:05:00'),
  ),
  gives(
    'parse one digit that ends',
    call('parseTime', str('2001/12/3'), str('%Y/%-m/%-d')),
    micros('2001-12-03T00:00:00'),
  ),
  gives(
    'format without zeros',
    call('formatTime', local('2001-06-03T07:05:09'), str('%-d.%-m.%Y %-H:%-M')),
    '3.6.2001 7:5',
  ),
  gives('format a date without zeros', call('formatTime', date('2001-06-03'), str('%-m/%-d %-H')), '6/3 0'),
  fails('three digits are no day', call('parseTime', str('2001/1/123'), str('%Y/%-m/%-d'))),
  fails('no digit is no day', call('parseTime', str('2001/1/'), str('%Y/%-m/%-d'))),
  fails('30 February is no day, however short', call('parseTime', str('2001-2-30'), str('%Y-%-m-%-d'))),
  fails('parse wants all digits', call('parseTime', str('2001-6-30'), str('%Y-%m-%d'))),
  fails('parse takes the whole text', call('parseTime', str('2001-06-30 '), str('%Y-%m-%d'))),
  fails('30 February is no day', call('parseTime', str('2001-02-30'), str('%Y-%m-%d'))),
  fails('24:00 is no time', call('parseTime', str('24:00'), str('%H:%M'))),
  gives(
    'format a time',
    call('formatTime', local('0099-01-02T03:04:05'), str('%Y-%m-%d %H:%M:%S')),
    '0099-01-02 03:04:05',
  ),
  gives('format µs', call('formatTime', lit('-1', 'local timestamp'), str('%Y %H:%M:%S.%f')), '1969 23:59:59.999999'),
  gives('format a date', call('formatTime', date('2001-06-30'), str('%Y년 %m월')), '2001년 06월'),
  gives('text to date', cast('2001-06-30', 'date'), days('2001-06-30')),
  gives(
    'text to a wall clock',
    cast('2001-06-30 18:05:00.25', 'local timestamp'),
    micros('2001-06-30T18:05:00') + 250_000n,
  ),
  gives('text to an instant', cast('2001-06-30T18:05:00Z', 'timestamp'), micros('2001-06-30T18:05:00')),
  fails('an instant needs its Z', cast('2001-06-30T18:05:00', 'timestamp')),
  fails('a wall clock has no Z', cast('2001-06-30T18:05:00Z', 'local timestamp')),
  fails('text to a day that does not exist', cast('2001-02-30', 'date')),
  gives(
    'an instant to text',
    { op: 'cast', arg: instant('2001-06-30T18:05:00.5Z'), to: 'string', onError: 'fail' },
    '2001-06-30 18:05:00.5Z',
  ),
  gives('a date to text', { op: 'cast', arg: date('2001-06-30'), to: 'string', onError: 'fail' }, '2001-06-30'),
  gives(
    'a date to a wall clock',
    { op: 'cast', arg: date('2001-06-30'), to: 'local timestamp', onError: 'fail' },
    micros('2001-06-30T00:00:00'),
  ),
  fails(
    'an instant beyond the calendar of int64',
    call('addDuration', lit('9223372036854775807', 'timestamp'), lit('1', 'duration')),
  ),
  ...(
    [
      ['date', 2_932_896, '9999-12-31'],
      ['date', 2_932_897, '10000-01-01'],
      ['date', 100_000_000, '275760-09-13'],
      ['date', -719_163, '0001-12-31 (BC)'],
      ['local timestamp', '253402300800000000', '10000-01-01 00:00:00'],
      ['local timestamp', '-62135596800000001', '0001-12-31 (BC) 23:59:59.999999'],
      ['timestamp', '-62135596800000000', '0001-01-01 00:00:00Z'],
    ] as const
  ).map(([type, value, text]) =>
    gives(`${text} to text`, { op: 'cast', arg: lit(value, type), to: 'string', onError: 'fail' }, text),
  ),
]
