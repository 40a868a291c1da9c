import { setTimeout as sleep } from 'node:timers/promises'
import type { LineageCollector } from '../../../base/config.ts'
import { platformFetch } from '../../../base/fetch.ts'
import type { Log } from '../../../base/log.ts'
import type { Scope } from '../../../base/scope.ts'
import type { Step as StepRecord } from '../../../store/steps.ts'
import type { Store } from '../../../store/store.ts'
import { eventsOf, type LineageEvent } from './events.ts'

/** Where runs tell what they read and made while they go on. A run never waits for it, nor fails with it. */
export interface LineageSink {
  /** The run or a step of it began or ended. */
  changed(scope: Scope, run: string): void
  /** When all was told, or after five seconds. */
  settled(): Promise<void>
}

/** Milliseconds that an event may take, and that the end of a run waits for the last. */
const PATIENCE = 5000

/** Every event of a run as it is recorded. @throws RUN_UNKNOWN */
export async function recordedEvents(
  store: Store,
  scope: Scope,
  run: number | string,
  version: string,
  namespace = 'galley',
): Promise<LineageEvent[]> {
  const steps: StepRecord[] = []
  const record = await store.runs.get(scope, run)
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await store.steps.list(scope, record.id, { limit: 500, cursor })
    steps.push(...page.items)
    cursor = page.next
  }
  const workspace = await store.workspaces.nameOf(scope)
  return eventsOf({ run: record, steps, version, namespace: `${namespace}/${workspace}` })
}

/** Sends events to a collector that speaks OpenLineage (Marquez, DataHub, …), each once; what did not arrive is sent again with the next. */
export function collectorSink(to: LineageCollector, store: Store, log: Log, version: string): LineageSink {
  const sent = new Map<string, Set<string>>()
  let last: Promise<void> = Promise.resolve()
  const tell = async (scope: Scope, run: string): Promise<void> => {
    const done = sent.get(run) ?? new Set()
    sent.set(run, done)
    for (const event of await recordedEvents(store, scope, run, version, to.namespace)) {
      const key = `${event.run.runId} ${event.eventType}`
      if (done.has(key)) continue
      await post(to, event)
      done.add(key)
    }
  }
  return {
    changed(scope, run) {
      last = last
        .then(() => tell(scope, run))
        .catch((error: Error) =>
          log.warn('the lineage of a run was not taken by its collector', { run, why: error.message }),
        )
    },
    settled: () => Promise.race([last, sleep(PATIENCE, undefined, { ref: false })]),
  }
}

async function post(to: LineageCollector, event: LineageEvent): Promise<void> {
  const answer = await platformFetch(
    new Request(to.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(to.apiKey ? { authorization: `Bearer ${to.apiKey}` } : {}) },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(PATIENCE),
    }),
  )
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`it answered ${answer.status} to ${event.eventType} of ${event.job.name}`)
}
