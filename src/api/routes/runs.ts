import { systemClock } from '../../base/clock.ts'
import type { Price } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { clean } from '../../data/datasets/keep/clean.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import type { Progress } from '../../engines/engine.ts'
import type { LedgerEntry } from '../../engines/ledger.ts'
import { diffRecipes } from '../../runs/because.ts'
import type { Output } from '../../runs/kind.ts'
import { recordedEvents } from '../../runs/lineage/openlineage/collector.ts'
import { withinHome } from '../../runs/portable.ts'
import { secondsLeft } from '../../runs/progress.ts'
import type { Resources } from '../../runs/resources.ts'
import type { Recipe } from '../../runs/specs.ts'
import { keyOf, limitOf, type PageRequest, pageOf } from '../../store/page.ts'
import type { Run } from '../../store/runs.ts'
import type { Step as StepRecord } from '../../store/steps.ts'
import type { Store } from '../../store/store.ts'
import { recordOf } from '../../telemetry/sink.ts'
import { requestOf, spansOf } from '../../telemetry/spans.ts'
import type { Failure } from '../contract/route.ts'
import { followed } from '../followed.ts'
import type { ApiWare, NounHandlers } from './handlers.ts'

/** What a run left that was killed: it can't say so itself. */
const GONE: Failure = {
  code: 'STEP_FAILED',
  what: 'the run did not end by itself',
  why: 'its process is gone',
  fix: 'go on with it: galley run RECIPE --resume RUN; or run the recipe again: finished steps are kept',
}

const present = (r: Run, gone: ReadonlySet<string>) => ({
  number: r.number,
  id: r.id,
  recipe: r.recipe,
  partition: r.partition,
  status: gone.has(r.id) ? ('failed' as const) : r.status,
  started: r.started,
  ended: r.ended,
  error: gone.has(r.id) ? GONE : (r.error as Failure | null),
})
const goneOf = async ({ store }: ApiWare, scope: Scope): Promise<ReadonlySet<string>> =>
  new Set((await store.runs.abandoned(scope)).map((r) => r.id))

/** What a step's stored output says of the rows that it set aside. */
function setAside(output: unknown): { rejected: Record<string, number>; rejectedFile: string | null } {
  const { rejected = {}, quarantine } = (output ?? {}) as {
    rejected?: Record<string, number>
    quarantine?: string | null
  }
  return { rejected, rejectedFile: quarantine ? withinHome(quarantine) : null }
}

/** A number that the database has no room for is no run's: asked as an id it is not found. */
const named = (run: string): number | string => (/^\d+$/.test(run) && Number(run) < 2 ** 31 ? Number(run) : run)

const stepsOf = (store: Store, scope: Scope, run: string): Promise<StepRecord[]> =>
  everything((cursor) => store.steps.list(scope, run, { limit: 500, cursor }))

function stepOf(s: StepRecord, now: number) {
  const told = s.status === 'running' ? (s.progress as Progress | null) : null
  const left = told && s.started !== null ? secondsLeft(told, (now - s.started) / 1000) : null
  return {
    ...{ id: s.id, kind: s.kind, status: s.status, cached: s.cached, seconds: s.seconds, started: s.started },
    progress: told && { done: told.done, total: told.total ?? null, unit: told.unit, left },
    error: s.error as Failure | null,
    ledger: s.ledger as Record<string, LedgerEntry> | null,
    resources: s.resources as Resources | null,
    computed: (s.output as Partial<Output> | null)?.computed ?? null,
    because: (s.because ?? []) as string[],
    ...setAside(s.output),
  }
}

/** What the processor time of steps costs. */
function costOf(steps: readonly StepRecord[], price: Price | undefined) {
  if (!price) return null
  const seconds = steps.reduce((n, s) => n + ((s.resources as Resources | null)?.cpuSeconds ?? 0), 0)
  return { amount: (seconds / 3600) * price.amount, currency: price.currency ?? null }
}

/** The log of a step that was taken from the cache: that of the run that made it. @throws RUN_UNKNOWN for a step that the run has not */
async function keptLog(store: Store, scope: Scope, run: string, id: string): Promise<string | undefined> {
  const steps = await stepsOf(store, scope, run)
  const step = steps.find((s) => s.id === id)
  if (step) return (step.output as { log?: string } | null)?.log
  throw new GalleyError('RUN_UNKNOWN', {
    what: `the run has no step '${id}'`,
    why: `its steps are ${steps.slice(0, 20).map((s) => s.id).join(', ')}`, // biome-ignore format: one line
    fix: 'name one of them',
  })
}

