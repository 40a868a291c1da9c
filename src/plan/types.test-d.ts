/** What the editor says: lines marked with @ts-expect-error must be errors, all others must not. */
import { corr, count, lag, max, mean, quantile, rowNumber, sum } from './aggregates.ts'
import type { NumCol } from './columns/kinds.ts'
import type { Zone } from './columns/zone.ts'
import { hours, minutes } from './durations.ts'
import { scan } from './table.ts'

const raw = scan({ kind: 'source', name: 'flights' }, { date: 'local timestamp', delay: 'int64', origin: 'string' })
const airports = scan({ kind: 'source', name: 'airports' }, { iata: 'string', longitude: 'float64' })

// @ts-expect-error there is no 'dellay'; did you mean 'delay'?
raw.filter((r) => r.dellay.gt(15))
// @ts-expect-error text has no plus
raw.derive((r) => ({ x: r.origin.plus(1) }))
// @ts-expect-error a number is not a condition
raw.filter((r) => r.delay)
// @ts-expect-error no such column to select
raw.select('date', 'dleay')
// @ts-expect-error no such key on the other side
raw.join(airports, { origin: 'iataa' })

const joined = raw
  .join(airports, { origin: 'iata' })
  .derive((r) => ({ at: r.date.minus(minutes(r.longitude.times(4))).toInstant(), late: r.delay.gt(15) }))
const rate = joined.rolling({ by: 'origin', on: 'at', over: hours(3) }, (r) => ({ rate: mean(r.late), n: count() }))
const features = joined.asOf(rate, { by: 'origin', at: 'at' })
features.filter((r) => r.rate.gt(0.5).and(r.n.gt(3)))
// @ts-expect-error the window gives 'rate', not 'ratio'
features.filter((r) => r.ratio.gt(0.5))
// @ts-expect-error dropped
raw.drop('delay').filter((r) => r.delay.gt(1))

const sales = scan(
  { kind: 'source', name: 'sales' },
  { price: 'decimal(9, 2)', tags: 'string[]', place: { lat: 'float64' }, day: 'date' },
)
sales.derive((r) => ({
  a: r.price.plus('1.50'),
  b: r.tags.at(0).lower(),
  c: r.place.field('lat').round(2),
  d: r.day.addMonths(1),
}))
// @ts-expect-error a decimal is no text
sales.derive((r) => ({ a: r.price.lower() }))
// @ts-expect-error the items are text
sales.filter((r) => r.tags.contains(7))
// @ts-expect-error the struct has no field 'lon'
sales.derive((r) => ({ a: r.place.field('lon') }))
// @ts-expect-error after unnest the column is an item, not a list
sales.unnest('tags').derive((r) => ({ a: r.tags.at(0) }))
sales.unnest('tags').derive((r) => ({ a: r.tags.lower() }))
// @ts-expect-error a date has no hours
sales.derive((r) => ({ a: r.day.hour() }))

const kinds = scan(
  { kind: 'source', name: 'kinds' },
  { id: 'string', i: 'int32', l: 'int64', f: 'float32', d: 'float64', m: 'decimal(9, 2)', ok: 'bool', day: 'date', at: 'timestamp', took: 'duration', many: 'int64[]' }, // biome-ignore format: one line
)
const others = scan({ kind: 'source', name: 'others' }, { key: 'string', n: 'int64', label: 'string' })

// after semi and anti joins only the left side is there, after others the right side without its key
// @ts-expect-error no column of the other side
for (const how of ['semi', 'anti'] as const) kinds.join(others, { id: 'key' }, { how }).derive((r) => ({ x: r.label }))
kinds
  .join(others, { id: 'key' }, { how: 'left' })
  .derive((r) => ({ x: r.label.lower(), y: r.id.lower(), z: r.n.plus(1) }))
// @ts-expect-error the other side's key is not repeated
kinds.join(others, { id: 'key' }).derive((r) => ({ x: r.key }))
kinds.join(others.rename({ key: 'id' }), { id: 'id' }).derive((r) => ({ x: r.id.lower() }))
kinds.join(others, { i: 'n' })
kinds.join(others, { m: 'n' })
// @ts-expect-error text is never a number
kinds.join(others, { id: 'n' })
// @ts-expect-error no such key on this side, beside one that is
kinds.join(others, { id: 'key', idd: 'label' })

// arithmetic of 32 bits gives 64, beside a float a float
kinds.derive((r) => {
  const int: NumCol<'int64'>[] = [
    r.i.plus(1),
    r.i.times(2),
    r.i.minus(r.l),
    r.l.mod(7),
    r.i.intDiv(2),
    r.l.plus(2n ** 60n),
  ]
  const float: NumCol<'float64'>[] = [
    r.f.plus(1),
    r.f.minus(r.i),
    r.i.plus(0.5),
    r.l.mod(r.d),
    r.l.mod(1.5),
    r.d.times(2),
  ]
  // @ts-expect-error int64 in the schema
  const narrow: NumCol<'int32'> = r.i.plus(1)
  // @ts-expect-error float64 in the schema
  const whole: NumCol<'int64'> = r.l.mod(r.d)
  return { a: int[0] ?? r.l, b: float[0] ?? r.d, narrow, whole }
})
// @ts-expect-error an integer is never NaN
kinds.filter((r) => r.i.isNaN())
kinds.filter((r) => r.f.isNaN().or(r.d.isNaN()))
// @ts-expect-error of integers
kinds.derive((r) => ({ x: r.d.intDiv(2) }))
// @ts-expect-error of integers
kinds.derive((r) => ({ x: r.f.hash32() }))
// @ts-expect-error decimals have no remainder
kinds.derive((r) => ({ x: r.l.mod(r.m) }))
kinds.filter((r) => r.took.gt(hours(1)).or(r.took.between(minutes(1), minutes(2))))

