import type { FunctionName } from '../../plan/expr.ts'
import { isFloat, isInteger } from '../../plan/types.ts'
import { compareUtf8 } from '../values.ts'
import type { Emitted, Emitter } from './emitter.ts'
import { isLong, repOf } from './reps.ts'
import { bool, type Emit, float, isNumber, num, takes } from './shapes.ts'

const wide = (e: Emitter, a: Emitted): string => (a.rep === 'big' ? a.v : `${e.use('big')}(${a.v})`)

/** Of 64 bits: fails where the result does not fit. */
function bigResult(e: Emitter, code: string, given: { s: string; may: number }): Emitted {
  const [v, s] = [e.name(), e.name()]
  e.line(`let ${v} = ${code}, ${s} = ${given.s}`)
  e.line(`if (!${e.use('fits')}(${v})) { ${v} = 0n; if (${s} === 0) ${s} = 2 }`)
  return { v, s, may: given.may | 2, rep: 'big', nan: false, low: 0, high: 0 }
}

type Bounds = (a: Emitted, b: Emitted) => readonly [number, number]
const arithmetic = (sign: '+' | '-' | '*', bounds: Bounds): Emit =>
  takes(2, (e, val, a, b) => {
    if (!isNumber(a) || !isNumber(b)) return undefined
    const s = e.strict([a, b])
    if (isFloat(val.type)) return float(e, `${num(a)} ${sign} ${num(b)}`, s)
    if (!isLong(val.type)) return undefined
    if (repOf(val, e.variant) === 'big') return bigResult(e, `${wide(e, a)} ${sign} ${wide(e, b)}`, s)
    // + 0: an integer is never −0
    return e.integer(val, `${a.v} ${sign} ${b.v}${sign === '*' ? ' + 0' : ''}`, s, ...bounds(a, b))
  })
const ADD = arithmetic('+', (a, b) => [a.low + b.low, a.high + b.high])
const SUB = arithmetic('-', (a, b) => [a.low - b.high, a.high - b.low])
const MUL = arithmetic('*', (a, b) => {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
  return [Math.min(...corners), Math.max(...corners)]
})

/** `intDiv` and `mod` of doubles; `rest` says which. */
const division = (rest: boolean): Emit =>
  takes(2, (e, val, a, b) => {
    if (rest && isFloat(val.type) && isNumber(a) && isNumber(b))
      return float(e, `${num(a)} % ${num(b)}`, e.strict([a, b]))
    if (!isLong(val.type) || repOf(val, e.variant) === 'big' || a.rep !== 'num' || b.rep !== 'num') return undefined
    let s = e.strict([a, b])
    if (b.low <= 0 && b.high >= 0) {
      const state = e.name()
      e.line(`let ${state} = ${s.s}`)
      e.line(`if (${state} === 0 && ${b.v} === 0) ${state} = 2`)
      s = { s: state, may: s.may | 2 }
    }
    const quotient = e.set(`${s.may === 0 ? '' : `${s.s} !== 0 ? 0 : `}Math.trunc(${a.v} / ${b.v}) + 0`)
    const most = Math.max(Math.abs(a.low), Math.abs(a.high))
    return e.integer(val, rest ? `${a.v} - ${quotient} * ${b.v} + 0` : quotient, s, -most, most)
  })

const math = (code: (x: string) => string): Emit =>
  takes(1, (e, _, a) => (isNumber(a) ? float(e, code(num(a)), e.strict([a])) : undefined))
const rounding = (code: (e: Emitter, x: string) => string): Emit =>
  takes(1, (e, val, a) =>
    isInteger(val.type) ? a : isFloat(val.type) ? float(e, code(e, a.v), { s: a.s, may: a.may }) : undefined,
  )
const sign = (negative: boolean): Emit =>
  takes(1, (e, val, a) => {
    if (isFloat(val.type)) return float(e, negative ? `-${a.v}` : `Math.abs(${a.v})`, { s: a.s, may: a.may })
    if (!isLong(val.type)) return undefined
    if (repOf(val, e.variant) === 'big') {
      const x = wide(e, a)
      return bigResult(e, negative ? `-${x}` : `${x} < 0n ? -${x} : ${x}`, a)
    }
    const most = Math.max(Math.abs(a.low), Math.abs(a.high))
    const s = { s: a.s, may: a.may }
    return negative ? e.integer(val, `0 - ${a.v}`, s, -a.high, -a.low) : e.integer(val, `Math.abs(${a.v})`, s, 0, most)
  })

