import type { TraceCollector } from '../base/config.ts'
import { platformFetch } from '../base/fetch.ts'
import type { Log } from '../base/log.ts'
import type { Store } from '../store/store.ts'
import { PATIENCE, type RunSink, recordOf, runSink } from './sink.ts'
import { type OtlpSpan, requestOf, spansOf, traceparentOf } from './spans.ts'

/** Sends runs as traces to a collector that speaks OTLP over HTTP with JSON, each span once; what did not arrive is sent again with the next. */
export function traceSink(to: TraceCollector, store: Store, log: Log, version: string): RunSink {
  const sink = runSink(
    async (scope, id, told) => {
      const { run, steps, workspace } = await recordOf(store, scope, id)
      const spans = spansOf(run, steps, workspace).filter((s) => !told.has(s.spanId))
      if (spans.length > 0) await post(to, spans, version)
      for (const s of spans) told.add(s.spanId)
    },
    (run, why) => log.warn('the trace of a run was not taken by its collector', { run, why }),
  )
  return { ...sink, traceparent: traceparentOf }
}

async function post(to: TraceCollector, spans: readonly OtlpSpan[], version: string): Promise<void> {
  const answer = await platformFetch(
    new Request(to.url, {
      method: 'POST',
      headers: { ...to.headers, 'content-type': 'application/json' },
      body: JSON.stringify(requestOf(spans, to.service, version)),
      signal: AbortSignal.timeout(PATIENCE),
    }),
  )
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`it answered ${answer.status}`)
}
