import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { bindScans } from '../../plan/walk.ts'

/** How to ask a plan whether its features know the future. */
export interface LookAheadQuestion {
  /** The features' whole plan, from its sources on. */
  readonly root: Node
  /** The source whose labels become known late, bound to rows that carry the truth: see the next two. */
  readonly entry: string
  /** The column of the entry that is known late. */
  readonly label: string
  /** Columns of the entry with the true moments of a row: when it is asked about, and when its label becomes known. */
  readonly truth: { readonly asked: string; readonly known: string }
  readonly features: readonly string[]
  /** µs since 1970: at each, everything not yet known is changed, and everything asked before must stay as it was. */
  readonly moments: readonly number[]
}

/** A feature that changed for rows asked about before the moment, when labels known only after it were changed. */
export interface LookAhead {
  readonly feature: string
  readonly moment: number
  readonly rows: number
}

type Rows = readonly Readonly<Record<string, unknown>>[]

/**
 * Finds features that look ahead, by changing the future: at a moment, all labels that are not yet known are replaced;
 * a feature of an earlier row that then changes has seen one of them. Finds no false positives; what it can miss is a
 * leak that none of the moments touches. `bind` gives the entry's and the other sources' rows.
 */
export async function findLookAhead(
  q: LookAheadQuestion,
  bind: (source: string) => Node,
  collect: (n: Node) => Promise<Rows>,
): Promise<LookAhead[]> {
  const found: LookAhead[] = []
  for (const moment of q.moments) {
    const at = lit(String(moment), 'timestamp')
    const before = await featuresBefore(q, at, bind, collect)
    const after = await featuresBefore(
      q,
      at,
      (source) => (source === q.entry ? changed(bind(source), q, at) : bind(source)),
      collect,
    )
    for (const feature of q.features) {
      const rows = differing(before, after, feature)
      if (rows > 0) found.push({ feature, moment, rows })
    }
  }
  return found
}

/** The entry with another label wherever it is not known at the moment. */
function changed(entry: Node, q: LookAheadQuestion, at: Expr): Node {
  const other: Expr = {
    op: 'case',
    when: [[call('ge', col(q.truth.known), at), call('sub', lit('500', 'int64'), col(q.label))]],
    otherwise: col(q.label),
  }
  const kept = entry.schema.map((f) => [f.name, f.name === q.label ? other : col(f.name)] as const)
  return build({ op: 'select', input: entry, columns: kept })
}

async function featuresBefore(
  q: LookAheadQuestion,
  at: Expr,
  bind: (source: string) => Node,
  collect: (n: Node) => Promise<Rows>,
): Promise<Rows> {
  const bound = bindScans(q.root, (from) => (from.kind === 'source' ? bind(from.name) : undefined))
  const asked = build({ op: 'filter', input: bound, predicate: call('le', col(q.truth.asked), at) })
  const columns = [...new Set([q.truth.asked, q.truth.known, ...q.features])]
  return collect(build({ op: 'select', input: asked, columns: columns.map((c) => [c, col(c)] as const) }))
}

/** Rows whose feature differs, both sides taken as bags keyed by everything but that feature's value. */
function differing(before: Rows, after: Rows, feature: string): number {
  const bag = new Map<string, number>()
  const line = (r: Readonly<Record<string, unknown>>) => `${String(Object.values(r).slice(0, 2))}|${String(r[feature])}`
  for (const r of before) bag.set(line(r), (bag.get(line(r)) ?? 0) + 1)
  for (const r of after) bag.set(line(r), (bag.get(line(r)) ?? 0) - 1)
  let rows = 0
  for (const n of bag.values()) rows += Math.abs(n)
  return Math.ceil(rows / 2)
}
