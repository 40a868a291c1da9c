import { GalleyError } from '../../base/errors.ts'
import { type Node, nodeChildren, type Plan } from '../../plan/nodes.ts'
import { nodes } from '../../plan/walk.ts'
import { compileAgg } from '../aggregates.ts'
import { batchOf, type Value } from '../batch.ts'
import { compileExpr, compileSlot, type Tuple } from '../closures.ts'
import type { Engine, Gap, Prepared, Relation } from '../engine.ts'
import { raise, type Slot } from '../failure.ts'
import { keyOf, literalValue } from '../values.ts'
import { asOf, matching, rolling } from './asof.ts'
import { inOrder, tiesOf, windowRows } from './window.ts'

/** The oracle: every node by its definition, over arrays, however slow. Reads literal rows only. */
export function createReferenceEngine(): Engine {
  return {
    name: 'reference',
    prepare(plan: Plan): Prepared | readonly Gap[] {
      const gaps = [...nodes(plan.root)]
        .filter((n) => n.op === 'scan' && n.from.kind !== 'rows')
        .map((n) => ({ node: n.op, reason: 'the reference engine reads literal rows only' }))
      if (gaps.length > 0) return gaps
      return {
        estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: 0 }),
        explain: () => 'row by row, by definition',
        async run(_, sink) {
          if (sink !== 'batches')
            throw new GalleyError('ENGINE_GAP', {
              what: 'the reference engine gives batches alone',
              fix: "ask for 'batches'",
            })
          return relationOf(plan.root, evaluate(plan.root))
        },
      }
    },
    close: async () => {},
  }
}

function relationOf(root: Node, rows: readonly Tuple[]): Relation {
  const records = rows.map((row) => Object.fromEntries(root.schema.map((f, i) => [f.name, row[i] ?? null])))
  return {
    place: 'host',
    schema: root.schema,
    rows: rows.length,
    async *batches(columns) {
      const schema = columns ? columns.flatMap((name) => root.schema.find((f) => f.name === name) ?? []) : root.schema
      yield batchOf(schema, records)
    },
    close: () => {},
  }
}

/** The rows of a node, in schema order. @throws VALUE_INVALID for a failure that a surviving row uses */
export function evaluate(n: Node): Tuple[] {
  return rowsOf(n).map((row) => row.map(raise))
}

/** The rows of a node; values that failed and that nobody has used yet stand in it as failures. */
function rowsOf(n: Node): Slot[][] {
  const [first, second] = nodeChildren(n)
  const input = first ? rowsOf(first) : []
  const schema = first?.schema ?? []
  const at = (name: string, within = schema) => within.findIndex((f) => f.name === name)
  const keys = (names: readonly string[], within = schema) => {
    const indices = names.map((name) => at(name, within))
    return (row: readonly Slot[]) => indices.map((i) => raise(row[i] as Slot))
  }
  switch (n.op) {
    case 'scan':
      if (n.from.kind !== 'rows')
        throw new GalleyError('ENGINE_GAP', { what: 'the reference engine reads literal rows only' })
      return n.from.rows.map((row) => n.schema.map((f, i) => literalValue(row[i] ?? null, f.type)))
    case 'filter': {
      const keep = compileExpr(n.predicate, schema)
      return input.filter((row) => keep(row) === true)
    }
    case 'reject': {
      const drop = compileExpr(n.predicate, schema)
      return input.filter((row) => drop(row) !== true)
    }
    case 'select': {
      const columns = n.columns.map(([, e]) => compileSlot(e, schema))
      return input.map((row) => columns.map((c) => c(row)))
    }
    case 'derive': {
      const computed = new Map(n.columns.map(([name, e]) => [name, compileSlot(e, schema)]))
      const columns = n.schema.map((f) => computed.get(f.name) ?? ((row: readonly Slot[]) => row[at(f.name)] as Slot))
      return input.map((row) => columns.map((c) => c(row)))
    }
    case 'distinct':
      return [...new Map(input.map((row) => [keyOf(row.map(raise)), row])).values()]
    case 'union':
      return [...input, ...(second ? rowsOf(second) : [])]
    case 'intersect':
    case 'except': {
      const other = new Set((second ? rowsOf(second) : []).map((row) => keyOf(row.map(raise))))
      const distinct = new Map(input.map((row) => [keyOf(row.map(raise)), row]))
      return [...distinct].flatMap(([key, row]) => (other.has(key) === (n.op === 'intersect') ? [row] : []))
    }
    case 'annotate':
      return input
    case 'unnest': {
      const list = at(n.column)
      return input.flatMap((row) => {
        const items = (raise(row[list] as Slot) as readonly Value[] | null) ?? []
        const place = (i: number | null): Slot[] => (n.position ? [i === null ? null : BigInt(i)] : [])
        if (items.length === 0) return n.keepEmpty ? [[...row.with(list, null), ...place(null)]] : []
        return items.map((item, i) => [...row.with(list, item), ...place(i)])
      })
    }
    case 'window':
      return windowRows(n, input)
    case 'limit': {
      // ties are broken by the remaining columns
      const keys = n.input.op === 'sort' ? n.input.keys : []
      return inOrder(input, keys, schema, tiesOf(schema)).slice(0, n.count)
    }
    case 'sort':
      return inOrder(input, n.keys, schema)
    case 'aggregate': {
      const key = keys(n.by)
      const aggs = n.aggs.map(([, a]) => compileAgg(a, schema))
      const groups = new Map<string, Slot[][]>()
      if (n.by.length === 0) groups.set('', [])
      for (const row of input) {
        const k = n.by.length === 0 ? '' : keyOf(key(row))
        const group = groups.get(k)
        if (group) group.push(row)
        else groups.set(k, [row])
      }
      return [...groups.values()].map((rows) => [...(rows[0] ? key(rows[0]) : []), ...aggs.map((a) => a(rows))])
    }
    case 'join': {
      const right = second ? rowsOf(second) : []
      const leftKey = keys(n.on.map(([l]) => l))
      const rightSchema = second?.schema ?? []
      const rightKey = keys(
        n.on.map(([, r]) => r),
        rightSchema,
      )
      const rightKeys = right.map(rightKey)
      const matches = (row: readonly Slot[]) => {
        const key = leftKey(row)
        return right.filter((_, i) => matching(key, rightKeys[i] as Value[]))
      }
      if (n.how === 'semi') return input.filter((row) => matches(row).length > 0)
      if (n.how === 'anti') return input.filter((row) => matches(row).length === 0)
      const dropped = new Set(n.on.map(([, r]) => r))
      const kept = rightSchema.flatMap((f, i) => (dropped.has(f.name) ? [] : [i]))
      return input.flatMap((row) => {
        const found = matches(row)
        if (found.length === 0) return n.how === 'left' ? [[...row, ...kept.map(() => null)]] : []
        return found.map((other) => [...row, ...kept.map((i) => other[i] as Slot)])
      })
    }
    case 'rolling':
      return rolling(n, input, input, keys(n.by), at(n.on)).map((window, i) => [
        ...keys(n.by)(input[i] as Slot[]),
        raise(input[i]?.[at(n.on)] as Slot),
        ...window,
      ])
    case 'asof':
      return asOf(n, input, rowsOf(n.right.op === 'rolling' ? n.right.input : n.right))
  }
}
