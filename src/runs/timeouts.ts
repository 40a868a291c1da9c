import type { Clock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import type { Col } from '../plan/columns/kinds.ts'
import { spanText } from '../plan/print.ts'
import type { Recipe, Step } from './specs.ts'

/** What every verb of a recipe takes. */
export interface Timed {
  /** How long the step may take: a constant span such as minutes(10). It is no part of what the step is known by in the cache. */
  readonly timeout?: Col<'duration'>
}

/** ms between two looks at the clock. */
const LOOK = 100
/** ms that something may be given, at most: a hundred years. */
export const LONGEST = 100 * 365 * 86_400_000

/** A step's time-out as its recipe keeps it: ms. @throws RECIPE_INVALID */
export function timeoutOf(id: string, { timeout }: Timed): Pick<Step, 'timeout'> {
  if (timeout === undefined) return {}
  const micros =
    timeout?.expr?.op === 'lit' && timeout.expr.type === 'duration' ? Number(timeout.expr.value) : Number.NaN
  if (micros >= 1000 && micros <= LONGEST * 1000) return { timeout: Math.round(micros / 1000) }
  throw new GalleyError('RECIPE_INVALID', {
    what: `the timeout of '${id}' is no constant span of some time`,
    fix: 'write for instance timeout: minutes(10)',
  })
}

/** A recipe without what says nothing of what it computes. */
export const untimed = (r: Recipe): Recipe =>
  r.steps.some((s) => s.timeout !== undefined) ? { ...r, steps: r.steps.map(({ timeout: _, ...s }) => s) } : r

/** A moment after which work is stopped. */
export interface Deadline {
  /** Fires at the deadline, with the error as its reason. */
  readonly signal: AbortSignal
  /** @throws the error where the deadline has passed, also where nothing had the time to look */
  check(): void
  close(): void
}

/** A deadline so many ms from now, by the clock that nobody sets; none where nothing is given. */
export function deadlineOf(clock: Clock, ms: number | null | undefined, error: () => GalleyError): Deadline {
  const controller = new AbortController()
  if (ms === null || ms === undefined) return { signal: controller.signal, check: () => {}, close: () => {} }
  const began = clock.ticks()
  const look = () => {
    if (clock.ticks() - began >= ms) controller.abort(error())
  }
  const timer = setInterval(look, Math.min(LOOK, ms))
  return {
    signal: controller.signal,
    check() {
      look()
      if (controller.signal.aborted) throw controller.signal.reason
    },
    close: () => clearInterval(timer),
  }
}

const TIMED_OUT: readonly string[] = ['STEP_TIMED_OUT', 'RUN_TIMED_OUT']

/** The time-out that a signal was fired by; undefined where it was fired by something else, or not. */
export function timedOut({ aborted, reason }: AbortSignal): GalleyError | undefined {
  return aborted && reason instanceof GalleyError && TIMED_OUT.includes(reason.code) ? reason : undefined
}

export const stepTimedOut =
  ({ id, timeout = 0 }: Step) =>
  (): GalleyError =>
    new GalleyError('STEP_TIMED_OUT', {
      what: `step '${id}' took longer than ${spanText(timeout * 1000)}`,
      why: 'that is its timeout',
      fix: 'give it less to do, or more time (timeout in its options): steps that were finished are kept',
      details: { step: id, timeoutSeconds: timeout / 1000 },
    })

export const runTimedOut = (recipe: string, ms: number | null | undefined) => (): GalleyError =>
  new GalleyError('RUN_TIMED_OUT', {
    what: `the run of '${recipe}' took longer than ${spanText((ms ?? 0) * 1000)}`,
    why: 'that is its timeout',
    fix: 'run it again with more time (--timeout): it goes on after the last finished step',
    details: { recipe, timeoutSeconds: (ms ?? 0) / 1000 },
  })
