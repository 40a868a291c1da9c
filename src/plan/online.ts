import { GalleyError } from '../base/errors.ts'
import { hashJson } from '../base/hash.ts'
import { columnsOf, type Expr } from './expr.ts'
import { build, mapNode, type Node } from './nodes.ts'
import { printAlone, printNode } from './print.ts'
import { project } from './prune.ts'
import { feedOf, type OnlineState, stateOf } from './states.ts'
import type { Schema } from './types.ts'
import { bindScans, nodes } from './walk.ts'

/** What does not depend on the record: a side of a join, the past of another source. Loaded once and looked up. */
export interface OnlineTable {
  readonly id: string
  readonly node: Node
}

/** What an endpoint needs to compute a plan's columns for one raw record. Plain JSON. */
export interface OnlinePlan {
  readonly format: 1
  readonly entry: string
  /** The request's columns. */
  readonly input: Schema
  /** The rows that the endpoint is fed with; empty when it keeps no state. */
  readonly feedInput: Schema
  readonly request: Node
  readonly states: readonly OnlineState[]
  readonly tables: readonly OnlineTable[]
}

export const nodeId = (n: Node): string => hashJson(n).slice(0, 16)

/** True when a node reads the source that records arrive at. */
export const reads = (n: Node, entry: string): boolean =>
  [...nodes(n)].some(
    (x) => x.op === 'scan' && (x.from.kind === 'record' || (x.from.kind === 'source' && x.from.name === entry)),
  )

/**
 * Slices a plan to what an endpoint needs for `outputs`. The record takes the place of one row of `entry`; rejections
 * that hold for history only are not asked; windows over the entry become state, other join sides become tables.
 *
 * @throws PLAN_NEEDS_LABEL when an output would need a column that the request does not bring
 * @throws PLAN_INVALID when a verb on the way has no meaning for one record (aggregate, sort, …)
 */
export function online(
  root: Node,
  options: { entry: string; outputs: readonly string[]; input: readonly string[] },
): OnlinePlan {
  const { entry } = options
  const sliced = project(withoutHistory(root, entry), options.outputs)
  const states = new Map<string, OnlineState>()
  const tables = new Map<string, OnlineTable>()
  let input: Schema = []
  let feedInput: Schema = []
  /** What events go through on their way into a state: as a record's, but without states of its own. */
  const fedWith = (n: Node): void => {
    switch (n.op) {
      case 'scan':
        feedInput = widest(feedInput, n.schema)
        return
      case 'join':
        if (reads(n.right, entry)) throw notOnline('a join of the entry with itself', 'use asOf')
        tables.set(nodeId(n.right), { id: nodeId(n.right), node: n.right })
        fedWith(n.left)
        return
      case 'filter':
      case 'reject':
      case 'select':
      case 'derive':
      case 'distinct':
      case 'annotate':
        fedWith(n.input)
        return
      default:
        throw notOnline(
          `${n.op} of the rows that feed its state`,
          'compute it in an earlier step, or say it of the rows that are asked about',
        )
    }
  }
  const path = (n: Node): void => {
    switch (n.op) {
      case 'scan':
        input = n.schema
        return
      case 'join':
        if (reads(n.right, entry)) throw notOnline('a join of the entry with itself', 'use asOf')
        tables.set(nodeId(n.right), { id: nodeId(n.right), node: n.right })
        path(n.left)
        return
      case 'asof': {
        const state = stateOf(n)
        const rows = feedOf(state)
        if (reads(rows, entry)) {
          fedWith(rows)
          states.set(state.id, state)
        } else tables.set(nodeId(rows), { id: nodeId(rows), node: rows })
        path(n.left)
        return
      }
      case 'filter':
      case 'reject':
      case 'select':
      case 'derive':
      case 'annotate':
        path(n.input)
        return
      default:
        throw notOnline(n.op, 'compute it in an earlier step and join its result')
    }
  }
  path(sliced)
  const missing = input.filter((f) => !options.input.includes(f.name))
  if (missing.length > 0)
    throw needsLabel(
      sliced,
      missing.map((f) => f.name),
      options,
    )
  const unread = options.input.filter((name) => !input.some((f) => f.name === name))
  const full = [...nodes(root)].find((n) => n.op === 'scan' && n.from.kind === 'source' && n.from.name === entry)
  const extra = (full?.schema ?? []).filter((f) => unread.includes(f.name))
  const toRecord = (n: Node, schema: Schema) =>
    bindScans(n, (from) =>
      from.kind === 'source' && from.name === entry
        ? build({ op: 'scan', from: { kind: 'record' }, schema })
        : undefined,
    )
  const asked = [...input, ...extra]
  return {
    format: 1,
    entry,
    input: asked,
    feedInput,
    request: keepWindows(sliced, (n) => toRecord(n, asked)),
    states: [...states.values()],
    tables: [...tables.values()],
  }
}

