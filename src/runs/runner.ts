import { asGalleyError, throwIfAborted } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { EngineChoice } from '../engines/engine.ts'
import { createLedger } from '../engines/ledger.ts'
import type { Run } from '../store/runs.ts'
import { Meeting } from './beside.ts'
import { Spending } from './budget.ts'
import type { OnRunEvent } from './events.ts'
import type { Output } from './kind.ts'
import { hashRecipe } from './recipe.ts'
import { runSteps } from './schedule.ts'
import type { Recipe } from './specs.ts'
import { type Kitchenware, runStep } from './step.ts'
import { deadlineOf, runTimedOut, timedOut } from './timeouts.ts'

export interface RunResult {
  readonly id: string
  readonly number: number
  readonly outputs: ReadonlyMap<string, Output>
  readonly seconds: Readonly<Record<string, number>>
  readonly cached: readonly string[]
}

/** Steps under way at once, at most: each may hold hundreds of megabytes. */
const MOST_STEPS = 4

/**
 * Runs a recipe's steps, side by side where none reads the other. A step whose inputs, spec and code were seen before is not run again: its output is
 * taken from the cache. A killed run leaves nothing half-written; running again goes on after the last finished step.
 */
export async function run(
  ware: Kitchenware,
  scope: Scope,
  recipe: Recipe,
  options: {
    readonly folder: string
    readonly signal: AbortSignal
    readonly on: OnRunEvent
    readonly engine?: EngineChoice
    /** ms that it may take. */
    readonly timeout?: number
    /** Told the run's record before its first step. */
    readonly begun?: (record: Run) => Promise<void>
  },
): Promise<RunResult> {
  const { store, clock } = ware
  const record = await store.runs.start(scope, {
    recipe: recipe.name,
    recipeHash: hashRecipe(recipe),
    partition: recipe.partition,
    recipeJson: recipe,
  })
  const tell = () => ware.lineage?.changed(scope, record.id)
  tell()
  const began = clock.ticks()
  const started = clock.now()
  const total = createLedger()
  const spending = new Spending(recipe.budget)
  const outputs = new Map<string, Output>()
  const watched = new Map<string, string>()
  const took = new Map<string, number>()
  const reused = new Set<string>()
  const meeting = new Meeting()
  const earlier = new Map<string, Promise<Recipe | null>>()
  /** In the recipe's order, whichever ended first. */
  const told = () => ({
    seconds: Object.fromEntries(recipe.steps.flatMap(({ id }) => (took.has(id) ? [[id, took.get(id) as number]] : []))),
    cached: recipe.steps.flatMap(({ id }) => (reused.has(id) ? [id] : [])),
  })
  const controller = new AbortController()
  const deadline = deadlineOf(clock, options.timeout, runTimedOut(recipe.name, options.timeout))
  const signal = AbortSignal.any([options.signal, controller.signal, deadline.signal])
  const heart = setInterval(() => {
    store.runs.heartbeat(scope, record.id).then(
      (ours) => ours || controller.abort(new Error('cancelled')),
      () => undefined,
    )
  }, 2000)
  options.on({
    type: 'run',
    run: record.number,
    recipe: recipe.partition === undefined ? recipe.name : `${recipe.name} of ${recipe.partition}`,
    workspace: scope.workspace,
    steps: recipe.steps.length,
  })
  const end = (status: 'done' | 'failed' | 'cancelled') =>
    options.on({
      type: 'end',
      run: record.number,
      status,
      seconds: (clock.ticks() - began) / 1000,
      ledger: total.total(),
    })
  try {
    await options.begun?.(record)
    await store.steps.plan(
      scope,
      record.id,
      recipe.steps.map((s) => ({ id: s.id, kind: s.kind })),
    )
    await runSteps(recipe.steps, Math.min(MOST_STEPS, Math.max(1, ware.threads)), async (step) => {
      throwIfAborted(signal)
      meeting.begin(step.id)
      const ran = await runStep(ware, scope, {
        recipe,
        step,
        record,
        outputs,
        watched,
        folder: options.folder,
        signal,
        started,
        on: options.on,
        total,
        spending,
        engine: options.engine ?? ware.engine,
        beside: meeting.of(step.id),
        earlier,
      }).finally(() => meeting.end(step.id))
      outputs.set(step.id, ran.output)
      took.set(step.id, ran.seconds)
      if (ran.cached) reused.add(step.id)
      const elsewhere = ran.cached ? elsewhereOf(options.engine ?? ware.engine, ran.output) : undefined
      if (elsewhere) options.on({ type: 'said', step: step.id, kind: step.kind, text: elsewhere })
      tell()
    })
    await store.runs.finish(scope, record.id, { status: 'done', summary: { ...told(), ledger: total.total() } })
    end('done')
    return { id: record.id, number: record.number, outputs, ...told() }
  } catch (thrown) {
    const error = timedOut(signal) ?? asGalleyError(thrown)
    const status = error.code === 'CANCELLED' ? 'cancelled' : 'failed'
    await store.steps
      .skip(
        scope,
        record.id,
        recipe.steps.filter((s) => !outputs.has(s.id)).map((s) => s.id),
      )
      .catch(() => undefined)
    await store.runs.finish(scope, record.id, { status, error: error.toJSON(), summary: told() }).catch(() => undefined)
    end(status)
    throw error
  } finally {
    clearInterval(heart)
    deadline.close()
    tell()
    await ware.lineage?.settled()
  }
}

/** What a run is told that asked for one place and is given what another computed earlier. */
function elsewhereOf(engine: EngineChoice, { computed }: Output): string | undefined {
  if (!computed || engine === 'auto' || (engine === 'processor') === (computed.by === 'processor')) return undefined
  const where = computed.by === 'processor' ? 'the processor' : 'a device'
  return `an earlier run left it, which computed it on ${where}: a data folder of its own (GALLEY_HOME) computes it anew`
}
