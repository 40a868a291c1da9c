import type { Emitted, Emitter } from './emitter.ts'
import type { Val } from './lower.ts'

/** Code for a function of values that are computed already; undefined where its closure has to do. */
export type Emit = (e: Emitter, val: Val, args: readonly Emitted[]) => Emitted | undefined
/** The same with as many arguments as it takes. */
type Fixed = (e: Emitter, val: Val, ...args: Emitted[]) => Emitted | undefined

/** Code is for that many arguments; with others the closure decides what they mean. */
export const takes =
  (n: number, f: Fixed): Emit =>
  (e, val, args) =>
    args.length !== n
      ? undefined
      : n === 1
        ? f(e, val, args[0] as Emitted)
        : n === 2
          ? f(e, val, args[0] as Emitted, args[1] as Emitted)
          : f(e, val, ...args)

export const isNumber = (a: Emitted): boolean => a.rep === 'num' || a.rep === 'big'
export const num = (a: Emitted): string => (a.rep === 'big' ? `Number(${a.v})` : a.v)
export const float = (e: Emitter, code: string, s: { s: string; may: number }): Emitted => ({
  v: e.set(code),
  s: s.s,
  may: s.may,
  rep: 'num',
  nan: true,
  low: 0,
  high: 0,
})
/** A bool; false where it isn't there. */
export const bool = (e: Emitter, code: string, s: { s: string; may: number }): Emitted => ({
  v: e.set(s.may === 0 ? code : `${s.s} === 0 && (${code})`),
  ...s,
  rep: 'bool',
  nan: false,
  low: 0,
  high: 0,
})
export const text = (e: Emitter, code: string, s: { s: string; may: number }): Emitted => ({
  ...float(e, code, s),
  rep: 'str',
})