kinds.aggregate([], (r) => ({
  a: sum(r.i),
  b: mean(r.ok),
  c: sum(r.m),
  d: quantile(r.f, 0.5),
  e: corr(r.i, r.d),
  f: max(r.day),
}))
// @ts-expect-error text has no sum
kinds.aggregate([], (r) => ({ a: sum(r.id) }))
// @ts-expect-error days have no mean
kinds.aggregate([], (r) => ({ a: mean(r.day) }))
// @ts-expect-error nor has text a correlation
kinds.aggregate([], (r) => ({ a: corr(r.i, r.id) }))
kinds.rolling({ by: 'id', on: 'at', over: hours(1) }, () => ({ n: count() }))
// @ts-expect-error a window goes along a time
kinds.rolling({ by: 'id', on: 'id', over: hours(1) }, () => ({ n: count() }))
kinds.unnest('many').filter((r) => r.many.gt(1))
// @ts-expect-error no list
kinds.unnest('id')

// a list that is made has items of a type
scan({ kind: 'source', name: 'tagged' }, { tags: 'string' })
  .derive((r) => ({ tag: r.tags.split('|') }))
  .unnest('tag')
  .filter((r) => r.tag.startsWith('a'))

// what is named by an option is a column of that name and type
kinds.unnest('many', { position: 'place' }).filter((r) => r.place.gt(0).and(r.many.gt(1)))
// @ts-expect-error no place was asked for
kinds.unnest('many', { keepEmpty: true }).filter((r) => r.place.gt(0))
// @ts-expect-error under another name
kinds.unnest('many', { position: 'place' }).filter((r) => r.position.gt(0))
kinds.unpivot(['f'], { name: 'which', value: 'reading' }).filter((r) => r.which.lower().eq('f').and(r.reading.gt(1)))
// @ts-expect-error it became a row of its own
kinds.unpivot(['f'], { name: 'which', value: 'reading' }).filter((r) => r.f.gt(1))
kinds.pivot(['day'], { key: 'id', values: ['a', 'b'] }, (r) => sum(r.d)).filter((r) => r.a.gt(r.b))
// @ts-expect-error not among the values
kinds.pivot(['day'], { key: 'id', values: ['a', 'b'] }, (r) => sum(r.d)).filter((r) => r.c.gt(1))
kinds.split({ train: 0.8, test: 0.2 }, { by: 'id' }).filter((r) => r.part.eq('train'))
kinds.split({ train: 0.8, test: 0.2 }, { by: 'id', name: 'fold' }).filter((r) => r.fold.eq('train'))
// @ts-expect-error it is called 'fold'
kinds.split({ train: 0.8, test: 0.2 }, { by: 'id', name: 'fold' }).filter((r) => r.part.eq('train'))
kinds.window({ by: 'id', order: 'at' }, (r) => ({ nth: rowNumber(), before: lag(r.took) })).filter((r) => r.nth.gt(1).and(r.before.gt(hours(1)))) // biome-ignore format: one line

// instants and wall clocks are never compared
const clocks = scan({ kind: 'source', name: 'clocks' }, { id: 'string', utc: 'timestamp', wall: 'local timestamp', n: 'int64' }) // biome-ignore format: one line
// @ts-expect-error an instant with a wall clock
kinds.filter((r) => r.at.lt(r.day.cast('local timestamp')))
// @ts-expect-error nor by their distance
clocks.derive((r) => ({ x: r.utc.since(r.wall) }))
// @ts-expect-error nor as keys
kinds.join(clocks, { at: 'wall' })
clocks.filter((r) => r.utc.lt(r.wall.toInstant('Asia/Seoul')))
const known = clocks.rename({ n: 'seen' })
kinds.asOf(known, { by: 'id', at: 'at', on: 'utc' }).filter((r) => r.seen.gt(1).and(r.wall.hour().gt(1)))
// @ts-expect-error its moment is not repeated
kinds.asOf(known, { by: 'id', at: 'at', on: 'utc' }).filter((r) => r.utc.isNull())
// @ts-expect-error a wall clock has no place among instants
kinds.asOf(known, { by: 'id', at: 'at', on: 'wall' })
// @ts-expect-error a number is no moment
kinds.asOf(known, { by: 'id', at: 'l', on: 'seen' })
const perWall = clocks.rolling({ by: 'id', on: 'wall', over: hours(1) }, () => ({ lately: count() }))
clocks.asOf(perWall, { by: 'id', at: 'wall' }).filter((r) => r.lately.gt(1))
// @ts-expect-error the window goes along a wall clock
clocks.asOf(perWall, { by: 'id', at: 'utc' })
// @ts-expect-error nor along days
kinds.rolling({ by: 'id', on: 'day', over: hours(1) }, () => ({ n: count() }))

// zones: editors complete those that there are, and any text is taken
const zones: Zone[] = ['Asia/Seoul', 'America/Argentina/Buenos_Aires', 'UTC', 'Etc/GMT-9', 'somewhere']
clocks.derive((r) => ({ x: r.utc.toLocal(zones[0]), y: r.wall.toInstant(zones[1]) }))

// a split and a sample go by what has a hash
kinds.sample(0.1, { by: ['id', 'at'] })
// @ts-expect-error a decimal has none
kinds.sample(0.1, { by: 'm' })
// @ts-expect-error nor has a float
kinds.split({ a: 1 }, { by: ['id', 'd'] })
