import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { everything } from '../data/datasets/keep/everything.ts'
import type { Run } from '../store/runs.ts'
import type { Step as StepRecord } from '../store/steps.ts'
import type { Store } from '../store/store.ts'
import { lineage } from './inline.ts'
import { watchOn } from './inplace.ts'
import { cacheKey } from './key.ts'
import type { Output } from './kind.ts'
import { restored } from './portable.ts'
import { type Ended, endedOf, type State } from './schedule.ts'
import type { Recipe, Step } from './specs.ts'
import { type Kitchenware, kindOf } from './step.ts'

/** What a run left before it waited, or its process was killed, to go on with. */
export interface Kept {
  /** Whether its steps are on record: one that was killed at once has none. */
  readonly planned: boolean
  /** Whether it waits again where it is interrupted: somebody was asked about what it has made. */
  readonly asked: boolean
  readonly outputs: ReadonlyMap<string, Output>
  readonly states: ReadonlyMap<string, State>
  readonly seconds: ReadonlyMap<string, number>
  readonly cached: ReadonlySet<string>
  /** Files that are not ours and that later steps read in place, with their state. */
  readonly watched: ReadonlyMap<string, string>
}

const ENDED: ReadonlySet<string> = new Set(['done', 'skipped'])

/** Whether a branch may stand in for what failed so: not where the run is to stop, or what keeps its record fails. */
export function handles(error: unknown): boolean {
  const { code = '' } = (error ?? {}) as { readonly code?: string }
  return code !== 'CANCELLED' && code !== 'BUDGET_EXCEEDED' && code !== 'INTERNAL_BUG' && !code.startsWith('STORE_')
}

/** Kinds of steps that read the files of their inputs alone. */
const NEAR: ReadonlySet<string> = new Set(['table', 'dataset', 'process', 'learn', 'forecast', 'condition', 'either'])

/** The steps whose files a step reads: an endpoint looks farther back than its inputs, an approval at none. */
function readsOf(recipe: Recipe, { id, kind, inputs }: Step): readonly string[] {
  if (kind === 'approval') return []
  return NEAR.has(kind) ? inputs : lineage(recipe, id)
}

/**
 * Makes a run that waits, or whose process is gone, this one's. @throws STORE_CONFLICT for another
 */
export async function takeUp({ runs }: Store, scope: Scope, id: string): Promise<Run> {
  const run = await runs.get(scope, id)
  if (run.status !== 'running') return runs.resume(scope, id)
  if ((await runs.abandoned(scope)).some((gone) => gone.id === id)) return runs.adopt(scope, run)
  throw new GalleyError('STORE_CONFLICT', {
    what: `run ${run.number} is under way`,
    why: 'another process is at it, or was heard of less than a minute ago on another machine',
    fix: `follow it: galley runs watch ${run.number}`,
  })
}

/** What a run that waited, or was killed, has done; undefined where something of it is gone, or a file that is still to be read in place has changed: then it is to be run anew. */
export async function keptOf(
  ware: Kitchenware,
  scope: Scope,
  { record, waited, recipe, folder, signal }: { record: Run; waited: boolean; recipe: Recipe; folder: string; signal: AbortSignal }, // biome-ignore format: one line
): Promise<Kept | undefined> {
  const { store } = ware
  const rows = await everything((cursor) => store.steps.list(scope, record.id, { limit: 500, cursor }))
  const byId = new Map<string, StepRecord>(rows.map((s) => [s.id, s]))
  const outputs = new Map<string, Output>()
  const states = new Map<string, State>()
  const seconds = new Map<string, number>()
  const cached = new Set<string>()
  const watched = new Map<string, string>()
  const stoodIn = new Set(recipe.steps.flatMap((s) => (s.after ?? []).flatMap((a) => (a.is === 'failed' ? a.of : []))))
  /** One for which no branch stands in failed with its run, which was killed then: it is tried again. */
  const isFinal = (id: string, row: StepRecord | undefined) =>
    row?.status === 'failed' ? stoodIn.has(id) && handles(row.error) : ENDED.has(row?.status ?? '')
  const left = recipe.steps.filter((s) => !isFinal(s.id, byId.get(s.id)))
  for (const step of recipe.steps) {
    const row = byId.get(step.id)
    if ((row?.status === 'failed' || row?.status === 'skipped') && isFinal(step.id, row))
      states.set(step.id, row.status)
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
  const asked = waited || recipe.steps.some((s) => s.kind === 'approval' && outputs.has(s.id))
  return { planned: rows.length > 0, asked, outputs, states, seconds, cached, watched }
}
