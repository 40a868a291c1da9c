import type { Expr } from '../../plan/expr.ts'
import type { Type } from '../../plan/types.ts'
import { literalValue } from '../values.ts'
import { SAFE } from './kernel.ts'
import type { Val } from './lower.ts'

/** How generated code holds a value: a double, a bigint, a boolean, a text, or any JavaScript value. */
export type Rep = 'num' | 'big' | 'bool' | 'str' | 'any'

/** What a value that isn't there holds. */
export const ZERO: Readonly<Record<Rep, string>> = { num: '0', big: '0n', bool: 'false', str: "''", any: 'null' }

/** What one compiled form of a program takes for granted. */
export interface Variant {
  /** Ids of 64-bit values that went beyond 2⁵³ and run as bigint; 'all' for every one. */
  readonly wide: ReadonlySet<number> | 'all'
  /** Places of columns that may be null, beyond those whose schema says so. */
  readonly nullable: ReadonlySet<number>
  /** Representations found so far. */
  readonly reps: Map<Val, Rep>
}

export const variantOf = (wide: Variant['wide'], nullable: ReadonlySet<number> = new Set()): Variant => ({
  wide,
  nullable,
  reps: new Map(),
})

const LONG: ReadonlySet<unknown> = new Set(['int64', 'timestamp', 'local timestamp', 'duration'])
/** Types of 64 bits: bigint outside, a double inside as long as it is below 2⁵³. */
export const isLong = (type: Type): boolean => LONG.has(type)

/** Functions whose result may be as large as what they are given. */
const KEEPS: ReadonlySet<string> = new Set([
  'add',
  'sub',
  'mul',
  'neg',
  'abs',
  'intDiv',
  'mod',
  'floor',
  'ceil',
  'round',
  'trunc',
  'least',
  'greatest',
  'coalesce',
  'orNull',
  'addDuration',
  'subDuration',
  'diffTime',
  'micros',
  'toInstant',
  'toLocal',
])

/** The values that flow into the result of an expression as they are. */
function flowing(e: Expr, args: readonly Val[]): readonly Val[] {
  if (e.op === 'cast') return args
  if (e.op === 'case') return args.filter((_, i) => i % 2 === 1 || i === args.length - 1)
  return e.op === 'call' && KEEPS.has(e.fn) ? args : []
}

/** How `val` is held in that variant. */
export function repOf(val: Val, variant: Variant): Rep {
  const known = variant.reps.get(val)
  if (known) return known
  const rep = find(val, variant)
  variant.reps.set(val, rep)
  return rep
}

function find(val: Val, variant: Variant): Rep {
  const { type, expr } = val
  if (isLong(type)) {
    if (variant.wide === 'all' || variant.wide.has(val.id)) return 'big'
    if (expr === null) return 'num'
    if (expr.op === 'lit')
      return expr.value !== null && Math.abs(Number(literalValue(expr.value, type))) >= SAFE ? 'big' : 'num'
    return flowing(expr, val.args).some((a) => isLong(a.type) && repOf(a, variant) === 'big') ? 'big' : 'num'
  }
  if (type === 'bool') return 'bool'
  if (type === 'string') return 'str'
  return type === 'float64' || type === 'float32' || type === 'int32' || type === 'date' ? 'num' : 'any'
}
