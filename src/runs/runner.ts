import { asGalleyError, throwIfAborted } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { EngineChoice } from '../engines/engine.ts'
import { createLedger } from '../engines/ledger.ts'
import { failure } from '../store/failures.ts'
import type { Run } from '../store/runs.ts'
import { Meeting } from './beside.ts'
import { Spending } from './budget.ts'
import { Earlier } from './earlier.ts'
import type { OnRunEvent } from './events.ts'
import type { Output, Waits } from './kind.ts'
import { logbook } from './logbook.ts'
import { again, makeGood, passes, settle } from './passing.ts'
import { hashRecipe } from './recipe.ts'
import { handles, type Kept, keptOf, takeUp } from './resume.ts'
import { type Ended, endedOf, runSteps } from './schedule.ts'
import { Settling } from './settling.ts'
import type { Recipe, Step } from './specs.ts'
import { type Kitchenware, runStep } from './step.ts'
import { deadlineOf, runTimedOut, timedOut } from './timeouts.ts'

export interface RunResult {
  readonly id: string
  readonly number: number
  readonly outputs: ReadonlyMap<string, Output>
  readonly seconds: Readonly<Record<string, number>>
  readonly cached: readonly string[]
  /** Approvals that it waits for, by step; it is done where there is none. */
  readonly waiting: readonly string[]
}

/** ms between two words that this process is at it; it learns then that somebody cancelled. */
const HEART = 500

/** Steps under way at once, at most: each may hold hundreds of megabytes. */
const MOST_STEPS = 4

/**
 * Runs a recipe's steps, side by side where none reads the other. A step whose inputs, spec and code were seen before is not run again: its output is
 * taken from the cache. A killed run leaves nothing half-written; running again goes on after the last finished step.
 */
export async function run(
  kitchenware: Kitchenware,
  scope: Scope,
  recipe: Recipe,
  options: {
    readonly folder: string
    readonly signal: AbortSignal
    readonly on: OnRunEvent
    readonly engine?: EngineChoice
    /** A run of this recipe that waits, or whose process is gone, by its id: it goes on, where what it has made is still there. */
    readonly resume?: string
    /** ms that it may take. */
    readonly timeout?: number
    /** Told the run's record before its first step. */
    readonly begun?: (record: Run) => Promise<void>
  },
): Promise<RunResult> {
  // of a share the run tells that it is of
  const ware = recipe.share ? { ...kitchenware, sink: undefined } : kitchenware
  const { store, clock } = ware
  const { record, kept } = await begin(ware, scope, recipe, options)
  const tell = () => ware.sink?.changed(scope, record.id)
  tell()
  const { on, close: closeLog } = logbook(ware, scope, record.id, options.on)
  const began = clock.ticks()
  const started = record.started
  const total = createLedger()
  const spending = new Spending(recipe.budget)
  const outputs = new Map(kept?.outputs)
  const watched = new Map(kept?.watched)
  const took = new Map(kept?.seconds)
  const reused = new Set(kept?.cached)
  const meeting = new Meeting()
  const settling = new Settling()
  const earlier = new Earlier(store, scope, recipe, record.number)
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
  }, HEART)
  on({
    type: 'run',
    run: record.number,
    recipe: recipe.partition === undefined ? recipe.name : `${recipe.name} of ${recipe.partition}`,
    workspace: scope.workspace,
    steps: recipe.steps.length,
  })
  const end = (status: 'done' | 'waiting' | 'failed' | 'cancelled') =>
    on({
      type: 'end',
      run: record.number,
      status,
      seconds: (clock.ticks() - began) / 1000,
      ledger: total.total(),
    })
  try {
    await options.begun?.(record)
    if (!kept?.planned)
      await store.steps.plan(
        scope,
        record.id,
        recipe.steps.map((s) => ({ id: s.id, kind: s.kind })),
      )
    const branched = recipe.steps.some((s) => s.kind === 'either')
    const runOne = async (declared: Step): Promise<Ended> => {
      throwIfAborted(signal)
      const step = asRun(declared, outputs)
      const taken = branched ? { ...recipe, steps: recipe.steps.map((s) => asRun(s, outputs)) } : recipe
      meeting.begin(step.id)
      const ran = await runStep(ware, scope, {
        recipe: taken,
        step,
        record,
        outputs,
        watched,
        folder: options.folder,
        signal,
        started,
        on,
        total,
        spending,
        engine: options.engine ?? ware.engine,
        beside: meeting.of(step.id),
        ...{ earlier, settling },
      }).finally(() => meeting.end(step.id))
      if (!ran.output) {
        if (ran.waits.fresh) await askFor(ware, scope, record, ran.waits)
        return 'waits'
      }
      outputs.set(step.id, ran.output)
      took.set(step.id, ran.seconds)
      if (ran.cached) reused.add(step.id)
      const elsewhere = ran.cached ? elsewhereOf(options.engine ?? ware.engine, ran.output) : undefined
      if (elsewhere) on({ type: 'said', step: step.id, kind: step.kind, text: elsewhere })
      tell()
      return endedOf(step, ran.output)
    }
    const skipped = ({ id, kind }: Step) => on({ type: 'skipped', step: id, kind })
    const most = Math.min(MOST_STEPS, Math.max(1, ware.threads))
    const ended = await runSteps(
      recipe.steps,
      most,
      runOne,
      { skipped, handles: (thrown) => handles(asGalleyError(thrown)) },
      kept?.states,
    )
    await store.steps.skip(scope, record.id, ended.skipped)
    const status = ended.waiting.length > 0 ? 'waiting' : 'done'
    await settling.settle()
    await store.runs.finish(scope, record.id, { status, summary: { ...told(), ledger: total.total() } })
    end(status)
    return { id: record.id, number: record.number, outputs, waiting: ended.waiting, ...told() }
  } catch (thrown) {
    const error = timedOut(signal) ?? failure(thrown, `the run of '${recipe.name}' could not go on`)
    const status = error.code === 'CANCELLED' ? 'cancelled' : 'failed'
    if (kept?.asked && status === 'cancelled') {
      // what was approved of is still what it goes on with; one that somebody cancelled is not this process's any more
      const putBack = () => store.runs.putBack(scope, record.id)
      await putBack().catch((cause: unknown) => passes(cause) && again(putBack, { run: record.id }))
      end(status)
      throw error
    }
    await store.steps
      .skip(
        scope,
        record.id,
        recipe.steps.filter((s) => !outputs.has(s.id)).map((s) => s.id),
      )
      .catch(() => undefined)
    await settling.settle().catch(() => undefined)
    const finish = () => store.runs.finish(scope, record.id, { status, error: error.toJSON(), summary: told() })
    await finish().catch((cause: unknown) => passes(cause) && again(finish, { run: record.id }))
    end(status)
    throw error
  } finally {
    clearInterval(heart)
    deadline.close()
    await closeLog()
    tell()
    await ware.sink?.settled()
  }
}

