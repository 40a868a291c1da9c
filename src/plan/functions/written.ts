import type { FunctionName } from '../expr.ts'
import { isDecimal, isNumeric, isTemporal, type Type, typeName } from '../types.ts'

/** What recipes write for a function, where it is not the function's own name. */
const WRITTEN: Partial<Record<FunctionName | 'case', string>> = {
  add: 'plus',
  sub: 'minus',
  mul: 'times',
  addDuration: 'plus',
  subDuration: 'minus',
  diffTime: 'since',
  formatTime: 'format',
  inMicros: 'micros',
  roundTo: 'round',
  coalesce: 'orElse',
  case: 'choose',
  list: 'listOf',
  struct: 'structOf',
  listLength: 'length',
  listContains: 'contains',
  listCount: 'count',
  listGet: 'at',
  listJoin: 'join',
  listDistinct: 'distinct',
}

/** A function's name as recipes have it. */
export const writtenAs = (fn: string): string => WRITTEN[fn as FunctionName | 'case'] ?? fn

/** What brings an instant and a wall clock together. */
export const ONE_CLOCK =
  "bring both to one clock: .toInstant('Asia/Seoul') of the local timestamp, or .toLocal('Asia/Seoul') of the timestamp"

/** Whether an instant stands beside a wall clock. */
export const twoClocks = (types: readonly Type[]): boolean =>
  types.includes('timestamp') && types.includes('local timestamp')

/** What to do where values of these types don't go together. */
export function mended(types: readonly Type[]): string {
  if (twoClocks(types)) return ONE_CLOCK
  const numbers = types.filter(isNumeric)
  if (types.includes('date') && (types.includes('duration') || numbers.length > 0))
    return "a date goes by whole days: .addDays(n), .addMonths(n); or make a wall clock of it first: .cast('local timestamp')"
  if (types.includes('duration') && numbers.length > 0)
    return 'give the number its unit: days(n), hours(n), minutes(n), seconds(n)'
  if (types.some(isTemporal) && numbers.length > 0)
    return 'give the number its unit, days(n), hours(n), minutes(n) or seconds(n), or read the time as a number first: .year(), .hour()'
  const [to] = numbers
  if (types.includes('string') && to)
    return `read the text as a number first: .cast('${isDecimal(to) ? typeName(to) : String(to)}')`
  if (types.includes('string') && types.some(isTemporal))
    return "read the text as a time first: .parseTime('%Y-%m-%d %H:%M')"
  return `convert ${types.length > 1 ? 'one' : 'it'} with cast(), or use another column`
}
