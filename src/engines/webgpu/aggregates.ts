import type { Agg, AggregateName } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { isFloat, isInteger, type Schema, scaleOf, type Type, typeName } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { fits } from '../scalars/scalar.ts'
import { RESULT } from './grouping.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { orderWords } from './wgsl/keys.ts'
import { type Rep, repOf } from './wgsl/reps.ts'

/**
 * An aggregate as words that threads add to at once, whatever their order: counts; sums in 96 bits, which no number of
 * rows overflows; the largest key, from its high word on, where a smallest one is the largest of complements.
 */
export interface Accumulator {
  readonly fn: 'rows' | AggregateName
  /** Which of the kernel's outputs it reads; −1 for none. */
  readonly arg: number
  /** The second one of a correlation. */
  readonly arg2?: number
  /** The probability of a quantile. */
  readonly param?: number
  readonly type: Type
  readonly rep: Rep
  /** Words it takes, the number of present values first. */
  readonly words: number
}

/** @throws DeviceGap for what is not exact on the device */
export function accumulatorOf(agg: Agg, arg: number, schema: Schema): Accumulator {
  if (agg.arg === null) return { fn: 'rows', arg: -1, type: 'int64', rep: 'vec2u', words: 1 }
  const { type } = infer(agg.arg, schema, agg.fn)
  const rep = repOf(type)
  if (!rep) throw new DeviceGap(agg.fn, `the device holds no ${typeName(type)}`)
  const made = { arg, type, rep }
  switch (agg.fn) {
    case 'count':
      return { ...made, fn: 'count', words: 1 }
    case 'sum':
    case 'mean':
      return { ...made, fn: agg.fn, words: isFloat(type) ? 1 + RESULT : 4 }
    case 'variance':
    case 'stddev':
    case 'corr':
    case 'quantile':
    case 'countDistinct':
      return {
        ...made,
        fn: agg.fn,
        words: 1 + RESULT,
        arg2: arg + 1,
        ...(agg.param === undefined ? {} : { param: agg.param }),
      }
    case 'min':
    case 'max':
      if (type === 'string') return { ...made, fn: agg.fn, words: 1 + RESULT }
      return { ...made, fn: agg.fn, words: rep === 'vec2u' ? 3 : 2 }
  }
  throw new DeviceGap(agg.fn, `${agg.fn} of a ${typeName(type)} is not computed on the device`)
}

/** Statements that add a present value to the words of `acc` at `at`; a second pass settles the low words of 64-bit extremes. */
export function addTo(a: Accumulator, acc: string, v: string, at: string, pass: 1 | 2): string[] {
  const word = (i: number) => `${acc}[${at} + ${i}u]`
  const one = `atomicAdd(&${word(0)}, 1u);`
  if (a.fn === 'rows' || a.fn === 'count') return pass === 1 ? [one] : []
  if (isLate(a)) return pass === 1 ? [one] : []
  if (a.fn === 'sum' || a.fn === 'mean') {
    if (pass === 2) return []
    const wide = a.rep === 'bool' ? `vec2u(u32(${v}), 0u)` : a.rep === 'i32' ? `wide(${v})` : v
    return [
      one,
      `let x = ${wide};`,
      `let low = atomicAdd(&${word(1)}, x.x);`,
      // what is carried and the high word may overflow together or one after the other, each once at most
      `let carry = u32(low + x.x < low);`,
      `let high = atomicAdd(&${word(2)}, x.y);`,
      `let high2 = atomicAdd(&${word(2)}, carry);`,
      `atomicAdd(&${word(3)}, u32(high + x.y < high) + u32(high2 + carry < high2) + select(0u, 0xffffffffu, negative(x)));`,
    ]
  }
  const [low = '', high = ''] = orderWords(a.type, a.rep, v).map((w) => (a.fn === 'min' ? `~(${w})` : w))
  if (a.rep !== 'vec2u') return pass === 1 ? [one, `atomicMax(&${word(1)}, ${low});`] : []
  return pass === 1
    ? [one, `atomicMax(&${word(1)}, ${high});`]
    : [`if (atomicLoad(&${word(1)}) == ${high}) { atomicMax(&${word(2)}, ${low}); }`]
}

/** Whether it adds floats, which threads can't do in any order. */
export const addsFloats = (a: Accumulator): boolean => (a.fn === 'sum' || a.fn === 'mean') && isFloat(a.type)

/** Aggregates that take a group's rows together, or in an order. */
const TOGETHER: ReadonlySet<Accumulator['fn']> = new Set(['variance', 'stddev', 'corr', 'quantile', 'countDistinct'])
/** Whether it is found of all rows by group: its result is put in the place of the words after the first. */
export const isLate = (a: Accumulator): boolean =>
  addsFloats(a) || TOGETHER.has(a.fn) || ((a.fn === 'min' || a.fn === 'max') && a.type === 'string')

/** Whether an accumulator needs the second pass. */
export const isLong = (a: Accumulator): boolean => (a.fn === 'min' || a.fn === 'max') && a.rep === 'vec2u' && !isLate(a)

/** What a group's words came to so far. */
export interface Partial {
  present: bigint
  /** A sum, or the largest key; complemented for a smallest. */
  value: bigint
}

export function partialOf(a: Accumulator, words: Uint32Array, at: number): Partial {
  const word = (i: number): bigint => BigInt(words[at + i] as number)
  const present = word(0)
  if (a.words === 1) return { present, value: 0n }
  if (a.words === 4) return { present, value: BigInt.asIntN(96, (word(3) << 64n) | (word(2) << 32n) | word(1)) }
  return { present, value: a.words === 3 ? (word(1) << 32n) | word(2) : word(1) }
}

export function merge(a: Accumulator, into: Partial, from: Partial): void {
  if (a.fn === 'sum' || a.fn === 'mean') into.value += from.value
  else if (from.present > 0n && (into.present === 0n || from.value > into.value)) into.value = from.value
  into.present += from.present
}

/** The aggregate's value. @throws VALUE_INVALID for a sum that does not fit */
export function resultOf(a: Accumulator, { present, value }: Partial): Value {
  if (a.fn === 'rows' || a.fn === 'count') return present
  if (present === 0n) return null
  if (a.fn === 'sum') return fits(value, a.type, 'sum')
  if (a.fn === 'mean') return Number(value) / Number(present) / 10 ** scaleOf(a.type)
  const bits = a.rep === 'vec2u' ? 64 : 32
  const key = a.fn === 'min' ? BigInt.asUintN(bits, ~value) : value
  const sign = 1n << BigInt(bits - 1)
  if (a.rep === 'bool') return key === 1n
  if (isInteger(a.type) || !isFloat(a.type)) {
    const n = BigInt.asIntN(bits, key ^ sign)
    return bits === 32 ? Number(n) : n
  }
  const raw = (key & sign) !== 0n ? key ^ sign : BigInt.asUintN(bits, ~key)
  const buffer = new BigUint64Array([raw]).buffer
  return bits === 64 ? (new Float64Array(buffer)[0] as number) : (new Float32Array(buffer)[0] as number)
}
