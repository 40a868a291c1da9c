import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { GalleyError } from '../../base/errors.ts'
import { platformFetch } from '../../base/fetch.ts'
import { hashJson } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Galley } from '../../main.ts'
import type { DriftVerdict } from '../../ml/monitoring/drift.ts'
import { type LiveEndpoint, openEndpoint } from '../../ml/serving/endpoint.ts'
import { startAfresh } from '../../ml/serving/feedlog.ts'
import { testMonth } from '../../ml/serving/month.ts'
import { type History, percentile, replay } from '../../ml/serving/replay.ts'
import type { ServeOutput } from '../../ml/serving/step.ts'
import { codeHash } from '../../runs/code.ts'
import type { Recipe } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { createClient } from '../../sdk/index.ts'
import type { Called, Calls } from './caller.ts'

/** What the rehearsal of the service over its test month found. */
export interface Rehearsal {
  readonly requests: number
  readonly overHttp: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly httpSeconds: number
  readonly june: DriftVerdict
  readonly shifted: DriftVerdict
  readonly seconds: { readonly replay: number; readonly shifted: number }
}

export interface RehearseOptions {
  readonly galley: Galley
  readonly scope: Scope
  readonly recipe: Recipe
  readonly served: ServeOutput
  readonly dataset: DatasetOutput
  readonly url: string
  readonly signal: AbortSignal
  /** Stage and share done, 0 to 1. */
  progress(stage: string, share: number): void
}

const OVER_HTTP = 20_000
/** Requests in flight at once. */
const CONCURRENCY = 8
const MINUTE = 60_000_000
const WEEK = 7 * 86_400_000_000

/**
 * Serves the test month as it happened on a fresh deployment: the first 20,000 requests over HTTP, the rest through the
 * same function in process. Then shows the monitor a week in which half of the airports are gone. Done once for a
 * deployment and its code; afterwards what was found is read back.
 */
export async function rehearse(options: RehearseOptions): Promise<{ found: Rehearsal; cached: boolean }> {
  const { galley, scope, served } = options
  const key = hashJson({
    rehearsal: 1,
    served: served.hash,
    dataset: options.dataset.hash,
    code: codeHash(import.meta.url),
  })
  const known = await galley.store.cache.find(scope, key)
  if (known) return { found: known.output as Rehearsal, cached: true }
  const { model, modelVersion, generation } = await galley.store.endpoints.get(scope, served.endpoint)
  // a fresh deployment: whatever an interrupted rehearsal left belongs to the former one, what that was fed included
  await startAfresh(galley.store, scope, served.endpoint, generation + 1)
  await galley.store.endpoints.deploy(scope, { name: served.endpoint, model, modelVersion, config: served.config })
  const live = await galley.hub(scope).open(served.endpoint)
  if (live.generation <= generation)
    throw new GalleyError('STEP_FAILED', {
      what: 'the service could not start for its rehearsal',
      why: galley.hub(scope).find(served.endpoint)?.error?.what ?? 'its former deployment answers',
    })
  const history = await testMonth({ ...options, ledger: createLedger() })
  const clock = galley.clock

  const began = clock.ticks()
  const { latencies, httpSeconds } = await overHttp(options, history, live)
  const done = Math.min(OVER_HTTP, history.asked.length)
  await replay(history, live, {
    input: live.input,
    feedInput: live.feedInput,
    from: done,
    until: history.asked.length,
    slice: 180 * MINUTE,
    signal: options.signal,
    progress: (n) => options.progress('the rest of June in process', n / Math.max(1, history.asked.length - done)),
  })
  const replayed = (clock.ticks() - began) / 1000
  const shifted = await shift(options, history)
  const found: Rehearsal = {
    requests: history.asked.length,
    overHttp: done,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    httpSeconds,
    june: live.monitor.verdict(),
    shifted,
    seconds: { replay: replayed, shifted: (clock.ticks() - began) / 1000 - replayed },
  }
  const { id } = (await galley.store.runs.list(scope, { limit: 1 })).items[0] ?? { id: '' }
  await galley.store.cache.put(scope, { key, output: found, run: id, step: 'rehearsal' })
  return { found, cached: false }
}

async function overHttp(
  options: RehearseOptions,
  history: History,
  live: LiveEndpoint,
): Promise<{ latencies: Float64Array; httpSeconds: number }> {
  const { galley, served, url } = options
  const client = createClient({ url, fetch: platformFetch, workspace: galley.config.workspace })
  const name = served.endpoint
  const caller = new Worker(new URL('./caller.ts', import.meta.url))
  const latencies: Float64Array[] = []
  const predict = async (records: readonly Record<string, unknown>[]) => {
    if (records.length === 0) return
    const answered = once(caller, 'message') as Promise<[Called]>
    caller.postMessage({
      url: `${url}/v1/endpoints/${name}/predict`,
      bodies: records.map((r) => JSON.stringify(r)),
      concurrency: CONCURRENCY,
    } satisfies Calls)
    const [called] = await answered
    if (called.failure)
      throw new GalleyError('STEP_FAILED', { what: 'a request of the rehearsal failed', why: called.failure })
    latencies.push(called.latencies)
  }
  try {
    const began = galley.clock.ticks()
    await replay(
      history,
      { predict, feed: (records) => client.endpoints.feed({ name, body: { records: [...records] } }) },
      {
        input: live.input,
        feedInput: live.feedInput,
        from: 0,
        until: Math.min(OVER_HTTP, history.asked.length),
        slice: 30 * MINUTE,
        signal: options.signal,
        progress: (n) => options.progress('June over HTTP', n / OVER_HTTP),
      },
    )
    return {
      latencies: Float64Array.from(latencies.flatMap((l) => [...l])),
      httpSeconds: (galley.clock.ticks() - began) / 1000,
    }
  } finally {
    await caller.terminate()
  }
}

/** A week of June without half of the airports, in a rehearsal that keeps nothing. */
async function shift(options: RehearseOptions, history: History): Promise<DriftVerdict> {
  const { galley, scope, served } = options
  const endpoint = await openEndpoint(
    { store: galley.store, duckdb: galley.duckdb, scope, clock: galley.clock, log: galley.log, ephemeral: true },
    served.endpoint,
  )
  const { asked, at } = history
  const end = (at[asked[0] ?? 0] ?? 0) + WEEK
  let until = 0
  while (until < asked.length && (at[asked[until] as number] as number) < end) until++
  const origins = [
    ...new Set(Array.from(asked.subarray(0, until), (row) => String(history.record(row, endpoint.input)['origin']))),
  ].sort()
  const gone = new Set(origins.filter((_, i) => i % 2 === 0))
  await replay(history, endpoint, {
    input: endpoint.input,
    feedInput: endpoint.feedInput,
    from: 0,
    until,
    slice: 180 * MINUTE,
    signal: options.signal,
    keep: (row) => {
      const { origin, destination } = history.record(row, endpoint.feedInput)
      return !gone.has(String(origin)) && !gone.has(String(destination))
    },
    progress: (n) => options.progress('a week with half the airports gone', n / until),
  })
  const verdict = endpoint.monitor.verdict()
  await endpoint.close()
  return verdict
}
