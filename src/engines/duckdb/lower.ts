import type { Agg } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Node } from '../../plan/nodes.ts'
import { type Field, isFloat, type Schema } from '../../plan/types.ts'
import { sqlAgg } from './aggregates.ts'
import { joinLookups } from './lookups.ts'
import { quote, sqlExpr, sqlLiteral, sqlType, text } from './sql.ts'
import type { WindowEvents } from './windows.ts'

/** A window that is sorted into typed arrays before the query runs. */
export interface WindowBuild extends WindowEvents {
  /** Stands for the table's id in every query. */
  readonly placeholder: string
  /** Gives key, µs and the columns of the totals. */
  readonly sql: string
  readonly schema: Schema
}

export interface Lowered {
  readonly sql: string
  /** In the order in which they can be built. */
  readonly windows: readonly WindowBuild[]
}

type Visit = (n: Node) => string
interface Lowering {
  readonly visit: Visit
  /** The SELECT for a subplan of its own. */
  readonly whole: (n: Node) => string
  /** Undefined when windows are to stay in SQL. */
  readonly windows: WindowBuild[] | undefined
}

/**
 * A plan as one SELECT over common table expressions, one a node; a node used twice is written once. Exact rolling
 * windows become tables of their own unless `windows` is false.
 */
export function lower(root: Node, options: { windows?: boolean } = {}): Lowered {
  const windows: WindowBuild[] | undefined = options.windows === false ? undefined : []
  const sql = lowerWhole(root, windows)
  return { sql, windows: windows ?? [] }
}

function lowerWhole(root: Node, windows: WindowBuild[] | undefined): string {
  const ctes: string[] = []
  const names = new Map<Node, string>()
  const visit = (n: Node): string => {
    const known = names.get(n)
    if (known) return known
    const sql = lowerNode(n, lowering)
    const name = `n${names.size}`
    names.set(n, name)
    ctes.push(`${name} AS (${sql})`)
    return name
  }
  const lowering: Lowering = { visit, windows, whole: (n) => lowerWhole(n, windows) }
  // sort (and limit over it) must be the outermost SELECT, or the order is lost
  if (root.op === 'sort' || root.op === 'limit') {
    const sql = lowerNode(root, lowering)
    return ctes.length > 0 ? `WITH ${ctes.join(',\n')}\n${sql}` : sql
  }
  const last = visit(root)
  return `WITH ${ctes.join(',\n')}\nSELECT * FROM ${last}`
}

function lowerNode(n: Node, lowering: Lowering): string {
  const { visit } = lowering
  switch (n.op) {
    case 'scan':
      return lowerScan(n)
    case 'filter':
      return `SELECT * FROM ${visit(n.input)} WHERE ${sqlExpr(n.predicate, n.input.schema)}`
    case 'reject':
      return `SELECT * FROM ${visit(n.input)} WHERE (${sqlExpr(n.predicate, n.input.schema)}) IS NOT TRUE`
    case 'select': {
      const { from, schema, columns } = joinLookups(n.columns, n.input.schema, visit(n.input))
      return `SELECT ${columns.map(([name, e]) => named(sqlExpr(e, schema), name)).join(', ')} FROM ${from}`
    }
    case 'derive': {
      const { from, schema, columns } = joinLookups(n.columns, n.input.schema, visit(n.input))
      const added = new Map(columns.map(([name, e]) => [name, sqlExpr(e, schema)]))
      return `SELECT ${n.schema.map((f) => named(added.get(f.name) ?? quote(f.name), f.name)).join(', ')} FROM ${from}`
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
      return `${n.input.op === 'sort' ? lowerNode(n.input, lowering) : `SELECT * FROM ${visit(n.input)}`} LIMIT ${n.count}`
    case 'join': {
      const on = n.on.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`).join(' AND ')
      const keys = new Set(n.on.map(([, r]) => r))
      const right =
        n.how === 'semi' || n.how === 'anti'
          ? []
          : n.right.schema.filter((f) => !keys.has(f.name)).map((f) => `__r.${quote(f.name)}`)
      return `SELECT ${['__l.*', ...right].join(', ')} FROM ${visit(n.left)} __l ${n.how.toUpperCase()} JOIN ${visit(n.right)} __r ON ${on}`
    }
    case 'rolling': {
      const asof = {
        op: 'asof',
        left: n.input,
        right: n,
        by: n.by.map((b) => [b, b] as const),
        at: n.on,
        on: n.on,
        schema: n.schema,
      } as const
      const keep = [...n.by, n.on].map(quote)
      return lowerRolling(asof, n, lowering, `SELECT ${keep.join(', ')} FROM ${visit(n.input)}`)
    }
    case 'asof': {
      if (n.right.op === 'rolling') return lowerRolling(n, n.right, lowering, `SELECT * FROM ${visit(n.left)}`)
      const skip = new Set([...n.by.map(([, r]) => r), n.on])
      const right = n.right.schema.filter((f) => !skip.has(f.name)).map((f) => `__r.${quote(f.name)}`)
      const on = [
        ...n.by.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`),
        `__l.${quote(n.at)} > __r.${quote(n.on)}`,
      ]
      return `SELECT ${['__l.*', ...right].join(', ')} FROM ${visit(n.left)} __l ASOF LEFT JOIN ${visit(n.right)} __r ON ${on.join(' AND ')}`
    }
  }
}

const named = (sql: string, name: string): string => (sql === quote(name) ? sql : `${sql} AS ${quote(name)}`)

