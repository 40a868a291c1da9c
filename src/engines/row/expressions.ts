import type { Expr } from '../../plan/expr.ts'
import { isFloat, isInteger } from '../../plan/types.ts'
import { emitAnd, emitCase, emitCoalesce, emitIsIn, emitOr } from './control.ts'
import type { Emitted, Emitter } from './emitter.ts'
import { FUNCTIONS } from './functions.ts'
import { SAFE } from './kernel.ts'
import { emitLookup } from './lookup.ts'
import type { Val } from './lower.ts'
import { isLong, repOf } from './reps.ts'

/** Code of its own for an expression, or undefined where its closure has to do. */
export function emitExpr(e: Emitter, val: Val): Emitted | undefined {
  const { expr } = val
  switch (expr?.op) {
    case 'call':
      return emitCall(e, val, expr)
    case 'cast':
      return emitCast(e, val, expr)
    case 'case':
      return emitCase(e, val)
    case 'lookup':
      return emitLookup(e, val, expr)
    case 'predict':
      return emitPredict(e, val, expr)
    default:
      return undefined
  }
}

function emitCall(e: Emitter, val: Val, expr: Extract<Expr, { op: 'call' }>): Emitted | undefined {
  const { args } = val
  if (expr.fn === 'and' && args.length === 2) return emitAnd(e, val)
  if (expr.fn === 'or' && args.length === 2) return emitOr(e, val)
  if (expr.fn === 'coalesce') return emitCoalesce(e, val)
  if (expr.fn === 'isIn') return emitIsIn(e, val)
  const emit = FUNCTIONS[expr.fn]
  return emit?.(
    e,
    val,
    args.map((a) => e.emit(a)),
  )
}

/** Below the largest float of 32 bits. */
const FLOAT32 = 3.4e38

/** Casts between numbers and bools; the others are left to their closure. */
function emitCast(e: Emitter, val: Val, expr: Extract<Expr, { op: 'cast' }>): Emitted | undefined {
  const [arg] = val.args as [Val]
  const from = arg.type
  const { to } = expr
  const number = isInteger(from) || isFloat(from)
  if (!(number || from === 'bool') || !(isInteger(to) || isFloat(to) || to === 'bool')) return undefined
  const a = e.emit(arg)
  if (from === to) return a
  const as = { s: a.s, may: a.may }
  const plain = (v: string): Emitted => ({ v, ...as, rep: 'num', nan: a.nan, low: a.low, high: a.high })
  const onError = expr.onError === 'null' ? 1 : 2
  if (from === 'bool') return { ...plain(e.set(`${a.v} ? 1 : 0`)), low: 0, high: 1 }
  if (isFloat(to)) {
    // what is too large for 32 bits fails: its closure says so
    if (to === 'float32' && from === 'float64' && !(a.low >= -FLOAT32 && a.high <= FLOAT32 && !a.nan)) return undefined
    const number = a.rep === 'big' ? `Number(${a.v})` : a.v
    return plain(to === 'float32' ? e.set(`Math.fround(${number})`) : a.rep === 'big' ? e.set(number) : a.v)
  }
  if (a.rep === 'big' || (isFloat(from) && repOf(val, e.variant) === 'big')) return undefined
  if (to === 'bool') {
    if (!isInteger(from)) return undefined
    return { ...plain(e.set(a.may === 0 ? `${a.v} !== 0` : `${a.s} === 0 && ${a.v} !== 0`)), rep: 'bool' }
  }
  const bound = to === 'int32' ? 2147483648 : SAFE
  if (isInteger(from)) {
    if (to === 'int64' || (a.low >= -bound && a.high < bound)) return plain(a.v)
    const s = e.name()
    e.line(`let ${s} = ${a.s}`)
    e.line(`if (${s} === 0 && (${a.v} >= ${bound} || ${a.v} < -${bound})) ${s} = ${onError}`)
    const v = e.set(`${s} === 0 ? ${a.v} : 0`)
    return { v, s, may: a.may | onError, rep: 'num', nan: false, low: -bound, high: bound - 1 }
  }
  // a float: integral and in range, or it fails; beyond 2⁵³ it may still fit 64 bits
  const s = e.name()
  const v = e.name()
  e.line(`let ${s} = ${a.s}, ${v} = 0`)
  e.block(`if (${s} === 0)`, () => {
    if (to === 'int32')
      e.line(`if (Math.trunc(${a.v}) === ${a.v} && ${a.v} < ${bound} && ${a.v} >= -${bound}) ${v} = ${a.v} + 0`)
    else {
      e.line(`if (Math.trunc(${a.v}) === ${a.v} && ${a.v} < ${bound} && ${a.v} > -${bound}) ${v} = ${a.v} + 0`)
      e.line(
        `else if (Math.trunc(${a.v}) === ${a.v} && ${a.v} < ${2 ** 63} && ${a.v} >= -${2 ** 63}) ${e.target.bail(val.id)}`,
      )
    }
    e.line(`else ${s} = ${onError}`)
  })
  return { v, s, may: a.may | onError, rep: 'num', nan: false, low: -bound, high: bound }
}

function emitPredict(e: Emitter, val: Val, expr: Extract<Expr, { op: 'predict' }>): Emitted | undefined {
  if (val.args.some((a) => !(isInteger(a.type) || isFloat(a.type) || a.type === 'bool' || isLong(a.type))))
    return undefined
  const model = e.bind(e.models(expr.model))
  const buffer = e.bind(new Float64Array(val.args.length))
  const args = val.args.map((a) => e.emit(a))
  const fails = args.filter((a) => a.may & 2).map((a) => a.s)
  const s = e.name()
  const v = e.name()
  e.line(`let ${s} = ${fails.length > 0 ? `((${fails.join(' | ')}) & 2)` : '0'}, ${v} = 0`)
  e.block(`if (${s} === 0)`, () => {
    args.forEach((a, i) => {
      const number = a.rep === 'num' ? a.v : a.rep === 'bool' ? `(${a.v} ? 1 : 0)` : `Number(${a.v})`
      e.line(`${buffer}[${i}] = ${a.may === 0 ? number : `${a.s} === 0 ? ${number} : NaN`}`)
    })
    e.line(`${v} = ${model}.one(${buffer})`)
  })
  return { v, s: fails.length > 0 ? s : '0', may: fails.length > 0 ? 2 : 0, rep: 'num', nan: true, low: 0, high: 0 }
}
