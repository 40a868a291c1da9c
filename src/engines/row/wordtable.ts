import type { FunctionName } from '../../plan/expr.ts'
import type { Value } from '../batch.ts'
import { failed } from '../failure.ts'
import { functionOfColumn, type Models } from './interpret.ts'
import { KERNEL } from './kernel.ts'
import type { Val } from './lower.ts'
import { isLong, type Rep } from './reps.ts'

/** What a function of one text column gives for every word and, last, for null. */
export interface WordTable {
  readonly values: Float64Array | readonly Value[]
  /** 0 there, 1 null, 2 failed. */
  readonly states: Uint8Array
}

/** Thrown while a batch is bound: the value must be held as bigint. */
export class Beyond {
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

/**
 * Computes a function of one text column once a word. The table of the last words is kept: an array of words may be
 * added to, not overwritten. @throws Beyond
 */
export function wordTable(val: Val, rep: Rep, models: Models): (words: readonly string[]) => WordTable {
  const f = functionOfColumn(val, models)
  let known: readonly string[] | undefined
  let size = -1
  let table: WordTable | undefined
  return (words) => {
    if (table !== undefined && known === words && size === words.length) return table
    const n = words.length + 1
    const states = new Uint8Array(n)
    const values = rep === 'num' ? new Float64Array(n) : new Array<Value>(n)
    for (let i = 0; i < n; i++) {
      const x = f(i < words.length ? (words[i] as string) : null)
      const missing = x === null || failed(x)
      if (missing) states[i] = x === null ? 1 : 2
      if (values instanceof Float64Array) {
        if (missing) continue
        values[i] = isLong(val.type) ? KERNEL.small(x) : Number(x)
        if (isLong(val.type) && Number.isNaN(values[i])) throw new Beyond(val.id)
      } else values[i] = missing ? ABSENT[rep] : rep === 'big' ? BigInt(x as bigint) : x
    }
    known = words
    size = words.length
    table = { values, states }
    return table
  }
}

const ABSENT: Readonly<Record<Rep, Value>> = { num: 0, big: 0n, bool: false, str: '', any: null }

/** Functions that fail only where an argument did. */
const SURE: ReadonlySet<FunctionName> = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'not',
  'isNull',
  'isIn',
  'isNaN',
  'coalesce',
  'fails',
  'orNull',
  'length',
  'lower',
  'upper',
  'trim',
  'concat',
  'contains',
  'startsWith',
  'endsWith',
  'hash32',
])

/** Whether a value of a column may be null (1) or failed (2), as far as its expression tells. */
export function mayBe(val: Val, column: number): number {
  const { expr, args } = val
  if (expr === null) return column
  const each = args.map((a) => mayBe(a, column))
  const any = each.reduce((m, x) => m | x, 0)
  switch (expr.op) {
    case 'lit':
      return expr.value === null ? 1 : 0
    case 'lookup':
      return (any & 2) | (expr.fallback === null || expr.table.values.includes(null) ? 1 : 0)
    case 'case':
      return any
    case 'call':
      if (!SURE.has(expr.fn)) return 3
      if (expr.fn === 'isNull') return any & 2
      if (expr.fn === 'fails') return 0
      if (expr.fn === 'orNull') return any === 0 ? 0 : 1
      if (expr.fn === 'coalesce') return (any & 2) | (each.every((m) => m & 1) ? 1 : 0)
      return any
    default:
      return 3
  }
}
