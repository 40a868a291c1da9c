import type { Agg, Expr } from '../../plan/expr.ts'
import { exprChildren } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { type Node, nodeChildren } from '../../plan/nodes.ts'
import { isFloat, type Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import type { Gap } from '../engine.ts'
import { quote, sqlAgg, sqlExpr, sqlLiteral, sqlType, text } from './sql.ts'

/** What DuckDB can't take, node by node. */
export function gapsOf(root: Node): Gap[] {
  const gaps: Gap[] = []
  for (const n of nodes(root)) {
    if (n.op === 'scan' && n.from.kind !== 'parquet' && n.from.kind !== 'rows') gaps.push({ node: n.op, reason: `the scan of a ${n.from.kind} is not bound to files` })
    if (n.op === 'filter' || n.op === 'reject' || n.op === 'select' || n.op === 'derive') {
      if (nodeChildren(n)[0]?.op === 'sort') gaps.push({ node: n.op, reason: 'an order is kept only when sort, or sort and limit, come last' })
      const own = n.op === 'filter' || n.op === 'reject' ? [n.predicate] : n.columns.map(([, e]) => e)
      if (own.some(predicts)) gaps.push({ node: n.op, reason: 'SQL does not evaluate models' })
    }
  }
  return gaps
}

const predicts = (e: Expr): boolean => e.op === 'predict' || exprChildren(e).some(predicts)

/** A plan as one SELECT over common table expressions, one a node; a node used twice is written once. */
export function lower(root: Node): string {
  const ctes: string[] = []
  const names = new Map<Node, string>()
  const visit = (n: Node): string => {
    const known = names.get(n)
    if (known) return known
    const sql = lowerNode(n, visit)
    const name = `n${names.size}`
    names.set(n, name)
    ctes.push(`${name} AS (${sql})`)
    return name
  }
  // sort (and limit over it) must be the outermost SELECT, or the order is lost
  if (root.op === 'sort' || root.op === 'limit') {
    const sql = lowerNode(root, visit)
    return ctes.length > 0 ? `WITH ${ctes.join(',\n')}\n${sql}` : sql
  }
  const last = visit(root)
  return `WITH ${ctes.join(',\n')}\nSELECT * FROM ${last}`
}

function lowerNode(n: Node, visit: (n: Node) => string): string {
  switch (n.op) {
    case 'scan':
      return lowerScan(n)
    case 'filter':
      return `SELECT * FROM ${visit(n.input)} WHERE ${sqlExpr(n.predicate, n.input.schema)}`
    case 'reject':
      return `SELECT * FROM ${visit(n.input)} WHERE (${sqlExpr(n.predicate, n.input.schema)}) IS NOT TRUE`
    case 'select':
      return `SELECT ${n.columns.map(([name, e]) => named(sqlExpr(e, n.input.schema), name)).join(', ')} FROM ${visit(n.input)}`
    case 'derive': {
      const added = new Map(n.columns.map(([name, e]) => [name, sqlExpr(e, n.input.schema)]))
      return `SELECT ${n.schema.map((f) => named(added.get(f.name) ?? quote(f.name), f.name)).join(', ')} FROM ${visit(n.input)}`
    }
    case 'aggregate': {
      const by = n.by.map(quote)
      const columns = [...by, ...n.aggs.map(([name, a]) => named(sqlAgg(a, n.input.schema), name))]
      return `SELECT ${columns.join(', ')} FROM ${visit(n.input)}${by.length > 0 ? ` GROUP BY ${by.join(', ')}` : ''}`
    }
    case 'distinct':
      return `SELECT DISTINCT * FROM ${visit(n.input)}`
    case 'union':
      return `SELECT * FROM ${visit(n.left)} UNION ALL SELECT * FROM ${visit(n.right)}`
    case 'sort':
      return `SELECT * FROM ${visit(n.input)} ORDER BY ${n.keys.map((k) => `${sqlExpr(k.by, n.input.schema)} ${k.descending ? 'DESC' : 'ASC'} NULLS LAST`).join(', ')}`
    case 'limit':
      return `${n.input.op === 'sort' ? lowerNode(n.input, visit) : `SELECT * FROM ${visit(n.input)}`} LIMIT ${n.count}`
    case 'join': {
      const on = n.on.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`).join(' AND ')
      const keys = new Set(n.on.map(([, r]) => r))
      const right = n.how === 'semi' || n.how === 'anti' ? [] : n.right.schema.filter((f) => !keys.has(f.name)).map((f) => `__r.${quote(f.name)}`)
      return `SELECT ${['__l.*', ...right].join(', ')} FROM ${visit(n.left)} __l ${n.how.toUpperCase()} JOIN ${visit(n.right)} __r ON ${on}`
    }
    case 'rolling': {
      const asof = { op: 'asof', left: n.input, right: n, by: n.by.map((b) => [b, b] as const), at: n.on, on: n.on, schema: n.schema } as const
      const keep = [...n.by, n.on].map(quote)
      return lowerRolling(asof, n, visit, `SELECT ${keep.join(', ')} FROM ${visit(n.input)}`)
    }
    case 'asof': {
      if (n.right.op === 'rolling') return lowerRolling(n, n.right, visit, `SELECT * FROM ${visit(n.left)}`)
      const skip = new Set([...n.by.map(([, r]) => r), n.on])
      const right = n.right.schema.filter((f) => !skip.has(f.name)).map((f) => `__r.${quote(f.name)}`)
      const on = [...n.by.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`), `__l.${quote(n.at)} > __r.${quote(n.on)}`]
      return `SELECT ${['__l.*', ...right].join(', ')} FROM ${visit(n.left)} __l ASOF LEFT JOIN ${visit(n.right)} __r ON ${on.join(' AND ')}`
    }
  }
}

