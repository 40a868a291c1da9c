import { type Node, nodeChildren, type SortKey } from '../../plan/nodes.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { sqlAgg } from './aggregates.ts'
import { lowerAsOf } from './asof.ts'
import type { Bounds } from './bitmaps.ts'
import { joinLookups } from './lookups.ts'
import { lowerRolling } from './rolling.ts'
import type { WindowEvents } from './rolling-table.ts'
import { lowerScan } from './scan.ts'
import { sqlExpr } from './sql/expr.ts'
import { named, quote } from './sql/names.ts'
import { lowerWindow } from './window.ts'

/** A rolling window that is sorted into typed arrays before the query runs. */
export interface WindowBuild extends WindowEvents {
  /** Stands for the table's id in every query. */
  readonly mark: string
  /** Gives key, µs and the columns of the totals. */
  readonly sql: string
  readonly schema: Schema
}

export interface Lowered {
  readonly sql: string
  /** In the order in which they can be built. */
  readonly windows: readonly WindowBuild[]
}

export type Visit = (n: Node) => string
export interface Lowering {
  readonly visit: Visit
  /** The SELECT for a subplan of its own. */
  readonly whole: (n: Node) => string
  readonly tables: ReadonlyMap<Node, string>
  /** Undefined when windows are to stay in SQL. */
  readonly windows: WindowBuild[] | undefined
  /** Aggregates compute what they would raise for. */
  readonly guarded: boolean
  readonly bounds: Bounds | undefined
}

interface LowerOptions {
  readonly windows?: boolean
  /** Tables of the database that stand for scans. */
  readonly tables?: ReadonlyMap<Node, string>
  readonly guarded?: boolean
  /** Ranges of integers that the aggregate of the root counts. */
  readonly bounds?: Bounds
}

/**
 * A plan as one SELECT over common table expressions, one a node; a node used twice is written once. Exact rolling
 * windows become tables of their own unless `windows` is false.
 */
export function lower(root: Node, options: LowerOptions = {}): Lowered {
  const windows: WindowBuild[] | undefined = options.windows === false ? undefined : []
  const sql = lowerWhole(root, windows, options.tables ?? new Map(), options.guarded === true, options.bounds)
  return { sql, windows: windows ?? [] }
}

/**
 * Verbs on top of each other that are one query: DuckDB writes what is derived into whatever uses it, so that of columns made of each other the
 * last ones hold all before them.
 */
const MOST_INLINED = 50

function lowerWhole(
  root: Node,
  windows: WindowBuild[] | undefined,
  tables: ReadonlyMap<Node, string>,
  guarded: boolean,
  bounds?: Bounds,
): string {
  const ctes: string[] = []
  const names = new Map<Node, string>()
  const heights = new Map<Node, number>()
  const visit = (n: Node): string => {
    const known = names.get(n)
    if (known) return known
    const sql = lowerNode(n, lowering)
    const name = `n${names.size}`
    names.set(n, name)
    const height = 1 + Math.max(0, ...nodeChildren(n).map((child) => heights.get(child) ?? 0))
    heights.set(n, height % MOST_INLINED)
    ctes.push(`${name} AS ${height === MOST_INLINED ? 'MATERIALIZED ' : ''}(${sql})`)
    return name
  }
  const whole = (n: Node) => lowerWhole(n, windows, tables, guarded)
  const lowering: Lowering = { visit, windows, tables, guarded, whole, bounds: bounds?.size ? bounds : undefined }
  const last = visit(root)
  const order = orderOf(root)
  const by = order.map((o) => `${quote(o.column)} ${o.descending ? 'DESC' : 'ASC'} NULLS LAST`)
  return `WITH ${ctes.join(',\n')}\nSELECT ${columnsOf(root.schema)} FROM ${last}${by.length > 0 ? ` ORDER BY ${by.join(', ')}` : ''}`
}

