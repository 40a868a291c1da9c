import { DIGITS, formatParts } from '../../plan/functions/time-format.ts'
import { instantOf, localOf } from '../../plan/functions/zones.ts'
import { isInteger, type Type } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { invalid, onCalendar } from '../values.ts'
import { big, int64, num, roundHalfAway, type Scalar, type Scalars } from './scalar.ts'

const DAY = 86_400_000_000n
const mod = (a: bigint, b: bigint): bigint => ((a % b) + b) % b
/** Days since 1970 of a local timestamp (µs) or a date. */
const dayOf = (v: Value | undefined): number => (typeof v === 'bigint' ? Number((v - mod(v, DAY)) / DAY) : num(v))
const microsOfDay = (v: Value | undefined): bigint => mod(big(v), DAY)
/** @throws VALUE_INVALID for a day that lies more than a hundred million days from 1970 */
const dateOf = (v: Value | undefined): Date => new Date(onCalendar(dayOf(v)) * 86_400_000)
const calendar =
  (f: (d: Date) => number): Scalar =>
  ([v]) =>
    BigInt(f(dateOf(v)))
/** Another day at the same time of day, in the type of `like`. */
const onDay = (day: number, like: Value | undefined): Value =>
  typeof like === 'bigint' ? BigInt(day) * DAY + microsOfDay(like) : day
/** Days since 1970 of a date of the Gregorian calendar, also beyond those that `Date` has; months count from 0, and may be any number. */
function dayNumber(year: number, month: number, day: number): number {
  // counted from March, so that the leap day is a year's last
  const months = year * 12 + month - 2
  const y = Math.floor(months / 12)
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (months - y * 12) + 2) / 5) + day - 1
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}
/** The Thursday of a day's week, as its day and its year: ISO's year and week are those of it. */
function thursday(d: Date): { day: number; year: number } {
  const day = dayOf(d.getTime() / 86_400_000) + 4 - (d.getUTCDay() || 7)
  // the calendar's last days are in the middle of a year
  const within = Math.max(-100_000_000, Math.min(100_000_000, day))
  return { day, year: new Date(within * 86_400_000).getUTCFullYear() }
}

function addMonths(v: Value | undefined, months: bigint): Value {
  const d = dateOf(v)
  const all = d.getUTCFullYear() * 12 + d.getUTCMonth() + Number(months)
  const [year, month] = [Math.floor(all / 12), ((all % 12) + 12) % 12]
  const last = new Date(dayNumber(year, month + 1, 0) * 86_400_000).getUTCDate()
  const day = dayNumber(year, month, Math.min(d.getUTCDate(), last))
  if (!Number.isFinite(day) || Math.abs(day) > 100_000_000)
    throw invalid('addMonths leaves the calendar', `it adds ${months} months`)
  return onDay(day, v)
}

function truncate(v: Value | undefined, unit: string): Value {
  const d = dateOf(v)
  const start = (): number => {
    switch (unit) {
      case 'year':
        return dayNumber(d.getUTCFullYear(), 0, 1)
      case 'quarter':
        return dayNumber(d.getUTCFullYear(), d.getUTCMonth() - (d.getUTCMonth() % 3), 1)
      case 'month':
        return dayNumber(d.getUTCFullYear(), d.getUTCMonth(), 1)
      case 'week':
        return dayOf(v) - ((d.getUTCDay() || 7) - 1)
      default:
        return dayOf(v)
    }
  }
  const micros: Record<string, bigint> = { hour: 3_600_000_000n, minute: 60_000_000n, second: 1_000_000n }
  const size = micros[unit]
  if (size !== undefined) return big(v) - mod(big(v), size)
  return typeof v === 'bigint' ? BigInt(start()) * DAY : start()
}

/** @throws VALUE_INVALID when the text is not such a time to the last character */
function parseTime(text: string, format: string): bigint {
  const fail = () => invalid(`'${text}' is not a time like '${format}'`, 'every part must have all its digits')
  const parts: Record<string, number> = { Y: 1970, m: 1, d: 1, H: 0, M: 0, S: 0, f: 0 }
  let at = 0
  for (const { directive, short, text: plain } of formatParts(format)) {
    if (directive) {
      const most = text.slice(at, at + (DIGITS[directive] as number))
      const digits = short ? (/^\d*/.exec(most)?.[0] ?? '') : most
      if ((short ? digits === '' : digits.length !== DIGITS[directive]) || !/^\d+$/.test(digits)) throw fail()
      parts[directive] = Number(digits)
      at += digits.length
    } else {
      if (!text.startsWith(plain as string, at)) throw fail()
      at += (plain as string).length
    }
  }
  const { Y = 0, m = 0, d = 0, H = 0, M = 0, S = 0, f = 0 } = parts
  const day = dayNumber(Y, m - 1, d)
  const date = new Date(day * 86_400_000)
  if (
    at !== text.length ||
    Y < 1 ||
    date.getUTCMonth() !== m - 1 ||
    date.getUTCDate() !== d ||
    H > 23 ||
    M > 59 ||
    S > 59
  )
    throw fail()
  return BigInt(day) * DAY + BigInt((H * 60 + M) * 60 + S) * 1_000_000n + BigInt(f)
}

