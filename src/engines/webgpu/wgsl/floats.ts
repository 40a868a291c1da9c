import { isDecimal, isInteger, scaleOf, type Type, typeName } from '../../../plan/types.ts'
import { wholeDecimal } from './decimals.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'
import { float64Text } from './float64.ts'

export const isFloating = (t: Type): boolean => t === 'float64' || t === 'float32'

/** A number's value as a float64. */
export function asFloat64({ type, v }: Code): string {
  if (type === 'float64') return v
  if (type === 'float32') return `single_f64(${v})`
  if (type === 'int32') return `long_f64(wide(${v}))`
  if (type === 'int64') return `long_f64(${v})`
  if (type === 'bool') return `select(vec2u(0u, 0u), ${float64Text(1)}, ${v})`
  if (isDecimal(type)) return `div_f64(long_f64(${v}), ${float64Text(10 ** scaleOf(type))})`
  throw new DeviceGap(typeName(type), `a ${typeName(type)} is not made a float64 on the device`)
}

/** A value of float64 in the type of the result. */
export function ofFloat64(e: Emitter, type: Type, v: string, s: string): Code {
  if (type === 'float64') return e.code(type, v, s)
  if (type === 'float32') return e.code(type, `f64_single(${v})`, s)
  throw new DeviceGap(typeName(type), `a float is not made a ${typeName(type)} on the device`)
}

type FloatWrite = (e: Emitter, args: readonly Code[], type: Type) => Code

/** A function of float64s that are there. */
export const float64 =
  (value: (...v: string[]) => string): FloatWrite =>
  (e, args, type) =>
    ofFloat64(e, type, e.let(value(...args.map((a) => e.let(asFloat64(a))))), e.stateOf(...args))

/** Floats to whole numbers by `how` (see \`whole_f64\`); integers are whole already. */
export const rounding =
  (how: 0 | 1 | 2 | 3): FloatWrite =>
  (e, args, type) => {
    const a = args[0] as Code
    if (isInteger(a.type)) return a
    if (isDecimal(a.type)) return wholeDecimal(e, a, type, how)
    return float64((x) => `whole_f64(${x}, ${how}u)`)(e, args, type)
  }

/** The integer that a float is, or is near: its value, and whether it does not fit into 64 bits. */
export function longOf(e: Emitter, a: Code, how: 'whole' | 'near'): { v: string; wrong: string } {
  const x = e.let(asFloat64(a))
  const near = e.let(`whole_f64(${x}, ${how === 'near' ? 1 : 0}u)`)
  const over = `longOver(${near})`
  // the least integer fits a cast, and is beyond what a duration may be
  const wrong =
    how === 'near' ? `(exponentOf(${near}) >= 1086)` : `(${over} | !same64(order64(${near}), order64(${x})))`
  return { v: e.let(`f64_long(${near})`), wrong: e.let(wrong) }
}
