import { nearest } from '../../base/errors.ts'
import { isTemporal, type Type, typeName } from '../types.ts'
import { constantText, numeric, type Rule, type Rules } from './rule.ts'
import { TIME_FORMAT } from './time-format.ts'
import { isZone } from './zones.ts'

export const TRUNCATIONS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'] as const

const ZONE_FIRST = "say whose clock it is read on: .toLocal('Asia/Seoul') first, .toLocal() for UTC"
const IS_WALL = "it is a wall clock already; .toInstant('Asia/Seoul') makes an instant of it"

const calendar: Rule = ([a], fail) => {
  if (a?.type === 'timestamp') throw fail('an instant has no calendar part without a zone', undefined, ZONE_FIRST)
  if (!a || (a.type !== 'local timestamp' && a.type !== 'date')) throw fail('it takes a local timestamp or a date')
  return 'int64'
}
const clock: Rule = (args, fail, exprs) => {
  calendar(args, fail, exprs)
  if (args[0]?.type === 'date') throw fail('a date has no time of day')
  return 'int64'
}
const shift: Rule = ([a, b], fail) => {
  if (
    !a ||
    !(a.type === 'timestamp' || a.type === 'local timestamp' || a.type === 'duration') ||
    b?.type !== 'duration'
  )
    throw fail('it takes a time and a duration')
  return a.type
}
/** From one type to another; with a second argument, a zone by its IANA name. */
const zoned =
  (from: Type, to: Type): Rule =>
  ([a], fail, exprs) => {
    if (a?.type !== from) {
      const other = a?.type === 'timestamp' ? ZONE_FIRST : a?.type === 'local timestamp' ? IS_WALL : undefined
      throw fail(`it takes a ${typeName(from)}`, undefined, other)
    }
    if (exprs.length > 1) {
      const zone = constantText(exprs, 1, 'the time zone', fail)
      if (!isZone(zone)) {
        const close = nearest(zone, Intl.supportedValuesOf('timeZone'))
        const fix = close ? `did you mean '${close}'?` : "use an IANA name such as 'Asia/Seoul'"
        throw fail(`there is no time zone '${zone}'`, 'constant', fix)
      }
    }
    return to
  }
const dateShift: Rule = ([a, b], fail) => {
  if (!a || (a.type !== 'local timestamp' && a.type !== 'date')) throw fail('it takes a local timestamp or a date')
  if (b?.type !== 'int64' && b?.type !== 'int32') throw fail('it takes a whole number of them')
  return a.type
}
const format = (exprs: Parameters<Rule>[2], fail: Parameters<Rule>[1]): void => {
  const pattern = constantText(exprs, 1, 'the format', fail)
  if (!TIME_FORMAT.test(pattern))
    throw fail(
      `'${pattern}' is not a format: it is made of %Y %m %d %H %M %S %f, each at most once (%-m and the like for one or two digits, with another character behind), and other characters`,
      'constant',
      'write for instance %Y-%m-%d %H:%M:%S',
    )
  if (!pattern.includes('%'))
    throw fail(`'${pattern}' has no part of a time in it`, 'constant', 'write for instance %Y-%m-%d for 2001-06-30')
}

export const TIME: Rules<
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
  addDuration: shift,
  subDuration: shift,
  diffTime: ([a, b], fail) => {
    if (!a || !b || !isTemporal(a.type) || a.type !== b.type) throw fail('it takes two timestamps of one kind')
    return 'duration'
  },
  micros: (args, fail, exprs) => {
    numeric(args, fail, exprs)
    if (typeof args[0]?.type === 'object') throw fail('it takes an integer or a float')
    return 'duration'
  },
  inMicros: ([a], fail) => {
    if (a?.type !== 'duration') throw fail('it takes a duration')
    return 'int64'
  },
  addMonths: dateShift,
  addDays: dateShift,
  toInstant: zoned('local timestamp', 'timestamp'),
  toLocal: zoned('timestamp', 'local timestamp'),
  toDate: zoned('local timestamp', 'date'),
  truncate: ([a], fail, exprs) => {
    if (!a || (a.type !== 'local timestamp' && a.type !== 'date')) throw fail('it takes a local timestamp or a date')
    const unit = constantText(exprs, 1, 'the unit', fail)
    const units: readonly string[] = a.type === 'date' ? TRUNCATIONS.slice(0, 5) : TRUNCATIONS
    if (!units.includes(unit)) {
      const close = nearest(unit, units)
      throw fail(`the unit must be one of ${units.join(', ')}`, 'constant', close && `did you mean '${close}'?`)
    }
    return a.type
  },
  parseTime: ([a], fail, exprs) => {
    if (a?.type !== 'string') throw fail('it takes text')
    format(exprs, fail)
    return 'local timestamp'
  },
  formatTime: ([a], fail, exprs) => {
    if (!a || (a.type !== 'local timestamp' && a.type !== 'date')) throw fail('it takes a local timestamp or a date')
    format(exprs, fail)
    return 'string'
  },
  year: calendar,
  quarter: calendar,
  month: calendar,
  day: calendar,
  hour: clock,
  minute: clock,
  second: clock,
  minuteOfDay: clock,
  weekday: calendar,
  dayOfYear: calendar,
  isoWeek: calendar,
  isoYear: calendar,
}
