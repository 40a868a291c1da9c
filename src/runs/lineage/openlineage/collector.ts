import type { LineageCollector } from '../../../base/config.ts'
import { platformFetch } from '../../../base/fetch.ts'
import type { Log } from '../../../base/log.ts'
import type { Scope } from '../../../base/scope.ts'
import type { Store } from '../../../store/store.ts'
import { PATIENCE, type RunSink, recordOf, runSink } from '../../../telemetry/sink.ts'
import { eventsOf, type LineageEvent } from './events.ts'

/** Every event of a run as it is recorded. @throws RUN_UNKNOWN */
export async function recordedEvents(
  store: Store,
  scope: Scope,
  run: number | string,
  version: string,
  namespace = 'galley',
): Promise<LineageEvent[]> {
  const { run: record, steps, workspace } = await recordOf(store, scope, run)
  return eventsOf({ run: record, steps, version, namespace: `${namespace}/${workspace}` })
}

/** Sends events to a collector that speaks OpenLineage (Marquez, DataHub, …), each once; what did not arrive is sent again with the next. */
export function collectorSink(to: LineageCollector, store: Store, log: Log, version: string): RunSink {
  return runSink(
    async (scope, run, told) => {
      for (const event of await recordedEvents(store, scope, run, version, to.namespace)) {
        const key = `${event.run.runId} ${event.eventType}`
        if (told.has(key)) continue
        await post(to, event)
        told.add(key)
      }
    },
    (run, why) => log.warn('the lineage of a run was not taken by its collector', { run, why }),
  )
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
