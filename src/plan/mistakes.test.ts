/** What those who write plans get wrong, and what they are told. */
import { describe, expect, test } from 'vitest'
import { count, max, over, rowNumber, sum } from './aggregates.ts'
import { constant } from './columns/combine.ts'
import { days, hours } from './durations.ts'
import { scan } from './table.ts'

const columns = {
  id: 'int64',
  at: 'timestamp',
  wall: 'local timestamp',
  day: 'date',
  name: 'string',
  tags: 'string[]',
  ok: 'bool',
} as const
const t = scan({ kind: 'source', name: 's' }, columns)
const other = scan(
  { kind: 'source', name: 'o' },
  { id: 'string', name: 'string', wall: 'local timestamp', key: 'int64' },
)
// what TypeScript underlines is written all the same where only the running plan can tell
const any = (f: unknown) => f as never
const loose = (c: unknown) => c as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

const cases: Readonly<Record<string, readonly [() => unknown, what: RegExp, fix: RegExp]>> = {
  'text beside a number': [
    () => t.filter((r) => r.id.gt(any('5'))),
    /"5" can't stand where an int64/,
    /write it without quotes: 5/,
  ],
  'a number beside text': [() => t.filter((r) => r.name.eq(any(5))), /5 can't stand where a string/, /'5'; or .*cast/],
  'arithmetic on text': [
    () => t.filter((r) => loose(r.name)['plus']?.(1) as never),
    /'plus' can't be applied to \(string, int64\)/,
    /cast\('int64'\)/,
  ],
  'a number added to a time': [
    () => t.derive((r) => ({ x: r.at.plus(any(7)) })),
    /is a duration, not 7/,
    /days\(7\), hours\(7\)/,
  ],
  'a number added to a date': [
    () => t.derive((r) => ({ x: loose(r.day)['plus']?.(7) as never })),
    /'plus' can't be applied to \(date, int64\)/,
    /addDays/,
  ],
  'a duration beside a number': [
    () => t.filter((r) => r.at.since('2020-01-01').gt(any(7))),
    /7 can't stand where a duration/,
    /days\(7\)/,
  ],
  'a span without a unit': [
    () => t.rolling({ by: 'id', on: 'at', over: any(3) }, () => ({ n: count() })),
    /a span is a duration, not 3/,
    /hours\(3\)/,
  ],
  'a reach without a unit': [
    () => t.asOf(other, any({ by: 'name', at: 'wall', on: 'wall', within: 3600 })),
    /not 3600/,
    /seconds\(3600\)/,
  ],
  'an instant with a wall clock': [
    () => t.filter((r) => r.at.lt(any(r.wall))),
    /'lt' can't be applied to \(timestamp, local timestamp\)/,
    /toInstant\(.*toLocal\(/,
  ],
  'their distance': [
    () => t.derive((r) => ({ x: r.at.since(any(r.wall)) })),
    /'since' can't be applied/,
    /toInstant\(/,
  ],
  'as of another clock': [
    () => t.asOf(other, any({ by: 'name', at: 'at', on: 'wall' })),
    /asOf compares 'at' \(timestamp\) with 'wall'/,
    /one clock/,
  ],
  'as of a window of another clock': [
    () =>
      t.asOf(
        t.rolling({ by: 'id', on: 'wall', over: hours(1) }, () => ({ n: count() })),
        any({ by: 'id', at: 'at' }),
      ),
    /asOf compares 'at'/,
    /toInstant\(/,
  ],
  'joined by two clocks': [
    () => t.join(other, any({ at: 'wall' })),
    /join compares 'at' \(timestamp\) with 'wall'/,
    /toInstant\(/,
  ],
  'joined by two types': [
    () => t.join(other, any({ id: 'id' })),
    /join compares 'id' \(int64\) with 'id' \(string\)/,
    /cast\('int64'\)/,
  ],
  'a column on both sides': [
    () => t.join(other, { id: 'key' }),
    /join gives a?.*two columns named|join gives two columns named '/,
    /other\.rename\(\{ \w+: '\w+2' \}\)/,
  ],
  'a zone that does not exist': [
    () => t.derive((r) => ({ x: r.at.toLocal('Asia/Soeul') })),
    /a constant that it can't take/,
    /mean 'Asia\/Seoul'/,
  ],
  'a part of an instant': [
    () => t.derive((r) => ({ x: loose(r.at)['hour']?.() as never })),
    /'hour' can't be applied/,
    /toLocal\('Asia\/Seoul'\)/,
  ],
  'a unit of another language': [
    () => t.derive((r) => ({ x: r.wall.truncate(any('days')) })),
    /'truncate' is given a constant/,
    /mean 'day'/,
  ],
  'a format without parts': [
    () => t.derive((r) => ({ x: r.name.parseTime('YYYY-MM-DD') })),
    /'parseTime' is given a constant/,
    /%Y-%m-%d/,
  ],
  'a pattern that is not closed': [
    () => t.filter((r) => r.name.matches('(a+')),
    /'matches' is given a constant/,
    /close what is opened/,
  ],
  'a pattern that explodes': [
    () => t.filter((r) => r.name.matches('((a{1,1000}){1,1000}){1,1000}')),
    /'matches'/,
    /repeat fewer times/,
  ],
  'a back-reference': [() => t.filter((r) => r.name.matches('(a)\\1')), /'matches'/, /without look-around/],
  'a type of another language': [
    () => t.derive((r) => ({ x: r.name.cast(any('integer')) })),
    /'integer' is not a type/,
    /mean 'int64'/,
  ],
  'a verb without a function': [
    () => t.filter(any('id > 1')),
    /filter is given a string, not a function/,
    /filter\(\(r\) => /,
  ],
  'an aggregate in derive': [
    () => t.derive((r) => ({ x: any(sum(r.id)) })),
    /given an aggregate, not a column/,
    /aggregate\(/,
  ],
  'an aggregate in a window': [
    () => t.window({ by: 'id', order: 'at' }, (r) => ({ x: any(sum(r.id)) })),
    /no part of a window/,
    /over\(sum/,
  ],
  'a column in an aggregate': [() => t.aggregate(['id'], (r) => ({ x: any(r.id) })), /no aggregate/, /sum\(r\.x\)/],
  'a key that is no name': [
    () => t.aggregate(any(5), () => ({ n: count() })),
    /aggregate is given a number where it takes columns/,
    /name one, 'city'/,
  ],
  'keys of a join as a list': [
    () => t.join(other, any(['id'])),
    /join is given a list where it takes pairs/,
    /\{ id: 'id' \}/,
  ],
  'an option that does not exist': [
    () => t.unnest('tags', any({ keepempty: true })),
    /unnest has no option 'keepempty'/,
    /mean 'keepEmpty'/,
  ],
  'an order of another language': [
    () => t.sort(any({ by: 'id', desc: true })),
    /a key of an order has no option 'desc'/,
    /use one of these|descending/,
  ],
  'values of isIn without a list': [() => t.filter((r) => r.id.isIn(any(5))), /'isIn' of id takes a list/, /isIn\(\[/],
  'constants to choose from': [
    () => t.derive((r) => ({ x: r.ok.choose(any(1), any(0)) })),
    /'choose' of ok takes columns/,
    /constant\(1/,
  ],
  'compared with null': [() => t.filter((r) => r.id.eq(any(null))), /id is compared with null in filter/, /isNull\(\)/],
  'JavaScript’s and': [
    () => t.filter((r) => r.id.gt(1) && r.id.lt(5)),
    /filter makes a condition and does not use it: \(id > 1\)/,
    /a\.and\(b\)/,
  ],
  'JavaScript’s choice': [
    () => t.derive((r) => ({ x: r.id.gt(1) ? r.id : r.id.neg() })),
    /does not use it: \(id > 1\)/,
    /a\.choose\(b, c\)/,
  ],
  'a limit without an order': [() => t.limit(5), /limit needs an order/, /sort\(\)/],
  'first without an order': [
    () => t.window({ by: 'id' }, (r) => ({ x: rowNumber(), y: over(max(r.id)) })),
    /needs an order/,
    /order: /,
  ],
  'no list to take apart': [() => t.unnest(any('name')), /unnest needs a list/, /split\(/],
}

describe('mistakes are told with what to do about them', () => {
  test.each(Object.entries(cases))('%s', (_, [wrong, what, fix]) => {
    expect(wrong).toThrow(
      expect.objectContaining({ what: expect.stringMatching(what), fix: expect.stringMatching(fix) }),
    )
  })
})

test('a condition that something is made of is used, whatever is made of it', () => {
  expect(() =>
    t
      .derive((r) => ({
        a: r.id.gt(1).choose(r.id, r.id.neg()),
        b: r.ok.or(r.id.gt(2).not()),
        c: r.id.gt(3).cast('int64'),
      }))
      .filter((r) =>
        r.a
          .between(1, 5)
          .and(r.id.isIn([1, 2]))
          .and(constant(true, 'bool')),
      )
      .aggregate(['ok'], (r) => ({ n: count(r.b.and(r.ok)), most: max(r.c.gt(1).cast('int32')) }))
      .window({ by: 'ok', order: 'n' }, (r) => ({ m: over(sum(r.n.gt(1).cast('int64'))) }))
      .filter((r) => r.m.eq(r.n).and(r.ok)),
  ).not.toThrow()
  // a table that is made within a callback has callbacks of its own
  const nested = () =>
    t.filter((r) => {
      t.filter((s) => s.id.gt(1))
      return r.id.gt(2)
    })
  expect(nested).not.toThrow()
  expect(() => t.filter((r) => r.at.gt('2020-01-01').and(r.at.lt('2020-02-01'))).filter((r) => r.at.since('2020-01-01').gt(days(1)))).not.toThrow() // biome-ignore format: one line
  // names of columns are any
  const named = t.derive((r) => ({ expr: r.id.gt(1), agg: r.id.gt(2), window: r.id.gt(3) }))
  expect(named.filter((r) => r.expr.and(r.agg).and(r.window)).schema).toHaveLength(10)
  expect(() => t.filter(() => any(named))).toThrow('filter is given a table, not a column')
})
