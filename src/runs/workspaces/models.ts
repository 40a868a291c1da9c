import { GalleyError } from '../../base/errors.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { ModelVersion } from '../../store/models.ts'
import type { Tables } from '../../store/store.ts'
import { type OpenBranch, standOf } from './branch.ts'
import { runOf } from './origin.ts'

export interface PromotedModel {
  readonly model: string
  /** The branch's version, and the parent's next one that it is published as. */
  readonly from: number
  readonly version: number
  /** What it was trained on, as the parent numbers it. */
  readonly dataset: string | null
  readonly datasetVersion: number | null
}

/** What is promoted beside the models, by dataset: the parent's numbers, and the branch's versions that get them. */
export interface Beside {
  readonly numbers: ReadonlyMap<string, number>
  readonly rows: ReadonlyMap<string, DatasetVersion>
  /** Datasets that were asked for; all unless given. */
  readonly wanted?: readonly string[] | undefined
  readonly dryRun: boolean
  readonly left: Set<string>
}

/**
 * Publishes the newest version of each model that the branch trained as the parent's next one, where what it was trained on is the parent's too, or is promoted beside it,
 * and the parent has trained none since. One for which that is not so stays in the branch, and is told (`left`). What the parent's cache knows of it then
 * keeps the step that trained it from running again there. @throws PROMOTE_CONFLICT where one was published meanwhile
 */
export async function promoteModels(tx: Tables, branch: OpenBranch, beside: Beside): Promise<PromotedModel[]> {
  const { scope, parent, name } = branch
  const bases = await tx.branches.bases(scope, 'model')
  const done: PromotedModel[] = []
  for (const { name: model, latest } of await everything((cursor) => tx.models.list(scope, { limit: 500, cursor }))) {
    const there = await tx.models.find(parent.scope, model)
    const stand = standOf(model, bases.get(model), latest, there?.version ?? null)
    if (stand.moved !== 'branch' && stand.moved !== 'both') continue
    const row = await tx.models.get(scope, model, latest)
    if (beside.wanted && !(row.dataset !== null && beside.wanted.includes(row.dataset))) continue
    const trainedOn = await trainedOnOf(tx, branch, row, beside)
    if (stand.moved === 'both') {
      beside.left.add(`${model}@${latest} of ${name}: ${parent.name} has trained ${model}@${there?.version ?? 0} since`)
      continue
    }
    if (trainedOn === undefined) {
      beside.left.add(`${model}@${latest} of ${name}: it was trained on ${row.dataset}@${row.datasetVersion}, which stays there`) // biome-ignore format: one line
      continue
    }
    const version = stand.base + 1
    done.push({ model, from: latest, version, dataset: row.dataset, datasetVersion: trainedOn })
    if (!beside.dryRun) await publish(tx, branch, row, { version, trainedOn })
  }
  return done
}

/** The parent's version of what a model was trained on: null for none, undefined where the parent has no such. */
async function trainedOnOf(
  tx: Tables,
  { scope, parent }: OpenBranch,
  { dataset, datasetVersion: version }: ModelVersion,
  { numbers, rows }: Beside,
): Promise<number | null | undefined> {
  if (dataset === null || version === null) return null
  const next = numbers.get(dataset)
  if (next !== undefined && rows.get(dataset)?.version === version) return next
  const [here, there] = [await tx.datasets.find(scope, dataset, version), await tx.datasets.find(parent.scope, dataset, version)] // biome-ignore format: one line
  return here && there?.hash === here.hash ? version : undefined
}

async function publish(
  tx: Tables,
  { scope, parent, name }: OpenBranch,
  row: ModelVersion,
  { version, trainedOn }: { readonly version: number; readonly trainedOn: number | null },
): Promise<void> {
  const { workspace: _, version: from, created: __, ...same } = row
  const run = await runOf(tx, scope, row)
  const origin = { workspace: name, version: from, run: run?.number ?? null, recipe: run?.recipe ?? null }
  const details = { ...(row.details as object | null), origin }
  const made = await tx.models.publish(parent.scope, { ...same, run: null, datasetVersion: trainedOn, details })
  if (made.version !== version)
    throw new GalleyError('PROMOTE_CONFLICT', {
      what: `'${parent.name}' has trained '${row.name}' meanwhile`,
      why: `its newest is version ${made.version - 1}, and was ${version - 1}`,
      fix: 'ask again: the model then stays in the branch, and all else is promoted',
      details: { model: row.name },
    })
  await carryCache(tx, scope, parent.scope, row, { version, trainedOn })
  await tx.branches.rebase(scope, { noun: 'model', name: row.name, base: version, own: from, mark: null })
  await tx.events.record(parent.scope, {
    ...{ action: 'model.promote', subject: row.name },
    details: { version, branch: name, from, run: run?.number ?? null },
  })
}

/** What the branch's cache knows of the step that trained a model, with the parent's numbers. */
async function carryCache(
  tx: Tables,
  scope: OpenBranch['scope'],
  parent: OpenBranch['scope'],
  { run, step: id }: ModelVersion,
  { version, trainedOn }: { readonly version: number; readonly trainedOn: number | null },
): Promise<void> {
  if (run === null || id === null) return
  const steps = await everything((cursor) => tx.steps.list(scope, run, { limit: 500, cursor }))
  const key = steps.find((s) => s.id === id)?.cacheKey
  const kept = key ? await tx.cache.find(scope, key) : undefined
  if (!kept) return
  const output = kept.output as { readonly dataset?: object }
  const dataset = trainedOn === null ? output.dataset : { ...output.dataset, version: trainedOn }
  await tx.cache.put(parent, { key: kept.key, output: { ...output, version, dataset }, run: kept.run, step: kept.step })
}
