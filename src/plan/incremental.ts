import { call, col, type Expr, lit } from './expr.ts'
import { build, mapNode, type Node } from './nodes.ts'

/**
 * What a plan's result needs when its source has grown. Scans of `new` give what came, of `old` what was there before,
 * of the source itself both.
 */
export type Delta =
  /** The plan's rows are added to the former result. */
  | { readonly mode: 'append'; readonly plan: Node }
  /** Rows whose keys are among `touched` go; the plan's rows take their place. Null is a key like any other. */
  | { readonly mode: 'upsert'; readonly keys: readonly string[]; readonly touched: Node; readonly plan: Node }
  | { readonly mode: 'recompute'; readonly reason: string }
  | { readonly mode: 'nothing' }

interface Options {
  /**
   * Says that everything new is later than every moment that old rows were asked about: new partitions of a table by
   * time, for instance. Without it, as-of parts that read the source are computed anew.
   */
  readonly inOrder?: boolean
}

/** The plan that brings a result up to date after rows were appended to `source`. Applying it gives what running the whole plan would. */
export function deltaPlan(root: Node, source: string, options: Options = {}): Delta {
  const known = new Map<Node, Delta>()
  const visit = (n: Node): Delta => {
    let d = known.get(n)
    if (!d) known.set(n, (d = delta(n, visit, source, options)))
    return d
  }
  return visit(root)
}

const NOTHING: Delta = { mode: 'nothing' }
const recompute = (reason: string): Delta => ({ mode: 'recompute', reason })
const append = (plan: Node): Delta => ({ mode: 'append', plan })

function delta(n: Node, visit: (n: Node) => Delta, source: string, options: Options): Delta {
  const old = (m: Node) => asOld(m, source)
  switch (n.op) {
    case 'scan':
      return n.from.kind === 'source' && n.from.name === source
        ? append(build({ ...n, from: { kind: 'new', name: source } }))
        : NOTHING
    case 'filter':
    case 'reject':
    case 'annotate':
    case 'unnest':
    case 'select':
    case 'derive':
      return rowWise(n, visit(n.input))
    case 'union': {
      const [a, b] = [visit(n.left), visit(n.right)]
      if (a.mode === 'nothing' && b.mode === 'append') return append(build({ ...n, left: none(n.left), right: b.plan }))
      if (a.mode === 'append' && b.mode === 'nothing')
        return append(build({ ...n, left: a.plan, right: none(n.right) }))
      if (a.mode === 'append' && b.mode === 'append') return append(build({ ...n, left: a.plan, right: b.plan }))
      return a.mode === 'nothing' && b.mode === 'nothing' ? NOTHING : recompute('a side of the union changes in place')
    }
    case 'distinct':
      return only(visit(n.input), 'distinct', (d) => build({ op: 'except', left: d, right: old(n.input) }))
    case 'intersect':
    case 'except':
      return leftOnly(n, visit, (d) => build({ op: 'except', left: build({ ...n, left: d }), right: old(n) }))
    case 'join':
      return join(n, visit, old)
    case 'asof': {
      const right = visit(n.right.op === 'rolling' ? n.right.input : n.right).mode
      if (right === 'nothing') return leftOnly(n, visit, (d) => build({ ...n, left: d }))
      if (right !== 'append') return recompute(`what rows see as of '${n.at}' changes in place`)
      if (!options.inOrder) return recompute(`rows that came late could change what older ones saw as of '${n.at}'`)
      const left = visit(n.left)
      if (left.mode === 'append') return append(build({ ...n, left: left.plan }))
      return left.mode === 'nothing' ? NOTHING : recompute('its rows change in place')
    }
    case 'rolling': {
      const input = visit(n.input)
      if (input.mode === 'nothing') return NOTHING
      if (input.mode !== 'append') return recompute('its rows change in place')
      if (!options.inOrder) return recompute(`rows that came late could lie in the windows of older ones`)
      const probes = build({
        op: 'select',
        input: input.plan,
        columns: [...n.by, n.on].map((c) => [c, col(c)] as const),
      })
      const by = n.by.map((k) => [k, k] as const)
      return append(build({ op: 'asof', left: probes, right: n, by, at: n.on, on: n.on }))
    }
    case 'aggregate':
    case 'window':
      return grouped(n, visit(n.input))
    case 'sort':
      return visit(n.input).mode === 'nothing' ? NOTHING : recompute('the place of new rows is among the old ones')
    case 'limit':
      return visit(n.input).mode === 'nothing' ? NOTHING : recompute('new rows may push old ones out')
  }
}

