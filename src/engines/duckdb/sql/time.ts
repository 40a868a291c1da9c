import { DIGITS, formatParts } from '../../../plan/functions/time-format.ts'
import { isInteger } from '../../../plan/types.ts'
import { constantOf, failing, type Sql, type Sqls } from './call.ts'
import { sqlType, text } from './names.ts'

const part =
  (name: string): Sql =>
  ({ args: [a] }) =>
    `CAST(${name}(${a}) AS BIGINT)`
const shift =
  (sign: string): Sql =>
  ({ args: [a, b], type }) =>
    type === 'duration' ? `(${a} ${sign} ${b})` : `make_timestamp(epoch_us(${a}) ${sign} ${b})`

/** A date or timestamp moved by intervals; DuckDB gives a timestamp for both. */
const moved = (sql: string, type: Parameters<typeof sqlType>[0]): string => `CAST(${sql} AS ${sqlType(type)})`

/** The wall clock in a zone of an instant. */
const wall = (instant: string, zone: string): string => `timezone(${zone}, (${instant}) AT TIME ZONE 'UTC')`

/**
 * The instant of a wall clock. ICU moves a time that does not exist forward, as we do, but takes the second of two; so
 * the offset of the day before is tried, and where it gives the same wall clock the earlier instant counts.
 */
function instant(local: string, zone: string): string {
  const last = `(timezone(${zone}, ${local}) AT TIME ZONE 'UTC')`
  const dayBefore = `make_timestamp(epoch_us(${last}) - 86400000000)`
  const first = `make_timestamp(epoch_us(${local}) - (epoch_us(${wall(dayBefore, zone)}) - epoch_us(${dayBefore})))`
  return `CASE WHEN ${wall(first, zone)} = ${local} THEN least(${first}, ${last}) ELSE ${last} END`
}

function parse({ args: [a], exprs }: Parameters<Sql>[0]): string {
  const parts = formatParts(constantOf(exprs, 1))
  const digits = (p: (typeof parts)[number], group: boolean) => {
    const some = `[0-9]{${p.short ? '1,' : ''}${DIGITS[p.directive as string]}}`
    return group ? `(${some})` : some
  }
  const patternOf = (group: boolean) =>
    parts
      .map((p) =>
        p.directive
          ? digits(p, group)
          : (p.text ?? '').replace(/[^A-Za-z0-9 _,:;/-]/g, (c) => `\\x{${c.codePointAt(0)?.toString(16)}}`),
      )
      .join('')
  const pattern = patternOf(false)
  // every part by its place in the text, since strptime takes fewer digits and more white space than we do
  let at = 1
  let group = 0
  const found: Record<string, string> = {}
  // where a part may be shorter, places differ
  const short = parts.some((p) => p.short)
  for (const p of parts) {
    if (p.directive && short)
      found[p.directive] = `CAST(regexp_extract(${a}, ${text(patternOf(true))}, ${++group}) AS BIGINT)`
    else if (p.directive) found[p.directive] = `CAST(substring(${a}, ${at}, ${DIGITS[p.directive]}) AS BIGINT)`
    at += p.directive ? (DIGITS[p.directive] as number) : [...(p.text ?? '')].length
  }
  const get = (d: string, otherwise: number) => found[d] ?? `${otherwise}::BIGINT`
  const time = `((${get('H', 0)} * 60 + ${get('M', 0)}) * 60 + ${get('S', 0)}) * 1000000 + ${get('f', 0)}`
  const ok = [
    `regexp_full_match(${a}, ${text(pattern)})`,
    `${get('Y', 1970)} > 0`,
    `${get('H', 0)} < 24`,
    `${get('M', 0)} < 60`,
    `${get('S', 0)} < 60`,
  ]
  const wrong = failing('a text is not a time of that format', 'TIMESTAMP')
  const value = `make_timestamp(epoch_us(CAST(make_date(${get('Y', 1970)}, ${get('m', 1)}, ${get('d', 1)}) AS TIMESTAMP)) + ${time})`
  return `CASE WHEN ${a} IS NULL THEN NULL WHEN ${ok[0]} THEN CASE WHEN ${ok.slice(1).join(' AND ')} THEN ${value} ELSE ${wrong} END ELSE ${wrong} END`
}

function format({ args: [a], types: [type], exprs }: Parameters<Sql>[0]): string {
  const clock: Record<string, string> = { H: 'hour', M: 'minute', S: 'second' }
  const pieces = formatParts(constantOf(exprs, 1)).map(({ directive, short, text: plain }) => {
    if (!directive) return text(plain ?? '')
    if (short) {
      const clockOrDate = { ...clock, m: 'month', d: 'day' }[directive] as string
      return type === 'date' && directive in clock ? `'0'` : `CAST(${clockOrDate}(${a}) AS VARCHAR)`
    }
    const width = DIGITS[directive]
    const names: Record<string, string> = { Y: 'year', m: 'month', d: 'day' }
    const date = names[directive]
    // what is longer, the years beyond 9999, would be cut
    if (directive === 'Y')
      return `lpad(CAST(year(${a}) AS VARCHAR), greatest(${width}, length(CAST(year(${a}) AS VARCHAR)))::INTEGER, '0')`
    if (date) return `lpad(CAST(${date}(${a}) AS VARCHAR), ${width}, '0')`
    if (type === 'date') return `'${'0'.repeat(width ?? 2)}'`
    if (directive === 'f') return `lpad(CAST(microsecond(${a}) % 1000000 AS VARCHAR), 6, '0')`
    return `lpad(CAST(${clock[directive]}(${a}) AS VARCHAR), ${width}, '0')`
  })
  return pieces.length === 0
    ? `CASE WHEN ${a} IS NOT NULL THEN '' END`
    : `(${[`''`, ...pieces].join(' || ')} || CASE WHEN ${a} IS NOT NULL THEN '' END)`
}

export const TIME: Sqls<
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
  addDuration: shift('+'),
  subDuration: shift('-'),
  diffTime: ({ args: [a, b], types: [type] }) =>
    type === 'date' ? `(CAST(${a} - ${b} AS BIGINT) * 86400000000)` : `(epoch_us(${a}) - epoch_us(${b}))`,
  micros: ({ args: [a], types: [type = 'int64'] }) =>
    isInteger(type) ? `CAST(${a} AS BIGINT)` : `CAST(round(${a}) AS BIGINT)`,
  inMicros: ({ args: [a] }) => a ?? '',
  addMonths: ({ args: [a, n], type }) => moved(`${a} + to_months(CAST(${n} AS INTEGER))`, type),
  addDays: ({ args: [a, n], type }) => moved(`${a} + to_days(CAST(${n} AS INTEGER))`, type),
  toInstant: ({ args: [a = '', zone] }) => (zone ? instant(a, zone) : a),
  toLocal: ({ args: [a = '', zone] }) => (zone ? wall(a, zone) : a),
  toDate: ({ args: [a] }) => `CAST(${a} AS DATE)`,
  truncate: ({ args: [a, unit], type }) => moved(`date_trunc(${unit}, ${a})`, type),
  parseTime: parse,
  formatTime: format,
  year: part('year'),
  quarter: part('quarter'),
  month: part('month'),
  day: part('day'),
  hour: part('hour'),
  minute: part('minute'),
  second: part('second'),
  minuteOfDay: ({ args: [a] }) => `CAST(hour(${a}) * 60 + minute(${a}) AS BIGINT)`,
  weekday: part('isodow'),
  dayOfYear: part('dayofyear'),
  isoWeek: part('weekofyear'),
  isoYear: part('isoyear'),
}
