import { isDecimal, isFloat, isInteger, scaleOf, type Type, typeName } from '../../../plan/types.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'
import { float64Text } from './float64.ts'
import { asFloat64, isFloating, ofFloat64 } from './floats.ts'

type Decimal = Extract<Type, { decimal: unknown }>

/** Two words of an integer. */
export function longText(n: bigint): string {
  const bits = BigInt.asUintN(64, n)
  return `vec2u(${bits & 0xffffffffn}u, ${bits >> 32n}u)`
}
const power = (digits: number): string => longText(10n ** BigInt(digits))
/** Whether an integer has more digits than that, 18 at most. */
export const beyond = (v: string, digits: number): string => `!below64(magnitude(${v}), ${power(digits)})`

/** A result of arithmetic, which fails where it needs more than 18 digits. */
export function within18(e: Emitter, made: Code): Code {
  const bad = `u32(${beyond(made.v, 18)}) << 1u`
  return e.code(made.type, made.v, made.s === '0u' ? bad : `select(${made.s}, ${bad}, ${made.s} == 0u)`)
}

/** A number brought to another scale, rounded half away from zero, and whether it left what 64 bits hold. */
function rescaled(e: Emitter, v: string, from: number, to: number): { v: string; over: string } {
  if (from === to) return { v, over: 'false' }
  if (to > from) {
    const factor = power(to - from)
    return { v: e.let(`mul64(${v}, ${factor})`), over: `mulOver(${v}, ${factor})` }
  }
  return { v: e.let(`divNear(${v}, ${power(from - to)})`), over: 'false' }
}

const long = (e: Emitter, a: Code): string => (a.rep === 'i32' ? e.let(`wide(${a.v})`) : a.v)

/** An integer or a decimal as one of a larger scale. */
export function decimalOf(e: Emitter, a: Code, to: Decimal): Code {
  if (!isInteger(a.type) && !isDecimal(a.type))
    throw new DeviceGap(typeName(to), `a ${typeName(a.type)} is not made a ${typeName(to)} on the device`)
  const [from, scale] = [scaleOf(a.type), scaleOf(to)]
  if (isDecimal(a.type) && from === scale) return { ...a, type: to }
  const { v, over } = rescaled(e, long(e, a), from, scale)
  const bad = `u32(${over} | ${beyond(v, 18)}) << 1u`
  return e.code(to, v, a.s === '0u' ? bad : `select(${a.s}, ${bad}, ${a.s} == 0u)`)
}

/** What a cast to a decimal gives, and where it fails. */
export function toDecimal(e: Emitter, a: Code, to: Decimal): [v: string, wrong: string] {
  const [precision, scale] = to.decimal
  if (a.type === 'bool') {
    const v = e.let(`select(vec2u(0u, 0u), ${power(scale)}, ${a.v})`)
    return [v, beyond(v, precision)]
  }
  if (isFloat(a.type)) {
    const near = e.let(`whole_f64(mul_f64(${asFloat64(a)}, ${float64Text(10 ** scale)}), 1u)`)
    const v = e.let(`f64_long(${near})`)
    return [v, `((exponentOf(${near}) >= 1086) | ${beyond(v, precision)})`]
  }
  if (!isInteger(a.type) && !isDecimal(a.type))
    throw new DeviceGap('cast', `a ${typeName(a.type)} is not cast to ${typeName(to)} on the device`)
  const { v, over } = rescaled(e, long(e, a), scaleOf(a.type), scale)
  return [v, `(${over} | ${beyond(v, precision)})`]
}

/** The integer that a decimal is, and whether it is none. */
export function wholeOfDecimal(e: Emitter, a: Code): { v: string; wrong: string } {
  const scale = scaleOf(a.type)
  if (scale === 0) return { v: a.v, wrong: 'false' }
  return { v: e.let(`truncDiv(${a.v}, ${power(scale)})`), wrong: `!zero64(truncMod(${a.v}, ${power(scale)}))` }
}

/** A decimal as a whole number: 0 toward zero, 1 the nearest, half away from zero, 2 down, 3 up. */
export function wholeDecimal(e: Emitter, a: Code, type: Type, how: 0 | 1 | 2 | 3): Code {
  const scale = scaleOf(a.type)
  if (scale === 0) return { ...a, type }
  const unit = power(scale)
  if (how === 1) return e.code(type, `divNear(${a.v}, ${unit})`, a.s)
  const whole = e.let(`truncDiv(${a.v}, ${unit})`)
  if (how === 0) return e.code(type, whole, a.s)
  const rest = `!zero64(truncMod(${a.v}, ${unit}))`
  return how === 2
    ? e.code(type, `sub64(${whole}, vec2u(u32(${rest} & negative(${a.v})), 0u))`, a.s)
    : e.code(type, `add64(${whole}, vec2u(u32(${rest} & !negative(${a.v})), 0u))`, a.s)
}

/** Rounds to so many digits, a constant: floats as they are multiplied, rounded and divided, decimals exactly. */
export function roundTo(e: Emitter, args: readonly Code[], type: Type): Code {
  const [a, n] = args as readonly [Code, Code]
  if (isInteger(a.type)) return a
  const digits = Number(n.literal)
  if (isDecimal(a.type)) {
    const drop = scaleOf(a.type) - digits
    if (drop <= 0) return { ...a, type }
    return e.code(type, `divNear(${a.v}, ${power(drop)})`, a.s)
  }
  if (!isFloating(a.type)) throw new DeviceGap('roundTo', `a ${typeName(a.type)} is not rounded on the device`)
  const x = e.let(asFloat64(a))
  const unit = float64Text(10 ** digits)
  const near = e.let(`div_f64(whole_f64(mul_f64(${x}, ${unit}), 1u), ${unit})`)
  return ofFloat64(e, type, e.let(`select(${x}, ${near}, exponentOf(${near}) < 2047)`), a.s)
}
