import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../base/scope.ts'
import type { Run } from '../store/runs.ts'
import type { Step } from '../store/steps.ts'
import type { Store } from '../store/store.ts'

/** Who is told of runs while they go on. A run never waits for it, nor fails with it. */
export interface RunSink {
  /** The run or a step of it began or ended. */
  changed(scope: Scope, run: string): void
  /** When all was told, or after five seconds. */
  settled(): Promise<void>
  /** What a program of a step is given to hang its spans under the step's, as W3C's Trace Context writes it; of sinks that tell traces. */
  traceparent?(run: string, step: string): string
}

/** Milliseconds that one message may take, and that the end of a run waits for the last. */
export const PATIENCE = 5000

/** Runs of which it is known what was told. */
const MOST_RUNS = 1000

/** Tells of one change after the other; of several of one run that wait, once. What has been told of a run is noted in `told`, and not told again. */
export function runSink(
  tell: (scope: Scope, run: string, told: Set<string>) => Promise<void>,
  failed: (run: string, why: string) => void,
): RunSink {
  const waiting = new Set<string>()
  const known = new Map<string, Set<string>>()
  const toldOf = (run: string): Set<string> => {
    const told = known.get(run) ?? new Set<string>()
    known.set(run, told)
    for (const old of known.keys()) if (known.size > MOST_RUNS) known.delete(old)
    return told
  }
  let last: Promise<void> = Promise.resolve()
  return {
    changed(scope, run) {
      if (waiting.has(run)) return
      waiting.add(run)
      last = last
        .then(() => {
          // what changes from now on is told of after this
          waiting.delete(run)
          return tell(scope, run, toldOf(run))
        })
        .catch((error: Error) => failed(run, error.message))
    },
    settled: () => Promise.race([last, sleep(PATIENCE, undefined, { ref: false })]),
  }
}

/** Several that are told alike. */
export function together(sinks: readonly (RunSink | undefined)[]): RunSink | undefined {
  const there = sinks.filter((s) => s !== undefined)
  if (there.length < 2) return there[0]
  const traced = there.find((s) => s.traceparent)
  return {
    changed(scope, run) {
      for (const s of there) s.changed(scope, run)
    },
    async settled() {
      await Promise.all(there.map((s) => s.settled()))
    },
    ...(traced?.traceparent ? { traceparent: traced.traceparent } : {}),
  }
}

/** A run and all of its steps as they are recorded, and the workspace's name. @throws RUN_UNKNOWN */
export async function recordOf(
  store: Store,
  scope: Scope,
  run: number | string,
): Promise<{ run: Run; steps: Step[]; workspace: string }> {
  const steps: Step[] = []
  const record = await store.runs.get(scope, run)
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await store.steps.list(scope, record.id, { limit: 500, cursor })
    steps.push(...page.items)
    cursor = page.next
  }
  return { run: record, steps, workspace: await store.workspaces.nameOf(scope) }
}
