import { call, type Expr, exprChildren, type FunctionName } from '../expr.ts'
import type { Node } from '../nodes.ts'
import { isFloat, type Schema } from '../types.ts'
import { mayRaise, readsOf } from './failing.ts'
import { sieve } from './make.ts'
import type { Sieve } from './rule.ts'

const known = { and: new WeakMap<Expr, readonly Expr[]>(), or: new WeakMap<Expr, readonly Expr[]>() }

/** The parts that a condition is made of by `and` (or `or`), in order. */
export function partsOf(e: Expr, fn: 'and' | 'or'): readonly Expr[] {
  if (e.op !== 'call' || e.fn !== fn) return [e]
  let parts = known[fn].get(e)
  if (!parts) known[fn].set(e, (parts = e.args.flatMap((a) => partsOf(a, fn))))
  return parts
}

/** The parts as one condition; there must be one at least. */
export const joined = (parts: readonly Expr[], fn: 'and' | 'or'): Expr => parts.reduce((a, b) => call(fn, a, b))

/** What joins the parts of a node's condition: a filter keeps what holds for all, a rejection drops what holds for one. */
export const joinerOf = (n: Sieve): 'and' | 'or' => (n.op === 'filter' ? 'and' : 'or')

interface Split {
  readonly below: Expr | undefined
  readonly above: Expr | undefined
}

/**
 * The part of a filter's condition that may be asked below its input, and the part that stays. A part that may raise
 * goes only with all the others, and only where the input drops no row that it would then see.
 */
export function split(n: Sieve, goes: (part: Expr) => boolean, drops: boolean): Split {
  const fn = joinerOf(n)
  const parts = partsOf(n.predicate, fn)
  const able = parts.map(goes)
  if (!able.includes(true)) return { below: undefined, above: n.predicate }
  const safe = (part: Expr) => !mayRaise(part, n.input)
  if (!able.includes(false) && (!drops || parts.every(safe))) return { below: n.predicate, above: undefined }
  const below = parts.filter((part, i) => able[i] && safe(part))
  const above = parts.filter((part) => !below.includes(part))
  return {
    below: below.length > 0 ? joined(below, fn) : undefined,
    above: above.length > 0 ? joined(above, fn) : undefined,
  }
}

/** What a push-down gives: the part that stays over the input that took the other part. Undefined when none goes. */
export function pushed(n: Sieve, parts: Split, put: (below: Expr) => Node): Node | undefined {
  if (!parts.below) return undefined
  const input = put(parts.below)
  return parts.above ? sieve(n, input, parts.above) : input
}

/** Whether an expression reads columns, and only these. */
export function readsOnly(e: Expr, names: ReadonlySet<string>): boolean {
  const columns = readsOf(e)
  return columns.length > 0 && columns.every((name) => names.has(name))
}

export const namesOf = (schema: Schema): ReadonlySet<string> => new Set(schema.map((f) => f.name))

const COMPARES: ReadonlySet<FunctionName> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isIn', 'isNull', 'isNaN'])

/**
 * Whether an expression gives the same for values that count as equal: −0 and 0 are, and only a comparison does not
 * tell them apart. Asked where rows that are equal stand for one another.
 */
export function seesEqual(e: Expr, schema: Schema): boolean {
  if (e.op === 'col') return !isNested(schema, e.name) && !isFloating(schema, e.name)
  const compares = e.op === 'call' && COMPARES.has(e.fn)
  return exprChildren(e).every((child) =>
    compares && child.op === 'col' ? !isNested(schema, child.name) : seesEqual(child, schema),
  )
}

const typeOf = (schema: Schema, name: string) => schema.find((f) => f.name === name)?.type
const isFloating = (schema: Schema, name: string) => isFloat(typeOf(schema, name) ?? 'bool')
const isNested = (schema: Schema, name: string) => {
  const type = typeOf(schema, name)
  return typeof type === 'object' && !('decimal' in type)
}
