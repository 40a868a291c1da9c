import type { Literal } from '../../plan/expr.ts'
import { isFloat, isInteger, sameType } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { literalValue } from '../values.ts'
import type { Emitted, Emitter } from './emitter.ts'
import { SAFE } from './kernel.ts'
import type { Val } from './lower.ts'
import { isLong, repOf, ZERO } from './reps.ts'

/** A literal's value; undefined when the expression is none. */
export const literalIn = (val: Val): { readonly value: Literal } | undefined =>
  val.expr?.op === 'lit' ? val.expr : undefined

/** Operations below which computing both sides is cheaper than a branch. */
const CHEAP = 6

/** `and` and `or`: a side that decides alone decides, whatever the other one is. */
const logic =
  (decides: boolean) =>
  (e: Emitter, val: Val): Emitted => {
    const [left, right] = val.args as [Val, Val]
    const a = e.emit(left)
    const lazy = e.cost(right, CHEAP) >= CHEAP
    let b: Emitted
    if (!lazy) b = e.emit(right)
    else {
      e.hoist([right])
      const [v, s] = [e.name(), e.name()]
      e.line(`let ${v} = false, ${s} = 0`)
      let may = 0
      const decided = decides ? a.v : isFalse(a)
      e.block(`if (!(${decided}))`, () => {
        const inner = e.emit(right)
        may = inner.may
        e.line(`${v} = ${inner.v}; ${s} = ${inner.s}`)
      })
      // a left side that decides leaves the right one at 'false, there', which decides nothing against it
      b = { v, s: may === 0 ? '0' : s, may, rep: 'bool', nan: false, low: 0, high: 0 }
    }
    const v = e.set(decides ? `${a.v} || ${b.v}` : `${a.v} && ${b.v}`)
    const may = a.may | b.may
    if (may === 0) return { ...b, v, s: '0', may }
    const both = [a, b].filter((x) => x.may !== 0).map((x) => x.s)
    const settled = decides ? v : `${isFalse(a)} || ${isFalse(b)}`
    return { ...b, v, s: e.set(`${settled} ? 0 : ${[...new Set(both)].join(' | ')}`), may }
  }

const isFalse = (a: Emitted): string => (a.may === 0 ? `!${a.v}` : `(${a.s} === 0 && !${a.v})`)

export const emitAnd = logic(false)
export const emitOr = logic(true)

/** A result that several branches assign. */
function result(e: Emitter, val: Val) {
  const rep = repOf(val, e.variant)
  const [v, s] = [e.name(), e.name()]
  e.line(`let ${v} = ${ZERO[rep]}, ${s} = 0`)
  let may = 0
  let nan = false
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  return {
    s,
    take(a: Emitted) {
      const value = a.rep === rep ? a.v : rep === 'big' ? `BigInt(${a.v})` : a.rep === 'big' ? `Number(${a.v})` : a.v
      if (a.s === '0') e.line(`${v} = ${value}`)
      else e.line(`${v} = ${value}; ${s} = ${a.s}`)
      may |= a.may
      nan ||= a.nan
      low = Math.min(low, a.low)
      high = Math.max(high, a.high)
    },
    fail(state: string) {
      e.line(`${s} = ${state}`)
      may |= 2
    },
    get emitted(): Emitted {
      return { v, s: may === 0 ? '0' : s, may, rep, nan, low, high }
    },
  }
}

/** Whether values of `args` may be held as the result is: one type, or numbers that widen to it. */
const widens = (val: Val, args: readonly Val[]): boolean =>
  args.every(
    (a) =>
      sameType(a.type, val.type) ||
      (isFloat(val.type) && (isInteger(a.type) || isFloat(a.type))) ||
      (isLong(val.type) && a.type === 'int32'),
  )

/** Evaluates the branch that is taken, and what several places use before it. */
export function emitCase(e: Emitter, val: Val): Emitted | undefined {
  const { args } = val
  if (
    !widens(
      val,
      args.filter((_, i) => i % 2 === 1 || i === args.length - 1),
    )
  )
    return undefined
  e.hoist(args)
  const out = result(e, val)
  const branch = (k: number): void => {
    if (k === args.length - 1) {
      out.take(e.emit(args[k] as Val))
      return
    }
    const condition = e.emit(args[k] as Val)
    e.block(`if (${condition.v})`, () => out.take(e.emit(args[k + 1] as Val)))
    if (condition.may & 2) e.block(`else if (${condition.s} >= 2)`, () => out.fail('2'))
    e.block('else', () => branch(k + 2))
  }
  branch(0)
  return out.emitted
}

export function emitCoalesce(e: Emitter, val: Val): Emitted | undefined {
  if (!widens(val, val.args)) return undefined
  e.hoist(val.args)
  const out = result(e, val)
  const rest = (k: number): number => {
    const a = e.emit(val.args[k] as Val)
    out.take(a)
    if ((a.may & 1) === 0 || k + 1 === val.args.length) return a.may
    let may = a.may & 2
    e.block(`if (${a.s} === 1)`, () => {
      e.line(`${out.s} = 0`)
      may |= rest(k + 1)
    })
    return may
  }
  const may = rest(0)
  return { ...out.emitted, may, s: may === 0 ? '0' : out.s }
}

/** Membership in a set of literals: a few comparisons or a Set. */
export function emitIsIn(e: Emitter, val: Val): Emitted | undefined {
  const [arg, ...set] = val.args as [Val, ...Val[]]
  const items: Value[] = []
  let withNull = false
  for (const item of set) {
    const literal = literalIn(item)
    if (!literal) return undefined
    const value = literalValue(literal.value, item.type)
    if (value === null) withNull = true
    else items.push(typeof value === 'bigint' ? Number(value) : value)
  }
  const rep = repOf(arg, e.variant)
  if (!(rep === 'num' || rep === 'str' || rep === 'bool')) return undefined
  if (
    items.some((i) =>
      rep === 'num'
        ? typeof i !== 'number' || Math.abs(i) >= SAFE
        : typeof i !== (rep === 'str' ? 'string' : 'boolean'),
    )
  )
    return undefined
  const a = e.emit(arg)
  const found =
    items.length <= 4 && !items.some(Number.isNaN)
      ? items.map((i) => `${a.v} === ${typeof i === 'string' ? e.bind(i) : `(${String(i)})`}`).join(' || ') || 'false'
      : `${e.bind(new Set(items))}.has(${a.v})`
  const v = e.set(a.may === 0 ? found : `${a.s} === 0 && (${found})`)
  const s = withNull ? e.set(`${v} ? 0 : ${a.s} | 1`) : a.s
  return { v, s, may: withNull ? a.may | 1 : a.may, rep: 'bool', nan: false, low: 0, high: 0 }
}
