import type { Scope } from '../base/scope.ts'
import type { Progress } from '../engines/engine.ts'
import type { StepClaim } from '../store/steps.ts'
import type { Store } from '../store/store.ts'
import type { OnRunEvent } from './events.ts'

/** ms between two notes of how far a step is: others read them from the store. */
const EVERY = 1000

/** Listens to what a step tells, and notes in the store how far it is. Gives the listener, and what ends it. */
export function noting(store: Store, scope: Scope, claim: StepClaim, on: OnRunEvent): [OnRunEvent, () => void] {
  let last: Progress | undefined
  const timer = setInterval(() => {
    const progress = last
    last = undefined
    // what can't be noted now is noted next time
    if (progress) store.steps.progress(scope, claim, progress).catch(() => undefined)
  }, EVERY)
  const listen: OnRunEvent = (event) => {
    if (event.type === 'progress') last = event.progress
    on(event)
  }
  return [listen, () => clearInterval(timer)]
}

/** Seconds that are left at the pace so far; null where that can't be told. */
export function secondsLeft({ done, total }: Progress, elapsed: number): number | null {
  if (total === undefined || !(done > 0) || !(total >= done)) return null
  return (elapsed * (total - done)) / done
}
