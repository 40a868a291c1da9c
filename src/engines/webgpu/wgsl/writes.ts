import { type Type, typeName } from '../../../plan/types.ts'
import { rankOf } from './bytext.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'

/** Writes a call over arguments that are widened already. `lenient`: a failing cast gives null. */
export type Write = (e: Emitter, args: readonly Code[], type: Type, lenient: boolean) => Code

const args2 = (args: readonly Code[]) => args as readonly [Code, Code]
/** The argument's value, as a call of `fn`; null and failed as the arguments are, failed too where `fails` says so. */
export const strict =
  (value: (...v: string[]) => string, fails?: (...v: string[]) => string): Write =>
  (e, args, type) => {
    const texts = args.map((a) => a.v)
    const state = e.stateOf(...args)
    const r = e.let(value(...texts))
    if (!fails) return e.code(type, r, state)
    const failing = `u32(${fails(...texts, r)}) << 1u`
    return e.code(type, r, state === '0u' ? failing : `select(${state}, ${failing}, ${state} == 0u)`)
  }
/** By how the argument is held. */
export const byRep =
  (writes: Partial<Record<Code['rep'], Write>>): Write =>
  (e, args, type, lenient) => {
    const [a] = args
    const write = a && writes[a.rep]
    if (!write) throw new DeviceGap(a ? typeName(a.type) : '', `it is not computed for a ${a ? typeName(a.type) : ''}`)
    return write(e, args, type, lenient)
  }

/** Two values of one type, brought to where integers compare as they do. */
const ordered = (c: Code): string =>
  c.type === 'float32' ? `order32(${c.v})` : c.type === 'float64' ? `order64(${c.v})` : c.v
export const same = (a: Code, b: Code): string =>
  a.rep === 'vec2u' ? `same64(${ordered(a)}, ${ordered(b)})` : `(${ordered(a)} == ${ordered(b)})`
export const less = (e: Emitter, a: Code, b: Code): string => {
  if (a.type === 'string') return `(${rankOf(e, a)} < ${rankOf(e, b)})`
  if (a.rep === 'bool') return `(!${a.v} & ${b.v})`
  if (a.type === 'float64') return `below64(${ordered(a)}, ${ordered(b)})`
  return a.rep === 'vec2u' ? `less64(${a.v}, ${b.v})` : `(${ordered(a)} < ${ordered(b)})`
}
export const compared =
  (test: (a: Code, b: Code, e: Emitter) => string): Write =>
  (e, args) => {
    const [a, b] = args2(args)
    return e.code('bool', test(a, b, e), e.stateOf(a, b))
  }
/** One side decides alone, whatever the other one is. */
export const logic =
  (decides: boolean): Write =>
  (e, args) => {
    const [a, b] = args2(args)
    const says = (c: Code) => `(${c.s === '0u' ? '' : `(${c.s} == 0u) & `}${decides ? '' : '!'}${c.v})`
    const decided = e.let(`${says(a)} | ${says(b)}`)
    const state = e.stateOf(a, b)
    return e.code(
      'bool',
      decides ? decided : `!${decided}`,
      state === '0u' ? state : `select(${state}, 0u, ${decided})`,
    )
  }
/** Of the present ones the one that comes first by `before`; a failed one is the result. */
export const extreme =
  (before: (a: Code, b: Code, e: Emitter) => string): Write =>
  (e, args, type) => {
    const state = e.stateOf(...args)
    const all = args.slice(1).reduce((best, c) => {
      const takes = [
        ...(best.s === '0u' ? [] : [`(${best.s} == 1u)`]),
        c.s === '0u' ? before(c, best, e) : `((${c.s} == 0u) & ${before(c, best, e)})`,
      ]
      const take = e.let(takes.length === 1 ? (takes[0] as string) : e.fold('|', takes))
      const s = best.s === '0u' ? '0u' : `select(${best.s}, ${c.s}, ${take})`
      return e.code(type, `select(${best.v}, ${c.v}, ${take})`, s)
    }, args[0] as Code)
    return state === '0u' ? all : e.code(type, all.v, `select(${all.s}, 2u, (${state} & 2u) != 0u)`)
  }
