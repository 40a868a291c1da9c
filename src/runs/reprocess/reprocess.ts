import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { OF_FILES } from '../../data/connectors/folder.ts'
import { folderOf, intact, type KeptFile } from '../../data/datasets/files.ts'
import { findIn } from '../../data/datasets/find.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { OnRunEvent } from '../events.ts'
import { lineage, stepOf } from '../inline.ts'
import { restored } from '../portable.ts'
import { run } from '../runner.ts'
import type { DatasetSpec, Recipe, Step } from '../specs.ts'
import type { Kitchenware } from '../step.ts'
import type { DatasetOutput } from '../steps/dataset.ts'
import type { SourceOutput } from '../steps/source.ts'
import { recipeOf, requireColumns, requireRowwise } from './recipe.ts'
import { anyPasses, requireLines, sourceOfRows } from './rows.ts'

/** What became of rows that were set aside. */
export interface Reprocessed {
  readonly source: string
  /** Rows that were read again. */
  readonly rows: number
  /** Rows that can be read now, and of these the ones that the dataset took. */
  readonly passed: number
  readonly written: number
  /** Rows that stay aside, by reason: those of the source, then those that the plan rejects. */
  readonly stay: Readonly<Record<string, number>>
  readonly rejected: Readonly<Record<string, number>>
  /** The dataset's newest version; undefined where it has none. */
  readonly version: number | undefined
}

/** Rows that a step has set aside. */
interface Aside {
  readonly file: KeptFile
  readonly counts: Readonly<Record<string, number>>
}

/** What of a source is aside still: rows, and files that were set aside whole, by reason. */
interface Left {
  readonly source: Step<SourceSpec>
  readonly aside: Aside | undefined
  readonly whole: Readonly<Record<string, number>>
}

/**
 * Reads the rows of a source that were set aside once more, by the recipe as it is now, and adds those that can be read to the
 * newest version of a dataset (merges them where it has a key). The others stay aside. What was added is not added again, however often it is asked or
 * killed: rows count as read again once the dataset's step is done, which is recorded in the transaction that publishes them.
 * @throws DATASET_UNKNOWN, RECIPE_INVALID, DATASET_SCHEMA where columns are others now, and what a run throws
 */
export async function reprocess(
  ware: Kitchenware,
  scope: Scope,
  recipe: Recipe,
  options: { dataset: string; source: string | undefined; folder: string; signal: AbortSignal; on: OnRunEvent },
): Promise<Reprocessed> {
  const { dataset, folder, signal } = options
  const { store } = ware
  const step = stepOf(recipe, dataset)
  if (step.kind !== 'dataset')
    throw new GalleyError('RECIPE_INVALID', { what: `'${dataset}' of the recipe '${recipe.name}' is a ${step.kind}, no dataset`, fix: 'name a dataset' }) // biome-ignore format: one line
  if (recipe.partition !== undefined)
    throw new GalleyError('RECIPE_INVALID', {
      what: `rows can't be added to '${dataset}' by themselves`,
      why: `'${recipe.name}' is run partition by partition, and they may be of any of these`,
      fix: 'run the partitions that they are of: galley run RECIPE --partition NAME, or galley backfill RECIPE; each is computed as a whole, by the recipe as it is now',
    })
  const { source, aside, whole } = await chosen(ware, scope, recipe, options)
  const { spec } = source
  requireRowwise(recipe, dataset, source.id)
  const newest = (await store.datasets.get(scope, dataset)).version
  const none = { source: source.id, rows: 0, passed: 0, written: 0, stay: whole, rejected: {}, version: newest }
  if (!aside) return none
  if (!(await intact([aside.file])))
    throw new GalleyError('STORE_CORRUPT', {
      what: `the rows that '${source.id}' has set aside are gone, or not as they were written`,
      why: aside.file.path,
      fix: 'run the recipe: it reads the source again',
    })
  const id = againId(source.id, dataset, aside.file)
  if (newest !== undefined) {
    const { schema } = await findIn(store, scope)(`${dataset}@${newest}`)
    requireColumns(stepOf(recipe, dataset) as Step<DatasetSpec>, schema)
  }
  const engines = { duckdb: ware.duckdb, scope, signal, ledger: createLedger() }
  const again = await sourceOfRows(engines, spec, {
    aside: aside.file.path,
    name: requireLines(source.id, spec),
    draft: store.home.tmp.file('.again'),
    target: folderOf(store, scope, `_${id}`, aside.file.sha256.slice(0, 32)),
  })
  const rows = sum(aside.counts) - sum(ofFiles(aside.counts))
  if (!again) return none
  if (!(await anyPasses(engines, again, store.home.tmp.file('.tried'))))
    return { ...none, rows, stay: { ...aside.counts, ...whole } }
  const derived = recipeOf(recipe, dataset, source.id, { id, kind: 'source', inputs: [], spec: again })
  const { outputs } = await run(ware, scope, derived, { folder, signal, on: options.on })
  const read = outputs.get(id) as SourceOutput
  const made = outputs.get(dataset) as DatasetOutput
  return {
    ...{ source: source.id, rows, passed: read.rows, written: made.write?.contained ? 0 : (made.write?.rows ?? 0) }, // biome-ignore format: one line
    ...{ stay: { ...read.rejected, ...whole }, rejected: rejectedIn(derived, outputs), version: made.version },
  }
}

