import type { Col, In, NumCol, Ordered, StringCol } from './kinds.ts'
import type { Zone } from './zone.ts'

interface Calendar<Self> {
  year(): NumCol<'int64'>
  quarter(): NumCol<'int64'>
  month(): NumCol<'int64'>
  day(): NumCol<'int64'>
  /** 1 Monday … 7 Sunday. */
  weekday(): NumCol<'int64'>
  dayOfYear(): NumCol<'int64'>
  isoWeek(): NumCol<'int64'>
  isoYear(): NumCol<'int64'>
  /** The same day so many months on, or the month's last day. */
  addMonths(months: number | NumCol<'int64'>): Self
  addDays(days: number | NumCol<'int64'>): Self
  format(format: string): StringCol
  hash32(): NumCol<'int64'>
}
export interface DateCol extends Ordered<'date'>, Calendar<DateCol> {
  since(other: In<'date'>): DurationCol
  truncate(unit: 'year' | 'quarter' | 'month' | 'week' | 'day'): DateCol
}
export interface LocalCol extends Ordered<'local timestamp'>, Calendar<LocalCol> {
  plus(d: Col<'duration'>): LocalCol
  minus(d: Col<'duration'>): LocalCol
  since(other: In<'local timestamp'>): DurationCol
  hour(): NumCol<'int64'>
  minute(): NumCol<'int64'>
  second(): NumCol<'int64'>
  /** 0 … 1439. */
  minuteOfDay(): NumCol<'int64'>
  truncate(unit: 'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second'): LocalCol
  toDate(): DateCol
  /** Reads the wall clock in a zone such as `Asia/Seoul`; without one, as UTC. A time that does not exist moves forward, of two the first counts. */
  toInstant(zone?: Zone): InstantCol
}
export interface InstantCol extends Ordered<'timestamp'> {
  plus(d: Col<'duration'>): InstantCol
  minus(d: Col<'duration'>): InstantCol
  since(other: In<'timestamp'>): DurationCol
  /** The wall clock in a zone; without one, in UTC. */
  toLocal(zone?: Zone): LocalCol
  hash32(): NumCol<'int64'>
}
export interface DurationCol extends Ordered<'duration'> {
  plus(d: Col<'duration'>): DurationCol
  minus(d: Col<'duration'>): DurationCol
  micros(): NumCol<'int64'>
}
