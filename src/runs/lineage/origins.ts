import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { recordOf } from '../../data/datasets/read/rows.ts'
import { openVersion, scanFiles } from '../../data/datasets/version.ts'
import { type Engines, runPlan } from '../../engines/plans.ts'
import { col, type Expr } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { sourceRows } from '../../plan/provenance.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { bindScans } from '../../plan/walk.ts'
import type { DatasetVersion, VersionOrigin } from '../../store/datasets.ts'
import type { Run } from '../../store/runs.ts'
import type { Store } from '../../store/store.ts'
import type { KeyParts } from '../because.ts'
import { asDeclared } from '../declared.ts'
import { lineage, publishedPlan } from '../inline.ts'
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
  /** The newest run that computed some of them, and its recipe. */
  readonly run: number
  readonly recipe: string
  /** Rows of the version that were asked about. */
  readonly chosen: number
  readonly sources: readonly Origin[]
}

/**
 * Which rows of which sources some rows of a version are made of, computed by the plan that made them over what was read then. Rows that an earlier
 * version brought (`append`, `upsert`) are looked for in the runs of those.
 * @throws DATASET_UNKNOWN; SOURCE_MISSING where what was read then is gone; LINEAGE_UNKNOWN where no run that is known computed such rows
 */
export async function originsOf(
  engines: Engines,
  store: Store,
  scope: Scope,
  asked: { readonly of: DatasetVersion; readonly where: Expr; readonly limit: number },
): Promise<Origins> {
  const { of, where, limit } = asked
  if (of.origin !== null) {
    const { workspace, version, run } = of.origin as VersionOrigin
    throw new GalleyError('LINEAGE_UNKNOWN', {
      what: `'${of.name}@${of.version}' was made in the workspace '${workspace}'${run === null ? '' : `, by its run ${run}`}`,
      why: 'what its run read is on record there',
      fix: `ask there, for ${of.name}@${version}: GALLEY_WORKSPACE=${workspace} galley lineage …`,
      details: { workspace, version, run },
    })
  }
  const { manifest, folder } = await openVersion(join(store.home.datasets, of.path))
  const held = scanFiles(manifest.files, folder, manifest.schema)
  const { total } = await counted(engines, build({ op: 'filter', input: held, predicate: where }), 0)
  const runs: Computing[] = []
  let chosen = 0
  for (let version = of.version; version > 0 && chosen < total; version--) {
    const row = version === of.version ? of : await store.datasets.find(scope, of.name, version)
    if (!row) continue
    const computing = row.run && row.step ? await computedBy(engines, store, scope, { row, where, limit }) : undefined
    if (computing && computing.chosen > 0) {
      runs.push(computing)
      chosen += computing.chosen
    }
    // what a whole replaced is not in it
    if (isWhole(row)) break
  }
  const [newest] = runs
  if (!newest)
    throw new GalleyError('LINEAGE_UNKNOWN', {
      what: `no row of '${of.name}@${of.version}' fulfils that condition${total > 0 ? ' in the runs that are known' : ''}`,
      why: total > 0 ? 'the runs that published it and those before it computed no such row' : 'the version holds none',
      fix: `look at its rows: galley datasets rows ${of.name}@${of.version} --where …`,
    })
  const sources = [...Map.groupBy(runs.flatMap((r) => r.sources), (s) => JSON.stringify([s.step, s.path])).values()] // biome-ignore format: one line
  const merged = sources.map(
    ([first, ...rest]): Origin => ({
      ...(first as Origin),
      total: [first as Origin, ...rest].reduce((n, s) => n + s.total, 0),
      rows: [first as Origin, ...rest].flatMap((s) => s.rows).slice(0, limit),
    }),
  )
  return { name: of.name, version: of.version, run: newest.run, recipe: newest.recipe, chosen: total, sources: merged }
}

/** Whether a version holds nothing of the one before it. */
const isWhole = ({ details }: DatasetVersion): boolean => {
  const mode = (details as { write?: { mode?: string } } | null)?.write?.mode
  return mode === undefined || mode === 'full'
}

interface Computing {
  readonly run: number
  readonly recipe: string
  /** Rows that are asked about, of those that the run computed. */
  readonly chosen: number
  readonly sources: readonly Origin[]
}

/** What the run that published a version made such rows of. */
async function computedBy(
  engines: Engines,
  store: Store,
  scope: Scope,
  { row, where, limit }: { readonly row: DatasetVersion; readonly where: Expr; readonly limit: number },
): Promise<Computing> {
  const run = await store.runs.get(scope, row.run ?? '')
  const recipe = asDeclared(run.recipeJson as Recipe)
  const { root, sources } = await boundThen(engines, store, scope, { run, recipe, step: row.step ?? '' })
  const { total: chosen } = await counted(engines, build({ op: 'filter', input: root, predicate: where }), 0)
  const found: Origin[] = []
  for (const { scan, rows } of chosen > 0 ? sourceRows(root, where) : []) {
    const source = sources.get(scan)
    if (source) found.push({ ...source, schema: scan.schema, ...(await counted(engines, inOrder(rows), limit)) })
  }
  return { run: run.number, recipe: run.recipe, chosen, sources: found }
}

/** The plan of a step over what its sources gave in a run, and which source each scan reads. */
async function boundThen(
  engines: Engines,
  store: Store,
  scope: Scope,
  { run, recipe, step }: { readonly run: Run; readonly recipe: Recipe; readonly step: string },
): Promise<{ root: Node; sources: Map<Node, { step: string; path: string }> }> {
  const records = await everything((cursor) => store.steps.list(scope, run.id, { limit: 500, cursor }))
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
  const root = bindScans(publishedPlan(recipe, step), (from, scan) => {
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