type RowWise = Extract<Node, { op: 'filter' | 'reject' | 'annotate' | 'unnest' | 'select' | 'derive' }>

function rowWise(n: RowWise, input: Delta): Delta {
  if (input.mode === 'append') return append(build({ ...n, input: input.plan }))
  if (input.mode !== 'upsert') return input
  const kept = input.keys.every((k) => passes(n, k))
  return kept
    ? { ...input, plan: build({ ...n, input: input.plan }) }
    : recompute(`the keys ${input.keys.join(', ')} of the rows that change are not in the result`)
}

/** Whether a column goes through a node as it is, under its own name. */
function passes(n: RowWise, name: string): boolean {
  if (n.op === 'derive') return !n.columns.some(([c]) => c === name)
  if (n.op === 'select') return n.columns.some(([c, e]) => c === name && e.op === 'col' && e.name === name)
  return n.op !== 'unnest' || n.column !== name
}

function only(input: Delta, what: string, give: (d: Node) => Node): Delta {
  if (input.mode === 'append') return append(give(input.plan))
  return input.mode === 'upsert' ? recompute(`${what} of rows that change in place`) : input
}

function leftOnly(n: Extract<Node, { left: Node }>, visit: (n: Node) => Delta, give: (d: Node) => Node): Delta {
  const right = n.op === 'asof' && n.right.op === 'rolling' ? n.right.input : n.right
  if (visit(right).mode !== 'nothing') return recompute(`the right side of the ${n.op} changes, and old rows with it`)
  return only(visit(n.left), n.op, give)
}

function join(n: Extract<Node, { op: 'join' }>, visit: (n: Node) => Delta, old: (n: Node) => Node): Delta {
  const [left, right] = [visit(n.left), visit(n.right)]
  if (right.mode === 'nothing') return only(left, 'join', (d) => build({ ...n, left: d }))
  if (n.how !== 'inner' || right.mode !== 'append' || left.mode === 'upsert' || left.mode === 'recompute')
    return recompute('the right side of the join changes, and old rows with it')
  const met = build({ ...n, left: old(n.left), right: right.plan })
  return append(
    left.mode === 'append' ? build({ op: 'union', left: build({ ...n, left: left.plan }), right: met }) : met,
  )
}

/** The groups that new rows belong to are computed anew, from all of their rows. */
function grouped(n: Extract<Node, { op: 'aggregate' | 'window' }>, input: Delta): Delta {
  if (input.mode === 'nothing' || input.mode === 'recompute') return input
  if (input.mode === 'upsert') return recompute('its rows change in place')
  if (n.by.length === 0) return recompute(`every row belongs to the one group`)
  const keys = build({ op: 'select', input: input.plan, columns: n.by.map((k) => [k, col(k)] as const) })
  const touched = build({ op: 'distinct', input: keys })
  const plan = build({ ...n, input: ofGroups(n.input, touched, n.by, 'semi') })
  if (n.op === 'window' && n.columns.some(([name]) => n.by.includes(name)))
    return recompute('a window replaces its own key')
  return { mode: 'upsert', keys: n.by, touched, plan }
}

/** Rows whose keys are among others (`semi`), or are not (`anti`), null being a key like any other. */
export function ofGroups(rows: Node, others: Node, keys: readonly string[], how: 'semi' | 'anti'): Node {
  // a struct of the keys matches null with null, which a join's keys don't
  const whole: Expr = call('struct', ...keys.flatMap((k, i) => [lit(`k${i}`, 'string'), col(k)]))
  const left = build({ op: 'derive', input: rows, columns: [['__group', whole]] })
  const right = build({ op: 'select', input: others, columns: [['__wanted', whole]] })
  const found = build({ op: 'join', left, right, on: [['__group', '__wanted']], how })
  return build({ op: 'select', input: found, columns: rows.schema.map((f) => [f.name, col(f.name)] as const) })
}

/** A plan over what was there before. */
function asOld(n: Node, source: string): Node {
  if (n.op === 'scan')
    return n.from.kind === 'source' && n.from.name === source ? build({ ...n, from: { kind: 'old', name: source } }) : n
  return mapNode(n, (child) => asOld(child, source))
}

/** No rows, in the columns of a node. */
const none = (n: Node): Node => build({ op: 'scan', from: { kind: 'rows', rows: [] }, schema: n.schema })
