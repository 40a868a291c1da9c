import { col } from '../../plan/expr.ts'
import type { Node } from '../../plan/nodes.ts'
import { compileAgg } from '../aggregates.ts'
import type { Value } from '../batch.ts'
import type { Tuple } from '../closures.ts'
import { raise, type Slot } from '../failure.ts'
import { compare } from '../values.ts'
import { inOrder, tiesOf } from './window.ts'

/** Keys match where both are there and equal. */
export const matching = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.every((v, i) => v !== null && b[i] !== null && compare(v, b[i] as Value) === 0)

/** The window's aggregates as of each probe: over the key's rows with `t − over ≤ on < t`. */
export function rolling(
  n: Extract<Node, { op: 'rolling' }>,
  events: readonly Slot[][],
  probes: readonly Slot[][],
  probeKey: (row: readonly Slot[]) => Value[],
  probeAt: number,
): Tuple[] {
  const { schema } = n.input
  const aggs = n.aggs.map(([, a]) => compileAgg(a, schema))
  const by = n.by.map((name) => schema.findIndex((f) => f.name === name))
  const on = schema.findIndex((f) => f.name === n.on)
  return probes.map((probe) => {
    const t = raise(probe[probeAt] as Slot) as bigint | null
    const key = probeKey(probe)
    const inside = events.filter((event) => {
      const when = raise(event[on] as Slot) as bigint | null
      if (t === null || when === null || when >= t || when < t - BigInt(n.over)) return false
      return matching(
        key,
        by.map((i) => raise(event[i] as Slot)),
      )
    })
    return aggs.map((a) => a(inside))
  })
}

/** Each left row with what the right side says at its moment. `right` are the rows of the table, or of the window's input. */
export function asOf(n: Extract<Node, { op: 'asof' }>, left: readonly Slot[][], right: readonly Slot[][]): Slot[][] {
  const leftSchema = n.left.schema
  const key = (row: readonly Slot[]) => n.by.map(([l]) => raise(row[leftSchema.findIndex((f) => f.name === l)] as Slot))
  const at = leftSchema.findIndex((f) => f.name === n.at)
  if (n.right.op === 'rolling') {
    const windows = rolling(n.right, right, left, key, at)
    return left.map((row, i) => [...row, ...(windows[i] ?? [])])
  }
  const { schema } = n.right
  const on = schema.findIndex((f) => f.name === n.on)
  const by = n.by.map(([, r]) => schema.findIndex((f) => f.name === r))
  const skip = new Set([...n.by.map(([, r]) => r), n.on])
  const kept = schema.flatMap((f, i) => (skip.has(f.name) ? [] : [i]))
  return left.map((row) => {
    const t = raise(row[at] ?? null)
    const before = right.filter((other) => {
      const when = raise(other[on] ?? null)
      if (t === null || when === null || compare(when, t) >= 0) return false
      if (n.within !== undefined && (t as bigint) - (when as bigint) > BigInt(n.within)) return false
      return matching(
        key(row),
        by.map((i) => raise(other[i] as Slot)),
      )
    })
    // of rows that share the latest moment, the first in the order of all columns
    const latest = [{ by: col(n.on), descending: true }]
    const [best] = before.length > 0 ? inOrder(before, latest, schema, tiesOf(schema)) : []
    return [...row, ...kept.map((i) => best?.[i] ?? null)]
  })
}
