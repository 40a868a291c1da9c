import type { Frame, WindowCall } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Node, SortKey } from '../../plan/nodes.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { sqlAgg } from './aggregates.ts'
import { freeName } from './sql/call.ts'
import { sqlExpr } from './sql/expr.ts'
import { named, quote } from './sql/names.ts'

type Window = Extract<Node, { op: 'window' }>

/** Window functions; calls whose result hangs on ties are computed in an order that has none. */
export function lowerWindow(n: Window, input: string, orderBy: (keys: readonly SortKey[]) => string[]): string {
  const { schema } = n.input
  const keys = orderBy(n.order)
  // a column that is the same throughout, or whose ties are what is to be broken, breaks none; DuckDB sorts by it all the same
  const settled = new Set([...n.by, ...n.order.map((k) => (k.by.op === 'col' ? k.by.name : ''))])
  const breaking = schema.filter((f) => isOrdered(f.type) && !settled.has(f.name))
  const total = [...keys, ...breaking.map((f) => `${quote(f.name)} ASC NULLS LAST`)]
  const ranged = wide(keys, n, schema)
  const over = (order: readonly string[], frame = '') =>
    ` OVER (${[
      n.by.length > 0 ? `PARTITION BY ${n.by.map(quote).join(', ')}` : '',
      order.length > 0 && n.order.length > 0 ? `ORDER BY ${order.join(', ')}` : '',
      frame,
    ]
      .filter((part) => part !== '')
      .join(' ')})`
  const peers: string[] = []
  /** The first or last of the rows that share a key, by their ties: whichever of them a range begins with, it holds that one's value. */
  const ofPeers = (value: string, fn: 'first' | 'last'): string => {
    const alike = [...n.by.map(quote), ...n.order.map((k) => sqlExpr(k.by, schema))]
    const order = breaking.map((f) => `${quote(f.name)} ASC NULLS LAST`)
    const clauses = [
      `PARTITION BY ${alike.join(', ')}`,
      ...(order.length > 0 ? [`ORDER BY ${order.join(', ')}`] : []),
      'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
    ]
    const name = quote(freeName([input, ...peers, ...schema.map((f) => quote(f.name))]))
    peers.push(`${fn}_value(${value}) OVER (${clauses.join(' ')}) AS ${name}`)
    return name
  }
  const call = (c: WindowCall): string => {
    switch (c.fn) {
      case 'rowNumber':
        return `row_number()${over(total)}`
      case 'rank':
        return `rank()${over(keys)}`
      case 'denseRank':
        return `dense_rank()${over(keys)}`
      case 'lag':
      case 'lead':
        return `${c.fn}(${sqlExpr(c.arg, schema)}, ${c.offset})${over(total)}`
      case 'first':
      case 'last': {
        const value = sqlExpr(c.arg, schema)
        if (c.frame.unit === 'rows') return `${c.fn}_value(${value})${over(total, frameOf(c.frame, n, schema))}`
        return `${c.fn}_value(${ofPeers(value, c.fn)})${over(ranged, frameOf(c.frame, n, schema))}`
      }
      case 'aggregate':
        return sqlAgg(
          c.agg,
          schema,
          over(c.frame.unit === 'rows' ? total : ranged, n.order.length > 0 ? frameOf(c.frame, n, schema) : ''),
        )
    }
  }
  const added = n.columns.map(([name, c]) => named(call(c), name))
  const names = new Set(n.columns.map(([name]) => name))
  const kept = schema.filter((f) => !names.has(f.name)).map((f) => quote(f.name))
  const from = peers.length > 0 ? `(SELECT *, ${peers.join(', ')} FROM ${input})` : input
  return `SELECT ${[...kept, ...added].join(', ')} FROM ${from}`
}

/** Keys of ranges: the ends of a range near an integer's limits do not fit the integer's own type. A range counts from the first. */
function wide(keys: readonly string[], n: Window, schema: Schema): string[] {
  const [key] = n.order
  const type = key && infer(key.by, schema, 'frame').type
  const wider = type === 'int64' ? 'HUGEINT' : type === 'int32' ? 'BIGINT' : undefined
  return keys.map((sql, i) => (wider && i === 0 ? sql.replace(/^(.*) (ASC|DESC)/s, `CAST($1 AS ${wider}) $2`) : sql))
}

/** `ROWS BETWEEN 3 PRECEDING AND CURRENT ROW`; ranges of times are intervals of µs. */
function frameOf(frame: Frame, n: Window, schema: Schema): string {
  const [key] = n.order
  const type = key ? infer(key.by, schema, 'frame').type : 'int64'
  const size = (value: number): string => {
    if (frame.unit === 'rows') return String(value)
    const time = type === 'date' || type === 'timestamp' || type === 'local timestamp'
    return time ? `to_microseconds(${value})` : `${value}`
  }
  const bound = (value: number | null, end: 'PRECEDING' | 'FOLLOWING'): string => {
    if (value === null) return `UNBOUNDED ${end}`
    if (value === 0) return 'CURRENT ROW'
    return value < 0 ? `${size(-value)} PRECEDING` : `${size(value)} FOLLOWING`
  }
  return `${frame.unit.toUpperCase()} BETWEEN ${bound(frame.from, 'PRECEDING')} AND ${bound(frame.to, 'FOLLOWING')}`
}
