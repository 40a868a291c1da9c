import type { RowCount } from '../../plan/explain/estimate.ts'
import { reasonsOf } from '../../plan/explain/reasons.ts'
import { type Node, nodeChildren } from '../../plan/nodes.ts'
import { printAlone, printNode } from '../../plan/print.ts'
import { nodes } from '../../plan/walk.ts'
import type { ServeStep } from './endpoint.ts'
import type { TableStep } from './step.ts'

/** A plan as a list of nodes, inputs first, referred to by their place in it. */
function planJson(root: Node, rows: ReadonlyMap<Node, RowCount | undefined>, written: Node = root): object[] {
  const reasons = reasonsOf(root, written)
  const all = [...nodes(root)]
  const place = new Map(all.map((n, i) => [n, i]))
  return all.map((n, i) => ({
    node: i,
    op: n.op,
    does: printNode(n),
    inputs: nodeChildren(n).map((child) => place.get(child)),
    ...(n.op === 'reject'
      ? { reasons: reasons(n).map(({ reason, where }) => ({ reason, where: where.map(printAlone) })) }
      : {}),
    rows: rows.get(n) ?? null,
    schema: n.schema,
  }))
}

export function tableJson(s: TableStep): object {
  return {
    engine: s.engine ? { name: s.engine.name, reason: s.engine.reason } : null,
    others: s.others.map((o) => ({ engine: o.engine, gaps: o.gaps, cost: o.cost ?? null })),
    rules: s.fired,
    before: planJson(s.before, s.rowsBefore),
    after: planJson(s.after, s.rows, s.before),
    source: s.engine?.text ?? null,
    kept: s.kept
      ? {
          rows: s.kept.manifest.rows,
          bytes: s.kept.manifest.bytes,
          created: s.kept.manifest.created,
          current: s.kept.samePlan && !s.kept.changed,
        }
      : null,
  }
}

export function serveJson(s: ServeStep): object {
  return {
    engine: { name: 'row', reason: 'an endpoint answers record by record' },
    request: s.online.input,
    feed: s.online.feedInput,
    features: s.features,
    state: s.states.map(({ micros, ...state }) => ({ ...state, hours: micros / 3_600_000_000 })),
    tables: s.tables.map((t) => ({ keys: t.keys, schema: t.node.schema })),
    plan: planJson(s.online.request, new Map()),
  }
}
