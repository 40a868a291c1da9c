import { isDecimal, isFloat, isInteger, type Type, typeName } from '../../../plan/types.ts'
import { toDecimal, wholeOfDecimal } from './decimals.ts'
import { type Code, DAY, DeviceGap, type Emitter } from './emit.ts'
import { asFloat64, longOf } from './floats.ts'

/** A value as one of another type; `lenient`: one that fails gives null. */
export function cast(e: Emitter, args: readonly Code[], to: Type, lenient: boolean): Code {
  const a = args[0] as Code
  if (typeName(a.type) === typeName(to)) return a
  const failing = (v: string, wrong: string): Code => {
    const bad = `u32(${wrong}) * ${lenient ? '1u' : '2u'}`
    return e.code(to, v, a.s === '0u' ? bad : `select(${a.s}, ${bad}, ${a.s} == 0u)`)
  }
  if (a.type === 'int32' && to === 'int64') return e.code(to, `wide(${a.v})`, a.s)
  if (a.type === 'int64' && to === 'int32') return failing(`narrow(${a.v})`, `!fits32(${a.v})`)
  if ((a.type === 'int64' && to === 'duration') || (a.type === 'duration' && to === 'int64'))
    return e.code(to, a.v, a.s)
  if (a.type === 'bool' && to === 'int32') return e.code(to, `i32(${a.v})`, a.s)
  if (a.type === 'bool' && to === 'int64') return e.code(to, `vec2u(u32(${a.v}), 0u)`, a.s)
  if (isInteger(a.type) && to === 'bool') return e.code(to, a.rep === 'i32' ? `${a.v} != 0i` : `!zero64(${a.v})`, a.s)
  if (a.type === 'date' && to === 'local timestamp')
    return failing(`mul64(wide(${a.v}), ${DAY})`, `mulOver(wide(${a.v}), ${DAY})`)
  if (to === 'float64' && (isFloat(a.type) || isInteger(a.type) || isDecimal(a.type) || a.type === 'bool'))
    return e.code(to, asFloat64(a), a.s)
  if (to === 'float32' && (isFloat(a.type) || isInteger(a.type) || isDecimal(a.type) || a.type === 'bool')) {
    const x = e.let(asFloat64(a))
    const single = e.let(`f64_single(${x})`)
    return failing(single, `(((${single} & 0x7fffffffu) == 0x7f800000u) & !isInf(${x}))`)
  }
  if (isFloat(a.type) && (to === 'int64' || to === 'int32')) {
    const { v, wrong } = longOf(e, a, 'whole')
    return to === 'int64' ? failing(v, wrong) : failing(`narrow(${v})`, `(${wrong} | !fits32(${v}))`)
  }
  if (isDecimal(to)) return failing(...toDecimal(e, a, to))
  if (isDecimal(a.type) && isInteger(to)) {
    const { v, wrong } = wholeOfDecimal(e, a)
    return to === 'int64' ? failing(v, wrong) : failing(`narrow(${v})`, `(${wrong} | !fits32(${v}))`)
  }
  throw new DeviceGap('cast', `a ${typeName(a.type)} is not cast to ${typeName(to)} on the device`)
}
