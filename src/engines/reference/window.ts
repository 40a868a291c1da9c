import { col, type Frame, type WindowCall } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Node, SortKey } from '../../plan/nodes.ts'
import { isFloat, isOrdered, type Schema } from '../../plan/types.ts'
import { compileAgg } from '../aggregates.ts'
import type { Value } from '../batch.ts'
import { compileExpr, compileSlot } from '../closures.ts'
import { failed, raise, type Slot } from '../failure.ts'
import { compare, keyOf } from '../values.ts'

type Row = readonly Slot[]

/** What breaks ties, so that no two different rows are equal: all columns that have an order, ascending. */
export const tiesOf = (schema: Schema): SortKey[] => [
  ...schema.filter((f) => isOrdered(f.type)).map((f) => ({ by: col(f.name), descending: false })),
]

/** Nulls last, whichever the direction. */
function byKeys(a: readonly Value[], b: readonly Value[], keys: readonly SortKey[]): number {
  for (const [i, key] of keys.entries()) {
    const x = a[i] as Value
    const y = b[i] as Value
    const order =
      x === null || y === null ? Number(x === null) - Number(y === null) : compare(x, y) * (key.descending ? -1 : 1)
    if (order !== 0) return order
  }
  return 0
}

/** What failed counts as missing where it only breaks ties. */
const orNull = (slot: Slot): Value => (failed(slot) ? null : slot)

const keysOf = (
  rows: readonly Row[],
  own: readonly SortKey[],
  schema: Schema,
  ties: readonly SortKey[] = [],
): Value[][] => {
  const keys = own.map((k) => compileExpr(k.by, schema))
  const others = ties.map((k) => compileSlot(k.by, schema))
  return rows.map((row) => [...keys.map((key) => key(row)), ...others.map((key) => orNull(key(row)))])
}

/** Rows in the order of the keys; equal ones keep their places. */
export function inOrder<R extends Row>(
  rows: readonly R[],
  own: readonly SortKey[],
  schema: Schema,
  ties: readonly SortKey[] = [],
): R[] {
  const keys = [...own, ...ties]
  const keyed = keysOf(rows, own, schema, ties).map((key, i) => ({ key, row: rows[i] as R }))
  return keyed.sort((a, b) => byKeys(a.key, b.key, keys)).map(({ row }) => row)
}

/** A window by its definition: for each row the rows of its key in order, its place among them, and its frame. */
export function windowRows(n: Extract<Node, { op: 'window' }>, input: readonly Slot[][]): Slot[][] {
  const { schema } = n.input
  const by = n.by.map((name) => schema.findIndex((f) => f.name === name))
  const groups = new Map<string, Slot[][]>()
  for (const row of input) {
    const key = keyOf(by.map((i) => raise(row[i] as Slot)))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const names = new Set(n.columns.map(([name]) => name))
  const kept = schema.flatMap((f, i) => (names.has(f.name) ? [] : [i]))
  return [...groups.values()].flatMap((group) => {
    const rows = n.order.length > 0 ? inOrder(group, n.order, schema, tiesOf(schema)) : group
    const keys = keysOf(rows, n.order, schema)
    const columns = n.columns.map(([, call]) => column(call, rows, keys, n.order, schema))
    return rows.map((row, i) => [...kept.map((k) => row[k] as Slot), ...columns.map((c) => c(i))])
  })
}

function column(
  call: WindowCall,
  rows: readonly Row[],
  keys: readonly (readonly Value[])[],
  order: readonly SortKey[],
  schema: Schema,
): (i: number) => Value {
  const peers = (i: number, j: number) => byKeys(keys[i] ?? [], keys[j] ?? [], order) === 0
  const firstPeer = (i: number) => rows.findIndex((_, j) => peers(i, j))
  switch (call.fn) {
    case 'rowNumber':
      return (i) => BigInt(i + 1)
    case 'rank':
      return (i) => BigInt(firstPeer(i) + 1)
    case 'denseRank':
      return (i) => BigInt(new Set(rows.slice(0, i + 1).map((_, j) => firstPeer(j))).size)
    case 'lag':
    case 'lead': {
      const arg = compileExpr(call.arg, schema)
      const values = rows.map(arg)
      const step = call.fn === 'lag' ? -call.offset : call.offset
      return (i) => values[i + step] ?? null
    }
    case 'first':
    case 'last': {
      const arg = compileExpr(call.arg, schema)
      const inside = frameOf(call.frame, keys, order, schema)
      return (i) => {
        const frame = rows.filter((_, j) => inside(i, j))
        const row = call.fn === 'first' ? frame[0] : frame.at(-1)
        return row === undefined ? null : arg(row)
      }
    }
    case 'aggregate': {
      const agg = compileAgg(call.agg, schema)
      const inside = frameOf(call.frame, keys, order, schema)
      return (i) => agg(rows.filter((_, j) => inside(i, j)))
    }
  }
}

/** Whether row `j` lies in the frame of row `i`. In a range, a row whose key is null has the other nulls around it. */
function frameOf(
  frame: Frame,
  keys: readonly (readonly Value[])[],
  order: readonly SortKey[],
  schema: Schema,
): (i: number, j: number) => boolean {
  const { from, to } = frame
  if (frame.unit === 'rows') return (i, j) => (from === null || j - i >= from) && (to === null || j - i <= to)
  const type = order[0] ? infer(order[0].by, schema, 'frame').type : 'int64'
  const unit = type === 'date' ? 86_400_000_000n : 1n
  /** Where the key `b` lies beside the end of the frame that is `limit` from the key `a`. */
  const beside = (a: Value, b: Value, limit: number): number => {
    if (a === null || b === null) return Number(b === null) - Number(a === null)
    if (isFloat(type)) return compare(b, (a as number) + limit)
    return compare(BigInt(b as bigint) * unit, BigInt(a as bigint) * unit + BigInt(limit))
  }
  return (i, j) => {
    const [a, b] = [keys[i] ?? [], keys[j] ?? []]
    const sign = byKeys(b, a, order)
    const at = (limit: number) => (limit === 0 ? sign : beside(a[0] as Value, b[0] as Value, limit))
    return !(from !== null && at(from) < 0) && !(to !== null && at(to) > 0)
  }
}
