import { type Agg, type Expr, type WindowCall, windowExprs } from './expr.ts'
import type { Named, Node } from './nodes.ts'

/** How a column enters another, in OpenLineage's terms: its values do, or it decides which rows there are and where. */
export type Direct = 'IDENTITY' | 'TRANSFORMATION' | 'AGGREGATION'
export type Indirect = 'CONDITIONAL' | 'FILTER' | 'JOIN' | 'GROUP_BY' | 'SORT' | 'WINDOW'

/** A column of a scan, and how it enters. */
export interface Origin {
  /** What the scan reads: `source flights`. */
  readonly kind: string
  readonly name: string
  readonly column: string
  readonly how: readonly (Direct | Indirect)[]
}

export interface PlanLineage {
  /** What each column is made of. */
  readonly columns: ReadonlyMap<string, readonly Origin[]>
  /** What decides which rows there are, how many and in what order: every column depends on it. */
  readonly rows: readonly Origin[]
}

const DIRECT: readonly (Direct | Indirect)[] = ['IDENTITY', 'TRANSFORMATION', 'AGGREGATION']
export const isDirect = (how: Direct | Indirect): how is Direct => DIRECT.includes(how)

/** Origins by a text of their scan and column; how they enter as a set. */
type Origins = Map<string, { readonly origin: Omit<Origin, 'how'>; readonly how: Set<Direct | Indirect> }>
interface Found {
  readonly columns: ReadonlyMap<string, Origins>
  readonly rows: Origins
}

/** Traces every column of a plan to the columns of its scans. Nothing is run. */
export function lineageOf(root: Node): PlanLineage {
  const known = new Map<Node, Found>()
  const at = (n: Node): Found => {
    const before = known.get(n)
    if (before) return before
    const found = trace(n, at)
    known.set(n, found)
    return found
  }
  const { columns, rows } = at(root)
  return { columns: new Map([...columns].map(([name, o]) => [name, listed(o)])), rows: listed(rows) }
}

const ORDER = [...DIRECT, 'CONDITIONAL', 'FILTER', 'JOIN', 'GROUP_BY', 'SORT', 'WINDOW']
const listed = (origins: Origins): Origin[] =>
  [...origins.values()].map(({ origin, how }) => ({
    ...origin,
    how: [...how].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
  }))

function trace(n: Node, at: (n: Node) => Found): Found {
  switch (n.op) {
    case 'scan': {
      const name = 'name' in n.from ? n.from.name : ''
      const own = (column: string): Origins =>
        new Map([
          [JSON.stringify([n.from.kind, name, column]), { origin: { kind: n.from.kind, name, column }, how: new Set(['IDENTITY'] as const) }],
        ]) // biome-ignore format: one entry
      return { columns: new Map(n.schema.map((f) => [f.name, own(f.name)])), rows: new Map() }
    }
    case 'filter':
    case 'reject': {
      const input = at(n.input)
      return { ...input, rows: merged(input.rows, entering(input, [n.predicate], 'FILTER')) }
    }
    case 'select':
    case 'derive': {
      const input = at(n.input)
      const made = n.columns.map(([name, e]) => [name, ofExpr(input, e)] as const)
      return { columns: new Map([...(n.op === 'derive' ? input.columns : []), ...made]), rows: input.rows }
    }
    case 'aggregate': {
      const input = at(n.input)
      const by = n.by.map((name) => [name, of(input, name)] as const)
      const keys = as(merged(...by.map(([, o]) => o)), 'GROUP_BY')
      return { columns: new Map([...by, ...aggregated(input, n.aggs)]), rows: merged(input.rows, keys) }
    }
    case 'rolling': {
      const input = at(n.input)
      const by = [...n.by, n.on].map((name) => [name, of(input, name)] as const)
      const keys = as(merged(...by.map(([, o]) => o)), 'WINDOW')
      const aggs = aggregated(input, n.aggs).map(([name, o]) => [name, merged(o, keys)] as const)
      return { columns: new Map([...by, ...aggs]), rows: merged(input.rows, keys) }
    }
    case 'join': {
      const [left, right] = [at(n.left), at(n.right)]
      const keys = as(merged(...n.on.flatMap(([l, r]) => [of(left, l), of(right, r)])), 'JOIN')
      const rows = merged(left.rows, as(right.rows, 'JOIN'), keys)
      if (n.how === 'semi' || n.how === 'anti') return { columns: left.columns, rows }
      return { columns: pick(n, left, right, n.on.map(([, r]) => r)), rows } // biome-ignore format: one line
    }
    case 'asof': {
      const [left, right] = [at(n.left), at(n.right)]
      const keys = [...n.by.flatMap(([l, r]) => [of(left, l), of(right, r)]), of(left, n.at), of(right, n.on)]
      // of rows that share a moment, all columns of a table tell which counts
      const ties = n.right.op === 'rolling' ? [] : [...right.columns.values()].map((o) => as(o, 'JOIN'))
      const found = merged(as(merged(...keys), 'JOIN'), as(right.rows, 'JOIN'), ...ties)
      const columns = pick(n, left, right, [...n.by.map(([, r]) => r), n.on])
      const own = new Set(n.left.schema.map((f) => f.name))
      return {
        columns: new Map([...columns].map(([name, o]) => [name, own.has(name) ? o : merged(o, found)])),
        rows: left.rows,
      }
    }
    case 'distinct': {
      const input = at(n.input)
      return { ...input, rows: merged(input.rows, as(merged(...input.columns.values()), 'GROUP_BY')) }
    }
    case 'sort': {
      const input = at(n.input)
      return { ...input, rows: merged(input.rows, entering(input, n.keys.map((k) => k.by), 'SORT')) } // biome-ignore format: one line
    }
    case 'limit': {
      // which rows are kept among equal ones is told by all columns
      const input = at(n.input)
      return { ...input, rows: merged(input.rows, as(merged(...input.columns.values()), 'SORT')) }
    }
    case 'union': {
      const [left, right] = [at(n.left), at(n.right)]
      const both = n.schema.map((f) => [f.name, merged(of(left, f.name), of(right, f.name))] as const)
      return { columns: new Map(both), rows: merged(left.rows, right.rows) }
    }
    case 'intersect':
    case 'except': {
      const [left, right] = [at(n.left), at(n.right)]
      const compared = as(merged(...left.columns.values(), ...right.columns.values()), 'FILTER')
      return { columns: left.columns, rows: merged(left.rows, as(right.rows, 'FILTER'), compared) }
    }
    case 'window': {
      const input = at(n.input)
      const order = entering(input, n.order.map((k) => k.by), 'WINDOW') // biome-ignore format: one line
      // ties are broken by the remaining columns
      const ties = as(merged(...input.columns.values()), 'WINDOW')
      const where = merged(...n.by.map((name) => as(of(input, name), 'WINDOW')), order, as(input.rows, 'WINDOW'), ties)
      const made = n.columns.map(([name, c]) => [name, merged(windowed(input, c), where)] as const)
      return { columns: new Map([...input.columns, ...made]), rows: input.rows }
    }
    case 'unnest': {
      const input = at(n.input)
      const list = of(input, n.column)
      const made: [string, Origins][] = [[n.column, as(list, 'TRANSFORMATION')]]
      if (n.position) made.push([n.position, as(list, 'TRANSFORMATION')])
      return { columns: new Map([...input.columns, ...made]), rows: merged(input.rows, as(list, 'FILTER')) }
    }
    case 'annotate':
      return at(n.input)
  }
}