function formatTime(v: Value | undefined, format: string): string {
  const d = dateOf(v)
  const micros = typeof v === 'bigint' ? microsOfDay(v) : 0n
  const values: Record<string, number | bigint> = {
    Y: d.getUTCFullYear(),
    m: d.getUTCMonth() + 1,
    d: d.getUTCDate(),
    H: micros / 3_600_000_000n,
    M: (micros / 60_000_000n) % 60n,
    S: (micros / 1_000_000n) % 60n,
    f: micros % 1_000_000n,
  }
  return formatParts(format)
    .map(({ directive, short, text }) =>
      directive ? String(values[directive]).padStart(short ? 1 : (DIGITS[directive] as number), '0') : text,
    )
    .join('')
}

export const TIME: Scalars<
  | 'addDuration'
  | 'subDuration'
  | 'diffTime'
  | 'micros'
  | 'inMicros'
  | 'addMonths'
  | 'addDays'
  | 'toInstant'
  | 'toLocal'
  | 'toDate'
  | 'truncate'
  | 'parseTime'
  | 'formatTime'
  | 'year'
  | 'quarter'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'minuteOfDay'
  | 'weekday'
  | 'dayOfYear'
  | 'isoWeek'
  | 'isoYear'
> = {
  addDuration: ([a, b]) => int64(big(a) + big(b), 'plus'),
  subDuration: ([a, b]) => int64(big(a) - big(b), 'minus'),
  diffTime: ([a, b], [t]) => int64(t === 'date' ? BigInt(num(a) - num(b)) * DAY : big(a) - big(b), 'minus'),
  micros: ([a], [t]) => {
    if (isInteger(t as Type)) return BigInt(a as bigint)
    const x = roundHalfAway(num(a))
    if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 63) throw invalid('a duration is out of range', `it is ${x} µs`)
    return BigInt(x)
  },
  inMicros: ([a]) => a as Value,
  addMonths: ([a, n]) => addMonths(a, BigInt(n as bigint)),
  addDays: ([a, n]) => {
    const day = dayOf(a) + Number(n)
    if (Math.abs(day) > 100_000_000) throw invalid('addDays leaves the calendar', `it adds ${String(n)} days`)
    return onDay(day, a)
  },
  toInstant: ([a, zone]) => (zone === undefined ? (a as Value) : instantOf(big(a), String(zone))),
  toLocal: ([a, zone]) => (zone === undefined ? (a as Value) : localOf(big(a), String(zone))),
  toDate: ([a]) => dayOf(a),
  truncate: ([a, unit]) => truncate(a, String(unit)),
  parseTime: ([s, format]) => parseTime(s as string, format as string),
  formatTime: ([a, format]) => formatTime(a, format as string),
  year: calendar((d) => d.getUTCFullYear()),
  quarter: calendar((d) => Math.floor(d.getUTCMonth() / 3) + 1),
  month: calendar((d) => d.getUTCMonth() + 1),
  day: calendar((d) => d.getUTCDate()),
  weekday: calendar((d) => d.getUTCDay() || 7),
  dayOfYear: calendar((d) => dayOf(d.getTime() / 86_400_000) - dayNumber(d.getUTCFullYear(), 0, 1) + 1),
  isoWeek: calendar((d) => {
    const t = thursday(d)
    return Math.floor((t.day - dayNumber(t.year, 0, 1)) / 7) + 1
  }),
  isoYear: calendar((d) => thursday(d).year),
  hour: ([v]) => microsOfDay(v) / 3_600_000_000n,
  minute: ([v]) => (microsOfDay(v) / 60_000_000n) % 60n,
  second: ([v]) => (microsOfDay(v) / 1_000_000n) % 60n,
  minuteOfDay: ([v]) => microsOfDay(v) / 60_000_000n,
}
