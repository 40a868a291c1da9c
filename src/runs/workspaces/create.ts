import { dirname, join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { sweep } from '../../data/datasets/keep/sweep.ts'
import type { Engines } from '../../engines/plans.ts'
import type { Store, Tables } from '../../store/store.ts'
import { unknownName } from '../../store/unknown.ts'
import { requireName } from '../../tenancy/workspace.ts'
import { requireNobodyForgotten } from './branch.ts'
import { type Sampled, type SampleSpec, sampled } from './sample.ts'

export interface NewBranch {
  readonly name: string
  /** All unless named. */
  readonly datasets?: readonly string[] | undefined
  /** Absent: whole versions. */
  readonly sample?: SampleSpec | undefined
}

export interface MadeBranch {
  readonly branch: string
  readonly parent: string
  readonly sample: SampleSpec | null
  readonly datasets: readonly {
    readonly name: string
    /** The newest version of the parent that it stands for, and its own number of it. */
    readonly base: number
    readonly version: number
    readonly rows: number
    /** Whether it is a part of the rows. */
    readonly sampled: boolean
  }[]
}

/**
 * Makes a workspace whose datasets are those of the scope's: whole versions by reference, so that nothing is copied, with what the cache knows and how far
 * sources were read; or a sample of the newest version of each, and of those with a tag. All in one transaction: killed before, there is no branch.
 * @throws REQUEST_INVALID, STORE_CONFLICT for a name that is taken, or while somebody is being forgotten; DATASET_UNKNOWN, PLAN_UNKNOWN_COLUMN, CANCELLED
 */
export async function createBranch(
  ctx: Engines,
  store: Store,
  asked: NewBranch,
  tell: (stage: string, done: number) => void,
): Promise<MadeBranch> {
  const { scope } = ctx
  const { name, sample } = asked
  requireName(name)
  if (await store.workspaces.find(name)) throw taken(name)
  const names = await namesOf(store, scope, asked.datasets)
  if (sample === undefined) return whole(store, scope, name, asked.datasets === undefined ? undefined : names)
  const made = await sampled(ctx, store, names, sample, tell)
  try {
    return await partly(store, scope, name, sample, made)
  } catch (error) {
    // rows of somebody who was forgotten meanwhile may be in it
    for (const { row, whole } of made)
      if (!whole) await sweep(store, scope, row.name, [dirname(join(store.home.datasets, row.path))])
    throw error
  }
}

/** @throws DATASET_UNKNOWN */
async function namesOf(store: Store, scope: Scope, wanted?: readonly string[]): Promise<string[]> {
  const all = (await everything((cursor) => store.datasets.list(scope, { limit: 500, cursor }))).map((d) => d.name)
  for (const name of wanted ?? []) if (!all.includes(name)) throw unknownName('DATASET_UNKNOWN', 'dataset', name, all)
  return wanted === undefined ? all : [...new Set(wanted)].sort()
}

const taken = (name: string): GalleyError =>
  new GalleyError('STORE_CONFLICT', {
    what: `there is a workspace '${name}' already`,
    fix: `choose another name, or remove it: galley workspaces rm ${name}`,
  })

/** A branch with nothing in it; its parent is held, so that no version of it comes or goes before the end of the transaction. */
async function begun(tx: Tables, scope: Scope, name: string, sample: SampleSpec | null, names?: readonly string[]) {
  if (!(await tx.branches.hold(scope, 'alone')))
    throw new GalleyError('WORKSPACE_UNKNOWN', { what: 'the workspace was removed meanwhile', fix: 'use another one' })
  const held = await tx.branches.holdDatasets(scope, names)
  await requireNobodyForgotten(tx, scope, 'the branch would have rows that are to go', names)
  const branch = await tx.branches.make(scope, name, sample)
  if (!branch) throw taken(name)
  return { branch, held }
}

const noted = (tx: Tables, scope: Scope, name: string, details: object) =>
  tx.events.record(scope, { action: 'branch.create', subject: name, details })

async function whole(
  store: Store,
  scope: Scope,
  name: string,
  names: readonly string[] | undefined,
): Promise<MadeBranch> {
  const made = await store.transaction(scope, async (tx) => {
    const { branch, held } = await begun(tx, scope, name, null, names)
    await tx.branches.refer(scope, branch, { datasets: names })
    await noted(tx, scope, name, { datasets: names ?? 'all' })
    const rows = new Map((await tx.datasets.brought(branch)).map((v) => [v.name, v.rows]))
    return held.map(({ name, latest }) => ({ name, base: latest, version: latest, rows: rows.get(name) ?? 0, sampled: false })) // biome-ignore format: one line
  })
  return { branch: name, parent: await store.workspaces.nameOf(scope), sample: null, datasets: made }
}

async function partly(
  store: Store,
  scope: Scope,
  name: string,
  sample: SampleSpec,
  made: readonly Sampled[],
): Promise<MadeBranch> {
  const names = [...new Set(made.map((m) => m.of.name))]
  const datasets = await store.transaction(scope, async (tx) => {
    const { branch } = await begun(tx, scope, name, sample, names)
    const told: MadeBranch['datasets'][number][] = []
    for (const { of, tags, row, whole } of made) {
      const now = await tx.datasets.find(scope, of.name, of.version)
      if (now?.path !== of.path)
        throw new GalleyError('STORE_CONFLICT', {
          what: `version ${of.version} of '${of.name}' was rewritten or removed meanwhile`,
          why: 'the sample was taken of what it was',
          fix: 'ask again',
        })
      const published = await tx.datasets.publish(branch, row)
      for (const tag of tags) await tx.tags.set(branch, of.name, tag, published.version)
      if (of.newest !== of.version) continue
      const own = published.version
      await tx.branches.rebase(branch, { noun: 'dataset', name: of.name, base: of.version, own, mark: null })
      told.push({ name: of.name, base: of.version, version: published.version, rows: row.rows, sampled: !whole })
    }
    await tx.branches.referSources(scope, branch)
    await noted(tx, scope, name, { sample, datasets: names })
    return told
  })
  return { branch: name, parent: await store.workspaces.nameOf(scope), sample, datasets }
}