/** Rows that plans set aside on the way, by reason. */
function rejectedIn(recipe: Recipe, outputs: ReadonlyMap<string, unknown>): Readonly<Record<string, number>> {
  const all: Record<string, number> = {}
  for (const { id, kind } of recipe.steps) {
    if (kind === 'source') continue
    for (const [reason, n] of Object.entries((outputs.get(id) as DatasetOutput).rejected))
      all[reason] = (all[reason] ?? 0) + n
  }
  return all
}

/** The source whose rows are meant, and what of them is still aside. @throws RECIPE_INVALID where that is not told */
async function chosen(
  ware: Kitchenware,
  scope: Scope,
  recipe: Recipe,
  { dataset, source: named }: { dataset: string; source: string | undefined },
): Promise<Left> {
  const sources = lineage(recipe, dataset)
    .map((id) => stepOf(recipe, id))
    .filter((s) => s.kind === 'source' && (named === undefined || s.id === named)) as Step<SourceSpec>[]
  const found: Left[] = []
  for (const source of sources) found.push(await leftOf(ware, scope, source, dataset))
  const withRows = found.filter((f) => f.aside)
  const [only] = withRows.length > 0 ? withRows : found
  if (only && withRows.length < 2) return only
  throw new GalleyError('RECIPE_INVALID', {
    what: only ? `several sources of '${dataset}' have rows aside` : `'${dataset}' is made of no source '${named}'`,
    why: `there are ${(only ? withRows.map((f) => f.source.id) : lineage(recipe, dataset)).join(', ')}`,
    fix: 'name one by --source',
  })
}

/** What a source has set aside and no reprocessing has read again: what that left is then asked about. */
async function leftOf({ store }: Kitchenware, scope: Scope, source: Step<SourceSpec>, dataset: string): Promise<Left> {
  let step = await store.steps.newest(scope, source.id)
  // files that were set aside whole are not read again with the rows: they stay
  let whole: Left['whole'] = {}
  for (;;) {
    const output = step && restored(step.output as SourceOutput, store.home.path)
    const file = output?.kept.find((f) => f.path === output.quarantine)
    if (!output || !file) return { source, aside: undefined, whole }
    whole = { ...whole, ...ofFiles(output.rejected) }
    const again = await store.steps.newest(scope, againId(source.id, dataset, file))
    const done =
      again && (await store.steps.list(scope, again.run)).items.some((s) => s.id === dataset && s.status === 'done')
    if (!done) return { source, aside: { file, counts: output.rejected }, whole }
    step = again
  }
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)
const ofFiles = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([why]) => (OF_FILES as readonly string[]).includes(why)))

/** The step that reads rows again is named by them: there is one for each file of such rows and dataset. */
const againId = (source: string, dataset: string, { sha256 }: KeptFile): string =>
  `${source}-again-${dataset}-${sha256.slice(0, 12)}`