const of = (found: Found, name: string): Origins => found.columns.get(name) ?? new Map()

function merged(...all: readonly Origins[]): Origins {
  const out: Origins = new Map()
  for (const origins of all)
    for (const [key, { origin, how }] of origins) {
      const there = out.get(key)
      if (there) for (const h of how) there.how.add(h)
      else out.set(key, { origin, how: new Set(how) })
    }
  return out
}

/** The same origins one step on: what enters indirectly stays so, of values the stronger change counts. */
function as(origins: Origins, step: Direct | Indirect): Origins {
  const next = (how: Direct | Indirect): Direct | Indirect => {
    if (!isDirect(step)) return step
    if (!isDirect(how)) return how
    return DIRECT.indexOf(how) > DIRECT.indexOf(step) ? how : step
  }
  return new Map([...origins].map(([key, { origin, how }]) => [key, { origin, how: new Set([...how].map(next)) }]))
}

/** What an expression's value is made of. */
function ofExpr(input: Found, e: Expr): Origins {
  switch (e.op) {
    case 'col':
      return of(input, e.name)
    case 'lit':
      return new Map()
    case 'case': {
      const values = [...e.when.map(([, v]) => v), e.otherwise].map((v) => as(ofExpr(input, v), 'TRANSFORMATION'))
      return merged(...values, entering(input, e.when.map(([c]) => c), 'CONDITIONAL')) // biome-ignore format: one line
    }
    case 'cast':
      return as(ofExpr(input, e.arg), 'TRANSFORMATION')
    case 'call':
    case 'lookup':
    case 'predict':
      return entering(input, e.args, 'TRANSFORMATION')
  }
}

const entering = (input: Found, exprs: readonly Expr[], step: Direct | Indirect): Origins =>
  merged(...exprs.map((e) => as(ofExpr(input, e), step)))

/** Aggregates, with what decides which rows they are of: filters and joins before change a count that reads no column. */
const aggregated = (input: Found, aggs: Named<Agg>): (readonly [string, Origins])[] =>
  aggs.map(([name, a]) => [name, aggregate(input, a)] as const)

const aggregate = (input: Found, { arg, arg2 }: Agg): Origins =>
  entering(input, [arg, arg2].filter((e) => e !== null && e !== undefined), 'AGGREGATION') // biome-ignore format: one line

function windowed(input: Found, call: WindowCall): Origins {
  return entering(input, windowExprs(call), call.fn === 'aggregate' ? 'AGGREGATION' : 'TRANSFORMATION')
}

/** The columns of a join: the left ones, and the right ones but its keys. */
function pick(n: { readonly left: Node }, left: Found, right: Found, keys: readonly string[]): Map<string, Origins> {
  const own = new Set([...n.left.schema.map((f) => f.name), ...keys])
  return new Map([...left.columns, ...[...right.columns].filter(([name]) => !own.has(name))])
}