const named = (sql: string, name: string): string => (sql === quote(name) ? sql : `${sql} AS ${quote(name)}`)

function lowerScan(n: Extract<Node, { op: 'scan' }>): string {
  if (n.from.kind === 'parquet') {
    const columns = n.schema.map((f) => `CAST(${quote(f.name)} AS ${sqlType(f.type)}) AS ${quote(f.name)}`)
    return `SELECT ${columns.join(', ')} FROM read_parquet([${n.from.files.map(text).join(', ')}])`
  }
  const rows = n.from.kind === 'rows' ? n.from.rows : []
  const empty = `SELECT ${n.schema.map((f) => `CAST(NULL AS ${sqlType(f.type)}) AS ${quote(f.name)}`).join(', ')}`
  if (rows.length === 0) return `${empty} WHERE FALSE`
  const values = rows.map((row) => `(${n.schema.map((f, i) => sqlLiteral(row[i] ?? null, f.type)).join(', ')})`)
  const columns = n.schema.map((f, i) => `CAST(c${i} AS ${sqlType(f.type)}) AS ${quote(f.name)}`)
  return `SELECT ${columns.join(', ')} FROM (VALUES ${values.join(', ')}) AS literal(${n.schema.map((_, i) => `c${i}`).join(', ')})`
}

type AsOf = Pick<Extract<Node, { op: 'asof' }>, 'by' | 'at'>
type Rolling = Extract<Node, { op: 'rolling' }>

/**
 * A rolling window read at each probe's time. Counts and exact sums are differences of running totals, fetched by
 * two as-of joins (4 × faster than a window over events and probes together, docs/decisions/0002); the
 * others run over that window, which needs no subtraction and so loses no digits.
 */
function lowerRolling(n: AsOf, w: Rolling, visit: (n: Node) => string, probes: string): string {
  const exact = w.aggs.every(([, a]) => isExact(a, w.input.schema))
  return exact ? lowerRunningTotals(n, w, visit, probes) : lowerWindow(n, w, visit, probes)
}

function isExact(a: Agg, schema: Schema): boolean {
  if (a.fn === 'count') return true
  return (a.fn === 'sum' || a.fn === 'mean') && a.arg !== null && !isFloat(infer(a.arg, schema, a.fn).type)
}

