import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { type Field, isInteger, isTemporal } from '../../plan/types.ts'
import { OUT_OF_MEMORY } from './failures.ts'

/**
 * Into how many parts groups are cut that don't fit, and into how many when those don't fit either. Primes: whole numbers
 * are told apart by their remainder, and often come in steps of a round number.
 */
export const PARTS = [7, 29, 113] as const

/** Whether a query ended because it may take no more memory. */
export const outOfMemory = (error: unknown): boolean =>
  error instanceof GalleyError && error.code === 'ENGINE_FAILED' && error.what === OUT_OF_MEMORY

/**
 * A plan that ends in groups, as plans of a part of the groups each, which together give its rows: groups do not meet
 * across parts of their keys. DuckDB spills what groups hold but not their texts, so that many of them may not fit at once.
 * Undefined for another plan, and for groups without a key that can be hashed.
 */
export function partsOf(root: Node, parts: number): Node[] | undefined {
  const above: Extract<Node, { op: 'filter' | 'reject' | 'select' | 'derive' | 'annotate' }>[] = []
  let n = root
  while (n.op === 'filter' || n.op === 'reject' || n.op === 'select' || n.op === 'derive' || n.op === 'annotate') {
    above.unshift(n)
    n = n.input
  }
  if (n.op !== 'aggregate' && n.op !== 'distinct') return undefined
  const groups = n
  const { schema } = groups.input
  const keys = groups.op === 'aggregate' ? groups.by : schema.map((f) => f.name)
  const key = keyOf(keys.flatMap((name) => schema.find((f) => f.name === name) ?? []))
  if (!key) return undefined
  const whole = (value: number): Expr => lit(String(value), 'int64')
  // hashing a number takes longer than grouping by it
  const number = isInteger(key.type) ? col(key.name) : call('hash32', col(key.name))
  const rest = call('mod', call('coalesce', number, whole(0)), whole(parts))
  const part = call('mod', call('add', rest, whole(parts)), whole(parts))
  return Array.from({ length: parts }, (_, i) => {
    const predicate = call('eq', part, whole(i))
    const some = build({ ...groups, input: build({ op: 'filter', input: groups.input, predicate }) })
    return above.reduce((input: Node, verb) => build({ ...verb, input }), some)
  })
}

/** The key that tells the parts: a number or a time rather than a text. */
const keyOf = (keys: readonly Field[]): Field | undefined =>
  keys.find((f) => isInteger(f.type)) ?? keys.find((f) => isTemporal(f.type)) ?? keys.find((f) => f.type === 'string')