/** A new run, or one that goes on: it waited, or its process is gone. */
async function begin(
  ware: Kitchenware,
  scope: Scope,
  recipe: Recipe,
  { resume, folder, signal }: Pick<Parameters<typeof run>[3], 'resume' | 'folder' | 'signal'>,
): Promise<{ record: Run; kept?: Kept }> {
  const { runs } = ware.store
  if (resume !== undefined) {
    await settle(resume)
    const waited = (await runs.get(scope, resume)).status === 'waiting'
    const record = await takeUp(ware.store, scope, resume).catch((thrown: unknown) => {
      if (waited) makeGood(thrown, resume, () => runs.putBack(scope, resume))
      throw thrown
    })
    const kept = await keptOf(ware, scope, { record, waited, recipe, folder, signal })
    if (kept) return { record, kept }
    const what = `run ${record.number} can't go on: something that it had made is gone, or a file that it reads has changed`
    await runs.finish(scope, record.id, { status: 'cancelled', error: { code: 'STEP_FAILED', what, fix: 'a run that begins anew stands in for it' } }) // biome-ignore format: one line
    ware.log.info(`${what}: it is run anew`, { run: record.number })
  }
  const recipeHash = hashRecipe(recipe)
  const id = newId()
  const of = { id, recipe: recipe.name, recipeHash, partition: recipe.partition, recipeJson: recipe }
  const record = await runs.start(scope, of).catch((thrown: unknown) => {
    // with nobody who knows of it, it would be under way for as long as this process lives
    makeGood(thrown, id, () => runs.finish(scope, id, { status: 'failed', error: asGalleyError(thrown).toJSON() }))
    throw thrown
  })
  return { record }
}

/** A step as it is run: one that gives the rows of either branch reads that which was taken, or stood in. */
const asRun = (step: Step, outputs: ReadonlyMap<string, Output>): Step =>
  step.kind === 'either' ? { ...step, inputs: step.inputs.filter((id) => outputs.has(id)).slice(-1) } : step

async function askFor({ alerts, clock, store }: Kitchenware, scope: Scope, run: Run, waits: Waits): Promise<void> {
  const { approval, ask } = waits
  alerts?.send({
    ...{ kind: 'approval needed', workspace: await store.workspaces.nameOf(scope), run: run.number, approval, ask },
    ...{ recipe: run.recipe, partition: run.partition, at: new Date(clock.now()).toISOString() },
  })
}

/** What a run is told that asked for one place and is given what another computed earlier. */
function elsewhereOf(engine: EngineChoice, { computed }: Output): string | undefined {
  if (!computed || engine === 'auto' || (engine === 'processor') === (computed.by === 'processor')) return undefined
  const where = computed.by === 'processor' ? 'the processor' : 'a device'
  return `an earlier run left it, which computed it on ${where}: a data folder of its own (GALLEY_HOME) computes it anew`
}