function lowerRunningTotals(n: AsOf, w: Rolling, visit: (n: Node) => string, probes: string): string {
  const schema = w.input.schema
  const keys = w.by.map(quote)
  const present = [...keys, quote(w.on)].map((k) => `${k} IS NOT NULL`).join(' AND ')
  const totals: string[] = []
  const results = w.aggs.map(([name, a], i) => {
    const arg = a.arg === null ? null : sqlExpr(a.arg, schema)
    totals.push(`count(${arg ?? '*'}) OVER past AS c${i}`)
    const count = `(coalesce(b.c${i}, 0) - coalesce(a.c${i}, 0))`
    if (a.fn === 'count' || arg === null || a.arg === null) return named(count, name)
    // a running sum of booleans is a count; others are narrowed from 128 bits, which halves what the joins carry
    const bool = infer(a.arg, schema, a.fn).type === 'bool'
    totals.push(bool ? `count(CASE WHEN ${arg} THEN 1 END) OVER past AS s${i}` : `CAST(sum(${arg}) OVER past AS BIGINT) AS s${i}`)
    const sum = `(coalesce(b.s${i}, 0) - coalesce(a.s${i}, 0))`
    const value = a.fn === 'sum' ? `CAST(${sum} AS BIGINT)` : `CAST(${sum} AS DOUBLE) / ${count}`
    return named(`CASE WHEN ${count} > 0 THEN ${value} END`, name)
  })
  const events = `SELECT ${[...keys, `epoch_us(${quote(w.on)}) AS "__t"`, ...totals].join(', ')} FROM ${visit(w.input)} WHERE ${present}
    WINDOW past AS (PARTITION BY ${keys.join(', ')} ORDER BY epoch_us(${quote(w.on)}) RANGE UNBOUNDED PRECEDING)`
  const match = (alias: string) => n.by.map(([l], i) => `__l.${quote(l)} = ${alias}.${keys[i]}`).join(' AND ')
  const at = `epoch_us(__l.${quote(n.at)})`
  return `WITH events AS MATERIALIZED (${events})
    SELECT __l.*, ${results.join(', ')} FROM (${probes}) __l
    ASOF LEFT JOIN events b ON ${match('b')} AND ${at} > b."__t"
    ASOF LEFT JOIN events a ON ${match('a')} AND ${at} - ${w.over} > a."__t"`
}

function lowerWindow(n: AsOf, w: Rolling, visit: (n: Node) => string, probes: string): string {
  const schema = w.input.schema
  const keys = w.by.map(quote)
  const present = [...keys, quote(w.on)].map((k) => `${k} IS NOT NULL`).join(' AND ')
  const names = w.by.map((_, i) => `"__k${i}"`)
  const columns = schema.map((f) => quote(f.name))
  const over = ' OVER around'
  const results = w.aggs.map(([name, a]) => named(a.arg === null ? `count("__event")${over}` : sqlAgg(a, schema, over), name))
  return `SELECT unnest("__probe"), ${w.aggs.map(([name]) => quote(name)).join(', ')} FROM (
    SELECT "__probe", ${results.join(', ')} FROM (
      SELECT ${keys.map((k, i) => `${k} AS ${names[i]}`).join(', ')}, epoch_us(${quote(w.on)}) AS "__t", 1 AS "__event", NULL AS "__probe", ${columns.join(', ')} FROM ${visit(w.input)} WHERE ${present}
      UNION ALL
      SELECT ${n.by.map(([l]) => `__l.${quote(l)}`).join(', ')}, epoch_us(__l.${quote(n.at)}), NULL, __l, ${columns.map(() => 'NULL').join(', ')} FROM (${probes}) __l
    ) WINDOW around AS (PARTITION BY ${names.join(', ')} ORDER BY "__t" RANGE BETWEEN ${w.over} PRECEDING AND 1 PRECEDING)
  ) WHERE "__probe" IS NOT NULL`
}