/** Comparison with NaN equal to itself and above every number, without asking where it can't be. */
const comparison = (op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'): Emit =>
  takes(2, (e, val, a, b) => {
    const s = e.strict([a, b])
    // beside a float, an integer is compared as one
    const floats = val.args.some((arg) => isFloat(arg.type))
    const [x, y] = [a, b].map((side) => (floats && side.rep === 'big' ? `Number(${side.v})` : side.v))
    const js = { eq: '===', ne: '!==', lt: '<', le: '<=', gt: '>', ge: '>=' }[op]
    if (a.rep === 'str' && b.rep === 'str')
      return bool(e, op === 'eq' || op === 'ne' ? `${x} ${js} ${y}` : `${e.bind(compareUtf8)}(${x}, ${y}) ${js} 0`, s)
    if (a.rep === 'bool' && b.rep === 'bool') return bool(e, `${x} ${js} ${y}`, s)
    if (!isNumber(a) || !isNumber(b)) return undefined
    const loose = a.rep === b.rep || floats ? js : js.slice(0, 2)
    const nanX = a.nan ? `${x} !== ${x}` : 'false'
    const nanY = b.nan ? `${y} !== ${y}` : 'false'
    const plain = `${x} ${loose} ${y}`
    const code = {
      eq: a.nan && b.nan ? `${plain} || (${nanX} && ${nanY})` : plain,
      ne: a.nan && b.nan ? `${plain} && !(${nanX} && ${nanY})` : plain,
      lt: b.nan ? `${plain} || (${nanY}${a.nan ? ` && ${x} === ${x}` : ''})` : plain,
      le: b.nan ? `${plain} || ${nanY}` : plain,
      gt: a.nan ? `${plain} || (${nanX}${b.nan ? ` && ${y} === ${y}` : ''})` : plain,
      ge: a.nan ? `${plain} || ${nanX}` : plain,
    }[op]
    return bool(e, code, s)
  })

/** The least or greatest of doubles of one type; nulls are left out. */
const extreme =
  (use: 'lesser' | 'greater'): Emit =>
  (e, val, args) => {
    const first = args[0]
    if (!first || args.some((a) => a.rep !== 'num') || val.args.some((a) => a.type !== val.type)) return undefined
    if (repOf(val, e.variant) !== 'num') return undefined
    let out = first
    for (const b of args.slice(1)) {
      const both = `${e.use(use)}(${out.v}, ${b.v})`
      const s = { s: '0', may: (out.may | b.may) & 2 }
      const x = out
      const value = e.set(
        x.may === 0 && b.may === 0 ? both : `${x.s} === 0 ? (${b.s} === 0 ? ${both} : ${x.v}) : ${b.v}`,
      )
      if (x.may !== 0 && b.may !== 0) {
        s.s = e.set(`(${x.s} | ${b.s}) & 2 | ${x.s} & ${b.s} & 1`)
        s.may |= x.may & b.may & 1
      } else if (s.may !== 0) s.s = e.set(`(${x.s} | ${b.s}) & 2`)
      out = { ...x, v: value, ...s, nan: x.nan || b.nan, low: Math.min(x.low, b.low), high: Math.max(x.high, b.high) }
    }
    return out
  }

/** Comparison, logic and arithmetic. */
export const NUMBERS: Partial<Record<FunctionName, Emit>> = {
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  not: takes(1, (e, _, a) => bool(e, `!${a.v}`, { s: a.s, may: a.may })),
  isNull: takes(1, (e, _, a) =>
    a.may & 2
      ? { ...bool(e, `${a.s} === 1`, { s: '0', may: 0 }), s: e.set(`${a.s} & 2`), may: 2 }
      : bool(e, a.may === 0 ? 'false' : `${a.s} !== 0`, { s: '0', may: 0 }),
  ),
  fails: takes(1, (e, _, a) => bool(e, a.may & 2 ? `${a.s} >= 2` : 'false', { s: '0', may: 0 })),
  orNull: takes(1, (e, _, a) => (a.may & 2 ? { ...a, s: e.set(`${a.s} === 0 ? 0 : 1`), may: 1 } : a)),
  isNaN: takes(1, (e, _, a) => (a.rep === 'num' ? bool(e, `${a.v} !== ${a.v}`, e.strict([a])) : undefined)),
  add: ADD,
  sub: SUB,
  mul: MUL,
  addDuration: ADD,
  subDuration: SUB,
  div: takes(2, (e, _, a, b) =>
    isNumber(a) && isNumber(b) ? float(e, `${num(a)} / ${num(b)}`, e.strict([a, b])) : undefined,
  ),
  intDiv: division(false),
  mod: division(true),
  neg: sign(true),
  abs: sign(false),
  sqrt: math((x) => `Math.sqrt(${x})`),
  ln: math((x) => `Math.log(${x})`),
  exp: math((x) => `Math.exp(${x})`),
  pow: takes(2, (e, _, a, b) =>
    isNumber(a) && isNumber(b) ? float(e, `${num(a)} ** ${num(b)}`, e.strict([a, b])) : undefined,
  ),
  floor: rounding((_, x) => `Math.floor(${x})`),
  ceil: rounding((_, x) => `Math.ceil(${x})`),
  trunc: rounding((_, x) => `Math.trunc(${x})`),
  round: rounding((e, x) => `${e.use('round')}(${x})`),
  least: extreme('lesser'),
  greatest: extreme('greater'),
}