/** Binds the scans of the request path only: a window keeps the scan that its own id was made of. */
function keepWindows(n: Node, bind: (scan: Node) => Node): Node {
  if (n.op === 'scan') return bind(n)
  if (n.op === 'asof') return build({ ...n, left: keepWindows(n.left, bind) })
  if (n.op === 'join') return build({ ...n, left: keepWindows(n.left, bind) })
  return mapNode(n, (child) => keepWindows(child, bind))
}

/** The request path without what only history is held to: `training` rejections and duplicates. */
function withoutHistory(n: Node, entry: string): Node {
  if (!reads(n, entry)) return n
  if ((n.op === 'reject' && n.when === 'training') || n.op === 'distinct') return withoutHistory(n.input, entry)
  if (n.op === 'rolling') return n
  if (n.op === 'asof' || n.op === 'join') return build({ ...n, left: withoutHistory(n.left, entry) })
  return mapNode(n, (child) => withoutHistory(child, entry))
}

const widest = (a: Schema, b: Schema): Schema => [...a, ...b.filter((f) => !a.some((g) => g.name === f.name))]

const notOnline = (what: string, fix: string): GalleyError =>
  new GalleyError('PLAN_INVALID', {
    what: `an endpoint can't answer this plan: ${what} has no meaning for one record`,
    fix,
  })

function needsLabel(
  root: Node,
  missing: readonly string[],
  options: { outputs: readonly string[]; input: readonly string[] },
): GalleyError {
  const names = new Set(missing)
  const uses = (e: Expr) => columnsOf(e).some((name) => names.has(name))
  const asked = onPath(root).filter((n) => (n.op === 'filter' || n.op === 'reject') && uses(n.predicate))
  const made = onPath(root).flatMap((n) =>
    n.op === 'derive' || n.op === 'select'
      ? n.columns.filter(([, e]) => e.op !== 'col' && uses(e)).map(([name, e]) => `${name} = ${printAlone(e)}`)
      : [],
  )
  const users = [...made, ...asked.map(printNode)]
  const rejects = asked.some((n) => n.op === 'reject')
  return new GalleyError('PLAN_NEEDS_LABEL', {
    what: `the endpoint would need ${missing.map((m) => `'${m}'`).join(', ')}, which the request does not bring`,
    why:
      users.length > 0
        ? `it is read by ${users.slice(0, 3).join('; ')}`
        : `the outputs ${options.outputs.join(', ')} depend on it`,
    fix: `leave out the features that are known only later${rejects ? ", reject with { when: 'training' } what a request can't be asked" : ''}, or add ${missing.join(', ')} to the input`,
    details: { missing, input: options.input },
  })
}

/** What a record itself passes through; the other sides of joins are fed or loaded. */
function onPath(root: Node): Node[] {
  const path: Node[] = []
  for (let n: Node | undefined = root; n; n = 'left' in n ? n.left : n.op === 'scan' ? undefined : n.input) path.push(n)
  return path
}
