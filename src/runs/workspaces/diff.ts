import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { diffVersions, type VersionDiff } from '../../data/datasets/diff/diff.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { openVersion } from '../../data/datasets/version.ts'
import type { Engines } from '../../engines/plans.ts'
import type { DatasetVersion, VersionOrigin } from '../../store/datasets.ts'
import type { Store } from '../../store/store.ts'
import { unknownName } from '../../store/unknown.ts'
import { diffRecipes, type StepChange } from '../because.ts'
import { lineage } from '../inline.ts'
import type { Recipe } from '../specs.ts'
import { type OpenBranch, type Stand, standOf } from './branch.ts'
import { originOf } from './origin.ts'

/** A run that made a version. */
export interface MadeBy {
  readonly workspace: string
  readonly version: number
  readonly rows: number
  readonly run: number | null
  readonly recipe: string | null
}

export interface DatasetStand extends Stand {
  /** What was compared: the parent's newest version, or of a sample what the branch began with; and the branch's newest. Null where the two are the same. */
  readonly before: MadeBy | null
  readonly after: MadeBy | null
  readonly diff?: VersionDiff
  /** Why rows were not compared by the key that was asked for. */
  readonly note?: string
  /** What of the recipe changed on the way to the dataset, where both are known. */
  readonly recipe: readonly StepChange[]
}

export interface ModelStand {
  readonly model: string
  readonly branch: { readonly version: number; readonly metrics: unknown }
  readonly parent: { readonly version: number; readonly metrics: unknown } | null
}

export interface BranchDiff {
  readonly branch: string
  readonly parent: string
  readonly sample: OpenBranch['sample']
  readonly datasets: readonly DatasetStand[]
  /** Models that were trained in the branch. */
  readonly models: readonly ModelStand[]
}

/**
 * How a branch differs from its parent: for each dataset who moved since, and where the branch did, how its newest version differs from the parent's newest.
 * A sample is compared with the sample that the branch began with. @throws DATASET_UNKNOWN, CANCELLED
 */
export async function diffBranch(
  ctx: Engines,
  store: Store,
  branch: OpenBranch,
  asked: { readonly dataset?: string | undefined; readonly key?: readonly string[] | undefined },
  tell: (stage: string, done: number) => void,
): Promise<BranchDiff> {
  const stands = await standsOf(store, branch)
  const names = stands.map((s) => s.dataset)
  if (asked.dataset !== undefined && !names.includes(asked.dataset))
    throw unknownName('DATASET_UNKNOWN', 'dataset', asked.dataset, names)
  const wanted = stands.filter((s) => asked.dataset === undefined || s.dataset === asked.dataset)
  const datasets: DatasetStand[] = []
  for (const [i, stand] of wanted.entries()) {
    const say = (stage: string, done: number) => tell(`${stand.dataset}: ${stage}`, (i + done) / wanted.length)
    datasets.push(await compared(ctx, store, branch, stand, asked.key, say))
  }
  return {
    ...{ branch: branch.name, parent: branch.parent.name, sample: branch.sample, datasets },
    models: asked.dataset === undefined ? await modelsOf(store, branch) : [],
  }
}

/** How every dataset stands that the branch has or began with, and those of the parent that came since. */
export async function standsOf(store: Store, { scope, parent }: OpenBranch): Promise<Stand[]> {
  const bases = await store.branches.bases(scope, 'dataset')
  const latest = async (of: typeof scope) =>
    new Map(
      (await everything((cursor) => store.datasets.list(of, { limit: 500, cursor }))).map((d) => [d.name, d.latest]),
    )
  const [here, there] = [await latest(scope), await latest(parent.scope)]
  const names = [...new Set([...here.keys(), ...bases.keys()])].sort()
  return names.map((name) => standOf(name, bases.get(name), here.get(name) ?? null, there.get(name) ?? null))
}

async function compared(
  ctx: Engines,
  store: Store,
  branch: OpenBranch,
  stand: Stand,
  key: readonly string[] | undefined,
  tell: (stage: string, done: number) => void,
): Promise<DatasetStand> {
  const same = { ...stand, before: null, after: null, recipe: [] }
  if (stand.moved === 'neither' || stand.branch === null) return same
  const after = await store.datasets.find(branch.scope, stand.dataset)
  // a part of the rows would differ from the whole by what was left out
  const began = branch.sample !== null && stand.own > 0
  const side = began ? branch : branch.parent
  const at = began ? stand.own : (stand.parent ?? undefined)
  const before = at === undefined ? undefined : await store.datasets.find(side.scope, stand.dataset, at)
  if (!after) return same
  const made = await madeBy(store, branch, after)
  if (!before) return { ...same, after: made.by }
  const was = await madeBy(store, side, before)
  const recipe = was.recipe && made.recipe ? changesTo(stand.dataset, was.recipe, made.recipe) : []
  const both = { ...stand, before: was.by, after: made.by, recipe }
  if (before.hash === after.hash) return both
  const versions = [
    await openVersion(join(store.home.datasets, before.path)),
    await openVersion(join(store.home.datasets, after.path)),
  ] as const
  const has = (k: string) => versions.every((v) => v.manifest.schema.some((f) => f.name === k))
  const declared = versions[1].manifest.key.filter(has)
  const by = key === undefined ? declared : key.every(has) ? key : []
  const lacking = key !== undefined && by.length === 0 ? { note: `it has no ${key.join(', ')}` } : {}
  try {
    return { ...both, ...lacking, diff: await diffVersions(ctx.duckdb, ctx, versions, by, tell) }
  } catch (error) {
    if (!(error instanceof GalleyError && error.code === 'DATASET_KEYS')) throw error
    return { ...both, note: error.what, diff: await diffVersions(ctx.duckdb, ctx, versions, [], tell) }
  }
}

async function madeBy(
  store: Store,
  { scope, name }: Pick<OpenBranch, 'scope' | 'name'>,
  of: DatasetVersion,
): Promise<{ by: MadeBy; recipe: Recipe | undefined }> {
  const { workspace, run, recipe, recipeJson }: VersionOrigin = await originOf(store, scope, name, of)
  const by = { workspace, version: of.version, rows: of.rows, run, recipe }
  return { by, recipe: (recipeJson ?? undefined) as Recipe | undefined }
}

/** What changed in the steps that a dataset is made of. */
function changesTo(dataset: string, before: Recipe, after: Recipe): StepChange[] {
  const on = new Set([before, after].flatMap((r) => (r.steps.some((s) => s.id === dataset) ? lineage(r, dataset) : [])))
  return diffRecipes(before, after).filter((c) => on.has(c.step))
}

async function modelsOf(store: Store, { scope, parent }: OpenBranch): Promise<ModelStand[]> {
  const bases = await store.branches.bases(scope, 'model')
  const found: ModelStand[] = []
  for (const m of await everything((cursor) => store.models.list(scope, { limit: 500, cursor }))) {
    if (m.latest === (bases.get(m.name)?.own ?? 0)) continue
    const here = await store.models.get(scope, m.name)
    const there = await store.models.find(parent.scope, m.name)
    found.push({
      model: m.name,
      branch: { version: here.version, metrics: here.metrics },
      parent: there ? { version: there.version, metrics: there.metrics } : null,
    })
  }
  return found
}