/** A column that carries an order to the outermost SELECT, where alone it has an effect. */
interface OrderColumn {
  readonly column: string
  readonly descending: boolean
}

/** The order that a node's rows have, by hidden columns; row-wise nodes keep the one of their input. */
function orderOf(n: Node): OrderColumn[] {
  switch (n.op) {
    case 'sort': {
      const own = n.keys.map((k, i) => ({ column: `__order${depthOf(n)}_${i}`, descending: k.descending }))
      return [...own, ...orderOf(n.input)]
    }
    case 'unnest': {
      const rows = orderOf(n.input)
      return rows.length > 0 ? [...rows, { column: placeOf(n), descending: false }] : []
    }
    case 'filter':
    case 'reject':
    case 'select':
    case 'derive':
    case 'annotate':
    case 'limit':
      return orderOf(n.input)
    default:
      return []
  }
}

/** The order that a limit looks at: its sort's own keys. What is equal in them is told apart by all columns. */
const ownOrder = (n: Node): OrderColumn[] => (n.op === 'sort' ? orderOf(n).slice(0, n.keys.length) : orderOf(n))

const depthOf = (n: Node): number => ('input' in n ? depthOf(n.input) + 1 : 0)
const columnsOf = (schema: Schema, table = ''): string => schema.map((f) => `${table}${quote(f.name)}`).join(', ')
const hidden = (n: Node): string[] => orderOf(n).map((o) => quote(o.column))

