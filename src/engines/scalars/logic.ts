import { createHash } from 'node:crypto'
import type { Value } from '../batch.ts'
import { compare } from '../values.ts'
import { big, num, type Scalar, type Scalars } from './scalar.ts'

const test =
  (f: (order: number) => boolean): Scalar =>
  ([a, b]) =>
    f(compare(a as Value, b as Value))

const extreme =
  (sign: number): Scalar =>
  (args) => {
    const present = args.filter((v) => v !== null)
    return present.length === 0 ? null : present.reduce((a, b) => (compare(b, a) * sign > 0 ? b : a))
  }

/** Comparison, logic, missing values, hashes. */
export const LOGIC: Scalars<
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'not'
  | 'isNull'
  | 'isNaN'
  | 'fails'
  | 'orNull'
  | 'coalesce'
  | 'isIn'
  | 'least'
  | 'greatest'
  | 'hash32'
  | 'combine32'
> = {
  eq: test((o) => o === 0),
  ne: test((o) => o !== 0),
  lt: test((o) => o < 0),
  le: test((o) => o <= 0),
  gt: test((o) => o > 0),
  ge: test((o) => o >= 0),
  and: ([a, b]) => (a === false || b === false ? false : a === null || b === null ? null : true),
  or: ([a, b]) => (a === true || b === true ? true : a === null || b === null ? null : false),
  not: ([a]) => !a,
  isNull: ([a]) => a === null,
  isNaN: ([a]) => Number.isNaN(a),
  fails: () => false,
  orNull: ([a]) => a as Value,
  coalesce: (args) => args.find((v) => v !== null) ?? null,
  isIn: ([a, ...set]) =>
    a === null
      ? null
      : set.some((v) => v !== null && compare(a as Value, v) === 0)
        ? true
        : set.includes(null)
          ? null
          : false,
  least: extreme(-1),
  greatest: extreme(1),
  hash32: ([v]) => (typeof v === 'string' ? hashText(v) : hashInteger(BigInt(v as bigint))),
  combine32: ([a, b]) => BigInt(finalise(Number(BigInt.asUintN(32, big(a) * 31n + big(b))))),
}

/** The first 32 bits of md5 of the UTF-8 bytes. */
function hashText(s: string): bigint {
  return BigInt(createHash('md5').update(s).digest().readUInt32BE(0))
}

/** murmur3's 32-bit finaliser over the low word, then over that xor the high word. */
function hashInteger(v: bigint): bigint {
  const low = num(BigInt.asUintN(32, v))
  const high = num(BigInt.asUintN(32, v >> 32n))
  return BigInt(finalise((finalise(low) ^ high) >>> 0))
}

function finalise(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
