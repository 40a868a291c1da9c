import type { Clock } from '../base/clock.ts'
import { GalleyError, throwIfAborted } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import type { DuckdbEngine } from '../engines/duckdb/index.ts'
import type { EngineChoice } from '../engines/engine.ts'
import { createLedger, type Ledger } from '../engines/ledger.ts'
import { failure } from '../store/failures.ts'
import type { Store } from '../store/store.ts'
import type { RunSink } from '../telemetry/sink.ts'
import type { Alerts } from './alerts.ts'
import type { Beside } from './beside.ts'
import { type Spending, spentBy } from './budget.ts'
import { contextOf, sayOf } from './context.ts'
import type { Earlier } from './earlier.ts'
import type { OnRunEvent } from './events.ts'
import { unchanged, watchOn } from './inplace.ts'
import { cacheKey, whyAgain } from './key.ts'
import type { Accelerator, Ahead, AnyStepKind, Output, StepKind, Waits } from './kind.ts'
import { onlyOne } from './making.ts'
import { restored, stored } from './portable.ts'
import { noting } from './progress.ts'
import { meter } from './resources.ts'
import type { Settling } from './settling.ts'
import type { Recipe, Step } from './specs.ts'
import { deadlineOf, stepTimedOut, timedOut } from './timeouts.ts'

/** What runs need of the rest: made once, in `main.ts`. */
export interface Kitchenware {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly kinds: Readonly<Record<string, AnyStepKind>>
  readonly clock: Clock
  readonly log: Log
  readonly threads: number
  /** Galley's version: part of every cache key. */
  readonly version: string
  /** Where parts of a recipe that can be fused are computed, unless a run says otherwise. */
  readonly engine: EngineChoice
  /** Told when a run or a step begins and ends. */
  readonly sink?: RunSink | undefined
  /** Told what somebody should look at. */
  readonly alerts?: Alerts | undefined
  /** The machine's graphics device for such a choice, or why there is none to use. */
  device(choice: EngineChoice): Promise<Accelerator | string>
}

/** A step of a run under way. */
export interface StepRun {
  readonly recipe: Recipe
  readonly step: Step
  readonly record: { readonly id: string; readonly number: number }
  readonly outputs: ReadonlyMap<string, Output>
  /** Files that are not ours and that later steps read in place, with their state before. */
  readonly watched: Map<string, string>
  readonly folder: string
  readonly signal: AbortSignal
  readonly started: number
  readonly on: OnRunEvent
  readonly total: Ledger
  readonly spending: Spending
  readonly engine: EngineChoice
  readonly beside: Beside
  readonly earlier: Earlier
  readonly settling: Settling
}

/** How often a step begins again from what another writer published meanwhile. */
const MOST_REBASES = 20

/** What came of a step; no output while it waits for an approval. */
export type RanStep =
  | { readonly output: Output; readonly seconds: number; readonly cached: boolean }
  | { readonly output: undefined; readonly waits: Waits }

