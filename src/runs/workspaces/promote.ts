import { GalleyError } from '../../base/errors.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { Store, Tables } from '../../store/store.ts'
import { unknownName } from '../../store/unknown.ts'
import { type OpenBranch, requireNobodyForgotten, type Stand, standOf } from './branch.ts'
import { type Carried, carriedBy, carry } from './carried.ts'
import { type PromotedModel, promoteModels } from './models.ts'
import { originOf, runOf } from './origin.ts'
import { translated } from './translated.ts'

export interface Promoted {
  readonly branch: string
  readonly parent: string
  readonly dryRun: boolean
  readonly datasets: readonly {
    readonly dataset: string
    /** The branch's version, and the parent's next one that it is published as. */
    readonly from: number
    readonly version: number
    readonly rows: number
  }[]
  readonly models: readonly PromotedModel[]
  /** Sources whose position goes along: what the branch read of them, the parent does not read again. */
  readonly positions: readonly string[]
  /** Versions of the branch that what is promoted was made of, and that stay in it; models that stay, and why. */
  readonly left: readonly string[]
}

/**
 * Publishes the newest version of each dataset that the branch changed, and of each model that it trained on them, as the parent's next one, by reference and all in one
 * transaction: only where the parent's newest is still what the branch began with. @throws PROMOTE_CONFLICT where it is not, PROMOTE_REFUSED for a sample or where the parent would miss rows, DATASET_UNKNOWN
 */
export async function promote(
  store: Store,
  branch: OpenBranch,
  {
    datasets,
    dryRun = false,
  }: { readonly datasets?: readonly string[] | undefined; readonly dryRun?: boolean | undefined },
): Promise<Promoted> {
  const { name, scope, parent } = branch
  return store.transaction(parent.scope, async (tx) => {
    // the parent first, always: nobody else promotes to it, branches off it or begins to forget in it meanwhile
    if (!(await tx.branches.hold(parent.scope, 'alone')) || !(await tx.branches.hold(scope, 'alone')))
      throw new GalleyError('WORKSPACE_UNKNOWN', { what: 'one of the two was removed meanwhile', fix: 'ask again' })
    const moved = await movedIn(tx, branch, datasets)
    requirePromotable(branch, moved)
    const why = 'a version that is promoted now may have rows that are to go'
    for (const side of [parent.scope, scope]) await requireNobodyForgotten(tx, side, why, moved.map((s) => s.dataset)) // biome-ignore format: one line
    const rows = new Map<string, DatasetVersion>()
    for (const { dataset } of moved) rows.set(dataset, await tx.datasets.get(scope, dataset))
    const carried: Carried = await carriedBy(tx, branch, moved)
    const numbers = new Map(moved.map((s) => [s.dataset, (s.parent ?? 0) + 1]))
    const left = new Set<string>()
    const done: Promoted['datasets'][number][] = []
    for (const { dataset, base } of moved) {
      const row = rows.get(dataset) as DatasetVersion
      const { workspace: _, version: from, created: __, details, ...same } = row
      const version = numbers.get(dataset) ?? 1
      done.push({ dataset, from, version, rows: row.rows })
      const { from: madeOf = [], ...rest } = (details ?? {}) as { from?: readonly string[] }
      const named = await translated(tx, branch, { numbers, rows, madeOf, left })
      if (dryRun) continue
      const origin = await originOf(tx, scope, name, row)
      const next = { ...same, run: null, origin, details: { ...rest, ...(named.length > 0 ? { from: named } : {}) } }
      await tx.datasets.publish(parent.scope, next, { version: base })
      const check = await tx.quality.ofVersion(scope, dataset, from)
      if (check) {
        const { workspace: ___, id: ____, at: _____, ...found } = check
        await tx.quality.record(parent.scope, { ...found, version })
      }
      await tx.branches.rebase(scope, { noun: 'dataset', name: dataset, base: version, own: from, mark: null })
      const run = await runOf(tx, scope, row)
      await tx.events.record(parent.scope, {
        ...{ action: 'dataset.promote', subject: dataset },
        details: { version, branch: name, from, run: run?.number ?? null },
      })
    }
    const models = await promoteModels(tx, branch, { numbers, rows, wanted: datasets, dryRun, left })
    if (!dryRun) await carry(tx, branch, carried)
    const positions = [...new Set(carried.positions.map((p) => p.step))].sort()
    return { branch: name, parent: parent.name, dryRun, datasets: done, models, positions, left: [...left].sort() }
  })
}

/** Datasets that the branch has other versions of than it began with; both sides of them are held. */
async function movedIn(tx: Tables, { scope, parent }: OpenBranch, wanted?: readonly string[]): Promise<Stand[]> {
  const there = new Map((await tx.branches.holdDatasets(parent.scope)).map((d) => [d.name, d.latest]))
  const here = new Map((await tx.branches.holdDatasets(scope)).map((d) => [d.name, d.latest]))
  for (const name of wanted ?? []) if (!here.has(name)) throw unknownName('DATASET_UNKNOWN', 'dataset', name, [...here.keys()]) // biome-ignore format: one line
  const bases = await tx.branches.bases(scope, 'dataset')
  return [...here]
    .filter(([name]) => wanted === undefined || wanted.includes(name))
    .map(([name, latest]) => standOf(name, bases.get(name), latest, there.get(name) ?? null))
    .filter((s) => s.moved === 'branch' || s.moved === 'both')
}

function requirePromotable({ name, parent, sample }: OpenBranch, moved: readonly Stand[]): void {
  if (sample !== null)
    throw new GalleyError('PROMOTE_REFUSED', {
      what: `the branch '${name}' is a sample of '${parent.name}': it is not promoted`,
      why: `its versions were made of ${(sample.share * 100).toLocaleString('en-US')} % of the rows, and would take the place of all`,
      fix: `run the recipe in '${parent.name}': GALLEY_WORKSPACE=${parent.name} galley run RECIPE`,
      details: { branch: name, sample },
    })
  const both = moved.filter((s) => s.moved === 'both')
  if (both.length === 0) return
  const told = both.map((s) =>
    s.base === 0
      ? `'${s.dataset}' was not in the branch when it was made, and is at version ${s.parent} there`
      : `'${s.dataset}' was at version ${s.base} when the branch was made, and is at ${s.parent ?? 'none'} now`,
  )
  throw new GalleyError('PROMOTE_CONFLICT', {
    what: `'${parent.name}' has moved on since the branch '${name}': ${both.map((s) => s.dataset).join(', ')}`,
    why: `${told.join('; ')}: its rows of since would be lost`,
    fix: `run the recipe in '${parent.name}', or make a branch anew (galley branch create), run it there and promote that`,
    details: { branch: name, datasets: both.map((s) => ({ dataset: s.dataset, base: s.base, newest: s.parent })) },
  })
}
