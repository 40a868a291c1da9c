import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { recordOf } from '../../data/datasets/read/rows.ts'
import { type Engines, runPlan } from '../../engines/plans.ts'
import { col, type Expr } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { sourceRows } from '../../plan/provenance.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { bindScans } from '../../plan/walk.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { Run } from '../../store/runs.ts'
import type { Store } from '../../store/store.ts'
import type { KeyParts } from '../because.ts'
import { asDeclared } from '../declared.ts'
import { lineage, wholePlan } from '../inline.ts'
import { restored } from '../portable.ts'
import { asReadThen } from '../replay/then.ts'
import type { Recipe } from '../specs.ts'
import type { SourceOutput } from '../steps/source.ts'

/** Rows of a source that some rows of a dataset are made of. */
export interface Origin {
  readonly step: string
  /** Where the source lies. */
  readonly path: string
  readonly schema: Schema
  /** How many there are; the first of them follow. */
  readonly total: number
  readonly rows: readonly Record<string, unknown>[]
}

export interface Origins {
  readonly name: string
  readonly version: number
  /** The run that computed them, and its recipe. */
  readonly run: number
  readonly recipe: string
  /** Rows of the version that were asked about, as the run computed them. */
  readonly chosen: number
  readonly sources: readonly Origin[]
}

/**
 * Which rows of which sources some rows of a version are made of, computed by the plan that made them over what was read then. Rows that an earlier
 * version brought (`append`) are looked for in the runs of those.
 * @throws DATASET_UNKNOWN; SOURCE_MISSING where what was read then is gone; LINEAGE_UNKNOWN where no run that is known computed such rows
 */
export async function originsOf(
  engines: Engines,
  store: Store,
  scope: Scope,
  asked: { readonly of: DatasetVersion; readonly where: Expr; readonly limit: number },
): Promise<Origins> {
  const { of, where, limit } = asked
  for (let version = of.version; version > 0; version--) {
    const row = version === of.version ? of : await store.datasets.find(scope, of.name, version)
    if (!row?.run || !row.step) continue
    const run = await store.runs.get(scope, row.run)
    const recipe = asDeclared(run.recipeJson as Recipe)
    const { root, sources } = await boundThen(engines, store, scope, { run, recipe, step: row.step })
    const chosen = await counted(engines, build({ op: 'filter', input: root, predicate: where }), 0)
    if (chosen.total === 0) continue
    const found: Origin[] = []
    for (const { scan, rows } of sourceRows(root, where)) {
      const source = sources.get(scan)
      if (source) found.push({ ...source, schema: scan.schema, ...(await counted(engines, inOrder(rows), limit)) })
    }
    return {
      name: of.name,
      version: of.version,
      run: run.number,
      recipe: run.recipe,
      chosen: chosen.total,
      sources: found,
    }
  }
  throw new GalleyError('LINEAGE_UNKNOWN', {
    what: `no row of '${of.name}@${of.version}' fulfils that condition, or no run that is known computed one`,
    why: 'rows are looked for in the runs that published this version and those before',
    fix: `look at its rows: galley datasets rows ${of.name}@${of.version} --where …`,
  })
}

/** The plan of a step over what its sources gave in a run, and which source each scan reads. */
async function boundThen(
  engines: Engines,
  store: Store,
  scope: Scope,
  { run, recipe, step }: { readonly run: Run; readonly recipe: Recipe; readonly step: string },
): Promise<{ root: Node; sources: Map<Node, { step: string; path: string }> }> {
  const records = (await store.steps.list(scope, run.id, { limit: 500 })).items
  const given = new Map<string, SourceOutput>()
  for (const id of lineage(recipe, step)) {
    const declared = recipe.steps.find((s) => s.id === id && s.kind === 'source')
    const record = records.find((r) => r.id === id)
    if (!declared || !record) continue
    const output = restored(record.output as SourceOutput, store.home.path)
    const parts = record.keyParts as KeyParts | null
    given.set(
      id,
      await asReadThen(store, scope, { recipe, step: declared, run, output, parts, signal: engines.signal }),
    )
  }
  const sources = new Map<Node, { step: string; path: string }>()
  const scans = new Map<string, Node>()
  const root = bindScans(wholePlan(recipe, step), (from, scan) => {
    const output = 'name' in from ? given.get(from.name) : undefined
    if (!output || !('name' in from)) return undefined
    const key = JSON.stringify([from.name, scan.schema])
    const bound = scans.get(key) ?? build({ op: 'scan', from: output.from ?? { kind: 'parquet', files: output.files }, schema: scan.schema }) // biome-ignore format: one line
    scans.set(key, bound)
    sources.set(bound, { step: from.name, path: output.path ?? from.name })
    return bound
  })
  return { root, sources }
}

/** In the order of their columns, so that they are told the same way each time. */
const inOrder = (rows: Node): Node => {
  const keys = rows.schema.filter((f) => isOrdered(f.type)).map((f) => ({ by: col(f.name), descending: false }))
  return keys.length > 0 ? build({ op: 'sort', input: rows, keys }) : rows
}

/** How many rows a plan gives, and the first of them. */
async function counted(engines: Engines, root: Node, limit: number): Promise<Pick<Origin, 'total' | 'rows'>> {
  const rows: Record<string, unknown>[] = []
  let total = 0
  const relation = await runPlan(engines, root, 'batches')
  for await (const batch of relation.batches()) {
    for (let i = 0; i < batch.rows && rows.length < limit; i++) rows.push(recordOf(batch, i))
    total += batch.rows
  }
  return { total, rows }
}