/** Runs one step, or takes its output from the cache. */
export async function runStep(ware: Kitchenware, scope: Scope, s: StepRun): Promise<RanStep> {
  const { store, clock } = ware
  const { step, record, on } = s
  const kind = kindOf(ware, step)
  const began = clock.ticks()
  on({ type: 'start', step: step.id, kind: step.kind })
  const claim = await store.steps.claim(scope, record.id, step.id, 30)
  if (!claim)
    throw new GalleyError('STORE_CONFLICT', {
      what: `another process holds step '${step.id}' of run ${record.number}`,
      fix: 'wait for it, or start a run of your own',
    })
  const stolen = new AbortController()
  const lease = setInterval(() => {
    store.steps.renew(scope, claim, 30).then(
      (ours) => ours || stolen.abort(new Error('taken over')),
      () => undefined,
    )
  }, 5000)
  const deadline = deadlineOf(clock, step.timeout, stepTimedOut(step))
  const signal = AbortSignal.any([s.signal, stolen.signal, deadline.signal])
  const took = () => (clock.ticks() - began) / 1000
  const [noted, ended] = noting(store, scope, claim, on)
  let release: (() => void) | undefined
  const ledger = createLedger()
  const metered = meter.begin()
  /** The same for what this step reads. */
  const own = new Map<string, string>()
  let ahead: Ahead | undefined
  try {
    const lastEnded = async () => (await s.earlier.step(step.id))?.ended ?? undefined
    ahead = await kind.ahead?.(step.spec as never, { ...ware, ...s, scope, signal, lastEnded })
    const { key, parts: keyParts } = await cacheKey(
      { version: ware.version, scope, store },
      kind,
      { ...s, signal, say: sayOf(ware, s) },
      own,
    )
    const find = async () => {
      const entry = await store.cache.find(scope, key)
      if (!entry) return undefined
      const output = restored(entry.output as Output, store.home.path)
      if ((await kind.present?.(output as never, { scope, store })) !== false) return { output, entry }
      ware.log.info('what the step left is gone or damaged: it runs again', { step: step.id })
      return undefined
    }
    let found = await find()
    if (!found) {
      const lock = await onlyOne(store, key, signal)
      release = lock.release
      if (lock.others) found = await find() // another process may have made it meanwhile
    }
    if (found) {
      const { output: known, entry } = found
      watchOn(s.watched, own, known)
      if (s.recipe.budget) s.spending.add(step.id, await spentBy(store, scope, entry))
      await store.steps.complete(scope, claim, {
        output: stored(known, store.home.path),
        ...{ cached: true, repeatable: true },
        ...{ cacheKey: key, keyParts, seconds: took() },
      })
      on({
        type: 'done',
        step: step.id,
        kind: step.kind,
        summary: kind.summary(known as never),
        ...{ cached: true, because: [], seconds: took() },
      })
      return { output: known, seconds: took(), cached: true }
    }
    const reasons = await whyAgain(s, keyParts)
    const ctx = contextOf(ware, scope, { ...s, on: noted, signal, ledger, ahead })
    const ran = await kind.run(ctx)
    deadline.check()
    throwIfAborted(signal)
    if ('approval' in ran) {
      await store.steps.wait(scope, claim, ran.approval)
      on({ type: 'waits', step: step.id, kind: step.kind, ...ran })
      return { output: undefined, waits: ran }
    }
    let result = ran
    // before anything of it is kept under the name of what was there before
    await unchanged(s.watched)
    await unchanged(own)
    s.spending.add(step.id, ledger.total())
    const end = (output: Output) => ({
      output: stored(output, store.home.path),
      ...{ cached: false, cacheKey: key, keyParts, because: reasons, seconds: took() },
      ledger: Object.fromEntries(ledger.stages()),
      resources: metered.taken(),
    })
    const complete = async (): Promise<Output> => {
      let made: Output = result.output
      if (kind.repeatable && !result.publish) {
        await store.steps.complete(scope, claim, { ...end(made), repeatable: true, keep: true })
        return made
      }
      await store.transaction(scope, async (tx) => {
        made = (await result.publish?.(tx)) ?? result.output
        const ended = end(made)
        await tx.steps.complete(scope, claim, ended)
        await tx.cache.put(scope, { key, output: ended.output, run: record.id, step: step.id })
      })
      return made
    }
    let made: Output | undefined
    for (let attempt = 1; !made; attempt++)
      try {
        made = await complete()
      } catch (error) {
        const next = attempt < MOST_REBASES ? await result.rebase?.(error) : undefined
        if (!next) throw error
        throwIfAborted(signal)
        result = next
      }
    watchOn(s.watched, own, made)
    on({
      type: 'done',
      step: step.id,
      kind: step.kind,
      summary: kind.summary(made as never),
      cached: false,
      because: reasons,
      seconds: took(),
    })
    return { output: made, seconds: took(), cached: false }
  } catch (thrown) {
    const error = stolen.signal.aborted
      ? new GalleyError('STORE_CONFLICT', {
          what: `step '${step.id}' is not this process's any more`,
          why: 'it did not renew its claim in time (it was stopped, or cut off from the database) and another process claimed it, or the database lost the claim when it went down',
          fix: 'look at the newest run of the recipe (galley runs ls); where none goes on, run it again',
          details: { step: step.id },
          cause: thrown,
        })
      : (timedOut(signal) ?? failure(thrown, `step '${step.id}' could not go on`))
    await store.steps
      .fail(scope, claim, error.toJSON(), error.code === 'CANCELLED' ? 'cancelled' : 'failed', metered.taken())
      .catch(() => undefined)
    on({ type: 'failed', step: step.id, kind: step.kind, error })
    throw error
  } finally {
    ended()
    await ahead?.close()
    metered.close()
    clearInterval(lease)
    deadline.close()
    s.total.merge(ledger)
    release?.()
  }
}

/** @throws RECIPE_INVALID */
export function kindOf(ware: Kitchenware, step: Step): StepKind<never, never> {
  const kind = Object.hasOwn(ware.kinds, step.kind) ? ware.kinds[step.kind] : undefined
  if (!kind)
    throw new GalleyError('RECIPE_INVALID', {
      what: `step '${step.id}' is of an unknown kind '${step.kind}'`,
      fix: `the kinds are ${Object.keys(ware.kinds).join(', ')}`,
    })
  return kind
}
