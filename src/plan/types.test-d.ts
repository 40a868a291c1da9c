/** What the editor says: lines marked with @ts-expect-error must be errors, all others must not. */
import { count, mean } from './aggregates.ts'
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