function lowerNode(n: Node, lowering: Lowering): string {
  const { visit } = lowering
  switch (n.op) {
    case 'scan': {
      const table = lowering.tables.get(n)
      return table ? `SELECT * FROM ${table}` : lowerScan(n)
    }
    case 'filter':
      return `SELECT * FROM ${visit(n.input)} WHERE ${sqlExpr(n.predicate, n.input.schema)}`
    case 'reject':
      return `SELECT * FROM ${visit(n.input)} WHERE (${sqlExpr(n.predicate, n.input.schema)}) IS NOT TRUE`
    case 'annotate':
      return `SELECT * FROM ${visit(n.input)}`
    case 'select': {
      const { from, schema, columns } = joinLookups(n.columns, n.input.schema, visit(n.input))
      return `SELECT ${[...columns.map(([name, e]) => named(sqlExpr(e, schema), name)), ...hidden(n)].join(', ')} FROM ${from}`
    }
    case 'derive': {
      const { from, schema, columns } = joinLookups(n.columns, n.input.schema, visit(n.input))
      const added = columns.map(([name, e]) => [name, sqlExpr(e, schema)] as const)
      // lookups bring columns of their own, which are not to go on
      const replaces = n.schema.length < n.input.schema.length + added.length
      if (schema === n.input.schema && !replaces)
        return `SELECT *, ${added.map(([name, sql]) => named(sql, name)).join(', ')} FROM ${from}`
      const made = new Map(added)
      const all = n.schema.map((f) => named(made.get(f.name) ?? quote(f.name), f.name))
      return `SELECT ${[...all, ...hidden(n)].join(', ')} FROM ${from}`
    }
    case 'aggregate': {
      const by = n.by.map(quote)
      const columns = [
        ...by,
        ...n.aggs.map(([name, a]) =>
          named(sqlAgg(a, n.input.schema, '', !lowering.guarded, n.by.length > 0 ? undefined : lowering.bounds), name),
        ),
      ]
      return `SELECT ${columns.join(', ')} FROM ${visit(n.input)}${by.length > 0 ? ` GROUP BY ${by.join(', ')}` : ''}`
    }
    case 'distinct':
      return `SELECT DISTINCT ${columnsOf(n.schema)} FROM ${visit(n.input)}`
    case 'union':
    case 'intersect':
    case 'except': {
      const verb = { union: 'UNION ALL', intersect: 'INTERSECT', except: 'EXCEPT' }[n.op]
      return `SELECT ${columnsOf(n.left.schema)} FROM ${visit(n.left)} ${verb} SELECT ${columnsOf(n.left.schema)} FROM ${visit(n.right)}`
    }
    case 'sort': {
      const keys = orderOf(n).slice(0, n.keys.length)
      const own = n.keys.map((k, i) => `${sqlExpr(k.by, n.input.schema)} AS ${quote(keys[i]?.column ?? '')}`)
      return `SELECT ${['*', ...own].join(', ')} FROM ${visit(n.input)}`
    }
    case 'limit':
      return `SELECT * FROM ${visit(n.input)} ORDER BY ${[...ownOrder(n.input).map((o) => `${quote(o.column)} ${o.descending ? 'DESC' : 'ASC'} NULLS LAST`), ...ties(n.schema)].join(', ')} LIMIT ${n.count}`
    case 'window':
      return lowerWindow(n, visit(n.input), (keys) => orderBy(keys, n.input.schema))
    case 'unnest':
      return lowerUnnest(n, visit(n.input))
    case 'join': {
      const on = n.on.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`).join(' AND ')
      const keys = new Set(n.on.map(([, r]) => r))
      const whole = n.how === 'semi' || n.how === 'anti'
      const right = whole ? [] : n.right.schema.filter((f) => !keys.has(f.name))
      const columns = [columnsOf(n.left.schema, '__l.'), ...right.map((f) => `__r.${quote(f.name)}`)]
      return `SELECT ${columns.join(', ')} FROM ${visit(n.left)} __l ${n.how.toUpperCase()} JOIN ${visit(n.right)} __r ON ${on}`
    }
    case 'rolling': {
      const asof = { by: n.by.map((b) => [b, b] as const), at: n.on }
      return lowerRolling(asof, n, lowering, `SELECT ${[...n.by, n.on].map(quote).join(', ')} FROM ${visit(n.input)}`)
    }
    case 'asof':
      if (n.right.op === 'rolling')
        return lowerRolling(n, n.right, lowering, `SELECT ${columnsOf(n.left.schema)} FROM ${visit(n.left)}`)
      return lowerAsOf(n, visit(n.left), visit(n.right))
  }
}

/** An order in which no two different rows are equal: ties are broken by all columns that have an order. */
const ties = (schema: Schema): string[] =>
  schema.filter((f) => isOrdered(f.type)).map((f) => `${quote(f.name)} ASC NULLS LAST`)

const orderBy = (keys: readonly SortKey[], schema: Schema): string[] =>
  keys.map((k) => `${sqlExpr(k.by, schema)} ${k.descending ? 'DESC' : 'ASC'} NULLS LAST`)

/** The hidden column that says where in its list an item stood, where rows have an order. */
const placeOf = (n: Node): string => `__order${depthOf(n)}_0`

function lowerUnnest(n: Extract<Node, { op: 'unnest' }>, input: string): string {
  const list = quote(n.column)
  const empty = `(${list} IS NULL OR len(${list}) = 0)`
  const place = n.position
    ? [`unnest(CASE WHEN ${empty} THEN [NULL::BIGINT] ELSE range(len(${list})) END) AS ${quote(n.position)}`]
    : []
  const item = n.keepEmpty
    ? `unnest(CASE WHEN ${empty} THEN [NULL] ELSE ${list} END) AS ${list}`
    : `unnest(${list}) AS ${list}`
  const columns = n.input.schema.map((f) => (f.name === n.column ? item : quote(f.name)))
  const kept = orderOf(n.input).map((o) => quote(o.column))
  const order =
    kept.length > 0
      ? [...kept, `unnest(CASE WHEN ${empty} THEN [0::BIGINT] ELSE range(len(${list})) END) AS ${quote(placeOf(n))}`]
      : []
  return `SELECT ${[...columns, ...place, ...order].join(', ')} FROM ${input}${n.keepEmpty ? '' : ` WHERE NOT ${empty}`}`
}