export const runs: NounHandlers<'runs'> = {
  cancel: async ({ ware, scope, params }) => {
    const { store } = ware
    const run = await store.runs.get(scope, named(params.run))
    if (!(await store.runs.cancel(scope, run.id)))
      throw new GalleyError('STORE_CONFLICT', {
        what: `run ${run.number} is ${run.status}`,
        fix: 'there is nothing to cancel',
        details: { run: run.number, status: run.status },
      })
    return present(await store.runs.get(scope, run.id), await goneOf(ware, scope))
  },
  lines: async ({ ware: { store }, scope, params, query }) => {
    const { id } = await store.runs.get(scope, named(params.run))
    const { items, next } = await store.lines.list(scope, id, query)
    const present = items.map(({ number, at, level, step, message, fields }) => ({ number, at, level, step, message, fields: fields as Record<string, unknown> | null })) // biome-ignore format: one line
    return { items: present, ...(next === undefined ? {} : { next }) }
  },
  log: async ({ ware: { store }, scope, params }) => {
    const run = await store.runs.get(scope, named(params.run))
    const { items } = await store.artifacts.list(scope, { run: run.id, step: params.step, kind: 'log', limit: 1 })
    const kept = items[0]?.blob ?? (await keptLog(store, scope, run.id, params.step))
    return { text: kept === undefined ? '' : Buffer.from(await store.blobs.get(scope, kept)).toString('utf8') }
  },
  events: async ({ ware, scope, params, signal }) => {
    const { id } = await ware.store.runs.get(scope, named(params.run))
    const look = async () => {
      const run = await ware.store.runs.get(scope, id)
      const gone = run.status === 'running' ? await goneOf(ware, scope) : new Set<string>()
      const steps = await stepsOf(ware.store, scope, id)
      return { run: present(run, gone), steps: steps.map((s) => stepOf(s, systemClock.now())) }
    }
    return { mediaType: 'text/event-stream', bytes: followed(look, signal) }
  },
  clean: async ({ ware: { store }, scope, body: { days, dryRun = false }, signal }) => {
    const { folders, ...sums } = await clean(store, scope, { days, dryRun, signal })
    return { folders: [...folders], ...sums }
  },
  list: async ({ ware, scope, query }) => {
    const gone = await goneOf(ware, scope)
    const page = await ware.store.runs.list(scope, { ...query, killed: [...gone] })
    return { ...page, items: page.items.map((r) => present(r, gone)) }
  },
  get: async ({ ware, scope, params }) => {
    const run = await ware.store.runs.get(scope, named(params.run))
    const gone = run.status === 'running' ? await goneOf(ware, scope) : new Set<string>()
    const steps = await stepsOf(ware.store, scope, run.id)
    return {
      ...present(run, gone),
      steps: steps.map((s) => stepOf(s, systemClock.now())),
      cost: costOf(steps, ware.coreHour),
    }
  },
  changes: async ({ ware: { store }, scope, params, query }) => {
    const [before, after] = [
      await store.runs.get(scope, named(query.since)),
      await store.runs.get(scope, named(params.run)),
    ]
    const steps = diffRecipes(before.recipeJson as Recipe, after.recipeJson as Recipe)
    return { before: before.number, after: after.number, steps: steps.map((s) => ({ ...s, changes: [...s.changes] })) }
  },
  lineage: async ({ ware, scope, params, query }) =>
    pageIn(await recordedEvents(ware.store, scope, named(params.run), ware.version, ware.lineageNamespace), query),
  trace: async ({ ware, scope, params, query }) => {
    const { run, steps, workspace } = await recordOf(ware.store, scope, named(params.run))
    const spans = spansOf(run, steps, workspace).map((span) => requestOf([span], 'galley', ware.version))
    return pageIn(spans, query)
  },
}

/** A page of what is there as a whole. */
function pageIn(all: readonly object[], query: PageRequest) {
  const limit = limitOf(query)
  const first = Math.max(0, (keyOf(query, 'number') ?? -1) + 1)
  const rows = all.map((item, i) => ({ item, i })).slice(first, first + limit + 1)
  const page = pageOf(rows, limit, (r) => r.i)
  return { ...page, items: page.items.map(({ item }): Record<string, unknown> => ({ ...item })) }
}
