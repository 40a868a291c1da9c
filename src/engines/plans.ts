import { GalleyError } from '../base/errors.ts'
import { type Node, plan } from '../plan/nodes.ts'
import { type Value, valueAt } from './batch.ts'
import type { DuckdbEngine } from './duckdb/index.ts'
import { isGaps, type Relation, type RunContext } from './engine.ts'

/** The batch engine, and who asks it. */
export interface Engines extends RunContext {
  readonly duckdb: DuckdbEngine
}

/** The engine's relation for a plan. @throws ENGINE_GAP naming what it can't do */
export async function runPlan(ctx: Engines, root: Node, sink: 'batches' | { parquet: string }): Promise<Relation> {
  const prepared = ctx.duckdb.prepare(plan(root))
  if (isGaps(prepared))
    throw new GalleyError('ENGINE_GAP', {
      what: `${ctx.duckdb.name} can't run this plan`,
      why: prepared.map((g) => `${g.node}: ${g.reason}`).join('; '),
      fix: 'write it with other verbs',
    })
  return prepared.run(ctx, sink)
}

/** All rows of a small result as records. */
export async function rowsOf({ duckdb, scope, signal, ledger }: Engines, root: Node): Promise<Record<string, Value>[]> {
  const relation = await runPlan({ duckdb, scope, signal, ledger }, root, 'batches')
  const rows: Record<string, Value>[] = []
  for await (const batch of relation.batches())
    for (let i = 0; i < batch.rows; i++)
      rows.push(
        Object.fromEntries(
          batch.schema.map((f, c) => [f.name, valueAt(batch.columns[c] as (typeof batch.columns)[number], i)]),
        ),
      )
  return rows
}
