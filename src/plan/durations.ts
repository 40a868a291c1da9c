import { GalleyError } from '../base/errors.ts'
import type { Col } from './columns/kinds.ts'
import { call } from './expr.ts'
import { literal } from './literal.ts'

const durationOf =
  (unit: number) =>
  (amount: number | Col): Col<'duration'> => {
    if (typeof amount === 'number') {
      const micros = Math.round(amount * unit)
      return Object.freeze({
        expr: { op: 'lit', value: String(micros), type: 'duration' },
        type: 'duration',
      }) as unknown as Col<'duration'>
    }
    if (amount.type === 'int32' || amount.type === 'int64')
      return Object.freeze({
        expr: call('micros', call('mul', amount.expr, literal(unit, 'int64'))),
        type: 'duration',
      }) as unknown as Col<'duration'>
    return Object.freeze({
      expr: call('micros', call('mul', amount.expr, literal(unit, 'float64'))),
      type: 'duration',
    }) as unknown as Col<'duration'>
  }

/** Durations from a number or a numeric column; parts of a microsecond are rounded half away from zero. */
export const seconds = durationOf(1e6)
export const minutes = durationOf(60e6)
export const hours = durationOf(3600e6)
export const days = durationOf(86400e6)

/** The µs of a constant duration. @throws PLAN_INVALID; PLAN_TYPE_MISMATCH for a number without a unit */
export function constantMicros(d: Col<'duration'>): number {
  checkDuration(d, 'a span')
  if (d.expr.op === 'lit' && d.expr.value !== null) return Number(d.expr.value)
  throw new GalleyError('PLAN_INVALID', { what: 'a window needs a constant span', fix: 'write for instance hours(3)' })
}

/** @throws PLAN_TYPE_MISMATCH for what is no duration; a number has no unit */
export function checkDuration(value: unknown, what: string): void {
  if (value !== null && typeof value === 'object' && 'expr' in value) return
  const n = typeof value === 'number' ? String(value) : 'n'
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${what} is a duration, not ${typeof value === 'string' ? `'${value}'` : String(value)}`,
    ...(typeof value === 'number' ? { why: 'the number has no unit' } : {}),
    fix: `write the unit: days(${n}), hours(${n}), minutes(${n}) or seconds(${n})`,
  })
}