/** An instant of a file is read by its µs, which is ten times as fast as a cast through the session's time zone. */
const readAs = (column: string, f: Field): string =>
  f.type === 'timestamp' ? `make_timestamp(epoch_us(${column}))` : `CAST(${column} AS ${sqlType(f.type)})`

function lowerScan(n: Extract<Node, { op: 'scan' }>): string {
  if (n.from.kind === 'parquet') {
    const columns = n.schema.map((f) => `${readAs(quote(f.name), f)} AS ${quote(f.name)}`)
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
 * A rolling window read at each probe's time. Counts and sums of integers come from running totals in a table built
 * beforehand; the others run as a window over events and probes together, which subtracts nothing and so loses no digits.
 */
function lowerRolling(n: AsOf, w: Rolling, lowering: Lowering, probes: string): string {
  const exact = lowering.windows !== undefined && w.aggs.every(([, a]) => isExact(a, w.input.schema))
  return exact
    ? lowerTable(n, w, lowering, lowering.windows as WindowBuild[], probes)
    : lowerWindow(n, w, lowering.visit, probes)
}

function isExact(a: Agg, schema: Schema): boolean {
  if (a.fn === 'count') return true
  return (a.fn === 'sum' || a.fn === 'mean') && a.arg !== null && !isFloat(infer(a.arg, schema, a.fn).type)
}

function lowerTable(n: AsOf, w: Rolling, lowering: Lowering, windows: WindowBuild[], probes: string): string {
  const { schema } = w.input
  const columns: WindowEvents['columns'][number][] = ['rows']
  const values: string[] = []
  const types: Field[] = []
  const total = (kind: 'present' | 'sum', sql: string): number => {
    const name = `v${values.length}`
    values.push(`${sql} AS ${name}`)
    types.push({ name, type: kind === 'present' ? 'bool' : 'int64', nullable: true })
    columns.push(kind)
    return columns.length - 1
  }
  const source = lowering.whole(w.input)
  const placeholder = `/*window*/${windows.length + 1}/**/`
  const read = (column: number) => `CAST(galley_total(${placeholder}, ${column}, "__w") AS BIGINT)`
  const results = w.aggs.map(([name, a]) => {
    if (a.arg === null) return named(read(0), name)
    const arg = sqlExpr(a.arg, schema)
    const count = read(total('present', `CASE WHEN ${arg} IS NOT NULL THEN TRUE END`))
    if (a.fn === 'count') return named(count, name)
    const sum = read(total('sum', `CAST(${arg} AS BIGINT)`))
    return named(`CASE WHEN ${count} > 0 THEN ${a.fn === 'sum' ? sum : `CAST(${sum} AS DOUBLE) / ${count}`} END`, name)
  })
  const keys = w.by.map(quote)
  const on = quote(w.on)
  const present = [...keys, on].map((k) => `${k} IS NOT NULL`).join(' AND ')
  windows.push({
    over: w.over,
    columns,
    placeholder,
    schema: [{ name: 'k', type: 'string', nullable: false }, { name: 't', type: 'int64', nullable: false }, ...types],
    sql: `SELECT ${[`${keyText(keys)} AS k`, `epoch_us(${on}) AS t`, ...values].join(', ')} FROM (${source}) WHERE ${present}`,
  })
  const probe = n.by.map(([l]) => quote(l))
  const at = quote(n.at)
  const missing = [...probe, at].map((k) => `${k} IS NULL`).join(' OR ')
  return `SELECT * EXCLUDE ("__w"), ${results.join(', ')} FROM (
    SELECT *, CASE WHEN ${missing} THEN 0 ELSE galley_window(${placeholder}, ${keyText(probe)}, epoch_us(${at})) END AS "__w" FROM (${probes}))`
}

/** Keys as one text; several are told apart by their lengths. */
function keyText(keys: readonly string[]): string {
  const [only] = keys
  if (keys.length === 1 && only) return `CAST(${only} AS VARCHAR)`
  return keys.map((k) => `length(CAST(${k} AS VARCHAR)) || ':' || CAST(${k} AS VARCHAR)`).join(' || ')
}

function lowerWindow(n: AsOf, w: Rolling, visit: Visit, probes: string): string {
  const schema = w.input.schema
  const keys = w.by.map(quote)
  const present = [...keys, quote(w.on)].map((k) => `${k} IS NOT NULL`).join(' AND ')
  const names = w.by.map((_, i) => `"__k${i}"`)
  const columns = schema.map((f) => quote(f.name))
  const over = ' OVER around'
  const results = w.aggs.map(([name, a]) =>
    named(a.arg === null ? `count("__event")${over}` : sqlAgg(a, schema, over), name),
  )
  return `SELECT unnest("__probe"), ${w.aggs.map(([name]) => quote(name)).join(', ')} FROM (
    SELECT "__probe", ${results.join(', ')} FROM (
      SELECT ${keys.map((k, i) => `${k} AS ${names[i]}`).join(', ')}, epoch_us(${quote(w.on)}) AS "__t", 1 AS "__event", NULL AS "__probe", ${columns.join(', ')} FROM ${visit(w.input)} WHERE ${present}
      UNION ALL
      SELECT ${n.by.map(([l]) => `__l.${quote(l)}`).join(', ')}, epoch_us(__l.${quote(n.at)}), NULL, __l, ${columns.map(() => 'NULL').join(', ')} FROM (${probes}) __l
    ) WINDOW around AS (PARTITION BY ${names.join(', ')} ORDER BY "__t" RANGE BETWEEN ${w.over} PRECEDING AND 1 PRECEDING)
  ) WHERE "__probe" IS NOT NULL`
}
