import type { Scope } from '../base/scope.ts'
import { everything } from '../data/datasets/keep/everything.ts'
import type { Run } from '../store/runs.ts'
import type { Step as StepRecord } from '../store/steps.ts'
import { lineage } from './inline.ts'
import { watchOn } from './inplace.ts'
import { cacheKey } from './key.ts'
import type { Output } from './kind.ts'
import { restored } from './portable.ts'
import { type Ended, endedOf, type State } from './schedule.ts'
import type { Recipe, Step } from './specs.ts'
import { type Kitchenware, kindOf } from './step.ts'

/** What a run left before it waited, to go on with. */
export interface Kept {
  readonly outputs: ReadonlyMap<string, Output>
  readonly states: ReadonlyMap<string, State>
  readonly seconds: ReadonlyMap<string, number>
  readonly cached: ReadonlySet<string>
  /** Files that are not ours and that later steps read in place, with their state. */
  readonly watched: ReadonlyMap<string, string>
}

const ENDED: ReadonlySet<string> = new Set(['done', 'failed', 'skipped'])

/** The steps whose files a step reads: an endpoint looks farther back than its inputs, an approval at none. */
function readsOf(recipe: Recipe, { id, kind, inputs }: Step): readonly string[] {
  if (kind === 'approval') return []
  return kind === 'table' || kind === 'dataset' ? inputs : lineage(recipe, id)
}

/** What a run that waited has done; undefined where something of it is gone, or a file that is still to be read in place has changed: then it is to be run anew. */
export async function keptOf(
  ware: Kitchenware,
  scope: Scope,
  { record, recipe, folder, signal }: { record: Run; recipe: Recipe; folder: string; signal: AbortSignal },
): Promise<Kept | undefined> {
  const { store } = ware
  const rows = await everything((cursor) => store.steps.list(scope, record.id, { limit: 500, cursor }))
  const byId = new Map<string, StepRecord>(rows.map((s) => [s.id, s]))
  const outputs = new Map<string, Output>()
  const states = new Map<string, State>()
  const seconds = new Map<string, number>()
  const cached = new Set<string>()
  const watched = new Map<string, string>()
  const left = recipe.steps.filter((s) => !ENDED.has(byId.get(s.id)?.status ?? ''))
  for (const step of recipe.steps) {
    const row = byId.get(step.id)
    if (row?.status === 'failed' || row?.status === 'skipped') states.set(step.id, row.status)
    if (row?.status !== 'done') continue
    const kind = kindOf(ware, step)
    const output = restored(row.output as Output, store.home.path)
    if ((await kind.present?.(output as never, { scope, store })) === false) return undefined
    if (output.inPlace && output.inPlace.length > 0 && left.some((s) => readsOf(recipe, s).includes(step.id))) {
      const own = new Map<string, string>()
      const asked = { recipe, step, outputs, folder, signal, started: record.started, say: () => undefined }
      const { key } = await cacheKey({ version: ware.version, scope, store }, kind, asked, own)
      if (key !== row.cacheKey) return undefined
      watchOn(watched, own, output)
    }
    outputs.set(step.id, output)
    states.set(step.id, endedOf(step, output) satisfies Ended)
    if (row.seconds !== null) seconds.set(step.id, row.seconds)
    if (row.cached) cached.add(step.id)
  }
  return { outputs, states, seconds, cached, watched }
}
