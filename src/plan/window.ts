import { GalleyError } from '../base/errors.ts'
import type { WithoutSchema } from './derive.ts'
import type { Frame } from './expr.ts'
import { infer, inferAgg } from './infer.ts'
import type { Node, SortKey } from './nodes.ts'
import { printExpr } from './print.ts'
import {
  type Field,
  fieldOf,
  isFloat,
  isInteger,
  isOrdered,
  isTemporal,
  type Schema,
  type Type,
  typeName,
} from './types.ts'

/** The columns of a window: the input's, without those it replaces, then its own. @throws PLAN_* */
export function windowSchema(n: WithoutSchema<Extract<Node, { op: 'window' }>>): Schema {
  const { schema } = n.input
  for (const name of n.by) fieldOf(schema, name, 'window')
  const keys = orderTypes(n.order, schema, 'window')
  const added = n.columns.map(([name, call]): Field => {
    const where = `window of '${name}'`
    const frame = 'frame' in call ? call.frame : undefined
    if (n.order.length === 0 && !(frame && frame.from === null && frame.to === null && call.fn === 'aggregate'))
      throw new GalleyError('PLAN_NEEDS_ORDER', {
        what: `${call.fn === 'aggregate' ? `a frame of '${name}'` : `${call.fn} ('${name}')`} needs an order`,
        why: 'a relation has none unless it is sorted',
        fix: "say it in the window: { order: ['date'] }",
      })
    if (frame) checkFrame(frame, n.order, keys, name)
    switch (call.fn) {
      case 'rowNumber':
      case 'rank':
      case 'denseRank':
        return { name, type: 'int64', nullable: false }
      case 'aggregate':
        return { name, ...inferAgg(call.agg, schema, where) }
      case 'lag':
      case 'lead':
        if (!(Number.isSafeInteger(call.offset) && call.offset >= 0))
          throw new GalleyError('PLAN_INVALID', { what: `${call.fn} counts rows: ${call.offset} is no number of them` })
        return { name, ...infer(call.arg, schema, where), nullable: true }
      default:
        return { name, ...infer(call.arg, schema, where), nullable: true }
    }
  })
  const names = new Set(added.map((f) => f.name))
  return [...schema.filter((f) => !names.has(f.name)), ...added]
}

/** The types of what rows are ordered by. @throws PLAN_TYPE_MISMATCH for one whose values have no order */
export function orderTypes(keys: readonly SortKey[], schema: Schema, where: string): Type[] {
  return keys.map(({ by }) => {
    const { type } = infer(by, schema, where)
    if (!isOrdered(type))
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: `${where} can't order by ${printExpr(by)}`,
        why: `it is a ${typeName(type)}, and lists and structs have no order`,
        fix: 'order by an item or a field of it, or by its length',
      })
    return type
  })
}

function checkFrame(frame: Frame, order: readonly SortKey[], keys: readonly Type[], name: string): void {
  const { from, to, unit } = frame
  const why = () => {
    const bounds = [from, to].filter((b) => b !== null)
    if (bounds.some((b) => (unit === 'rows' ? !Number.isSafeInteger(b) : !Number.isFinite(b))))
      return 'its ends must be whole rows'
    if (from !== null && to !== null && from > to) return 'it ends before it begins'
    if (unit === 'rows' || bounds.every((b) => b === 0)) return undefined
    const [key] = keys
    if (order.length !== 1 || order[0]?.descending) return 'a range needs exactly one ascending key'
    if (!key || !(isTemporal(key) || isInteger(key) || isFloat(key)))
      return 'a range needs an integer, a float or a time as its key'
    if (!isFloat(key) && bounds.some((b) => !Number.isSafeInteger(b)))
      return `over ${isInteger(key) ? 'integers' : 'times'} its ends are whole ${isInteger(key) ? 'numbers' : 'µs'}`
    return undefined
  }
  const wrong = why()
  if (wrong)
    throw new GalleyError('PLAN_INVALID', {
      what: `the frame of '${name}' can't be`,
      why: wrong,
      fix: 'write rows(-3, 0) or range(-3, 0); a range of times is in µs: range(-3 * 3_600_000_000, 0)',
    })
}
