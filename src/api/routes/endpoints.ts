import type { z } from 'zod'
import { readConfig } from '../../ml/serving/config.ts'
import type { Serving } from '../../ml/serving/hub.ts'
import type { Endpoint } from '../../store/endpoints.ts'
import type { drift } from '../contract/endpoints.ts'
import type { Failure } from '../contract/route.ts'
import type { NounHandlers } from './handlers.ts'

type Drift = z.input<typeof drift>
/** What is on record about an endpoint, and how it does in this process. */
const present = (e: Endpoint, serving: Serving | undefined) => ({
  name: e.name,
  model: `${e.model}@${e.modelVersion}`,
  // what is on record may be left over from a server that has ended
  state: serving?.state ?? (e.state === 'failed' ? 'failed' : 'stopped'),
  generation: e.generation,
  serving: serving?.live?.generation ?? null,
  updated: e.updated,
  error: (serving ? (serving.error?.toJSON() ?? null) : e.error) as Failure | null,
})

export const endpoints: NounHandlers<'endpoints'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.endpoints.list(scope, query)
    return { ...page, items: page.items.map((e) => present(e, ware.hub(scope).find(e.name))) }
  },
  get: async ({ ware, scope, params }) => {
    const row = await ware.store.endpoints.get(scope, params.name)
    const { online, example } = readConfig(row.config)
    return {
      ...present(row, ware.hub(scope).find(row.name)),
      input: [...online.input].map((f) => ({ ...f })),
      feed: [...online.feedInput].map((f) => ({ ...f })),
      states: online.states.map((s) => s.title),
      example: { ...example },
    }
  },
  predict: async ({ ware, scope, params, body }) => {
    const live = await ware.hub(scope).get(params.name)
    return { model: live.model, threshold: live.threshold, predictions: await live.predict(recordsOf(body)) }
  },
  explain: async ({ ware, scope, params, body, signal }) => {
    const live = await ware.hub(scope).get(params.name)
    const explanations = await live.explain(recordsOf(body), signal)
    return { model: live.model, threshold: live.threshold, scale: live.scale, explanations }
  },
  feed: async ({ ware, scope, params, body }) => {
    const { taken, ignored, refused } = await (await ware.hub(scope).get(params.name)).feed(recordsOf(body))
    return { taken, ignored, refused: [...refused] }
  },
  drift: async ({ ware, scope, params, query }) => {
    const live = await ware.hub(scope).get(params.name)
    const page = await ware.store.windows.list(scope, params.name, query)
    return {
      overall: live.monitor.verdict() as Drift,
      windows: {
        ...page,
        items: page.items.map((w) => ({ start: w.start, end: w.end, rows: w.rows, verdict: w.verdict as Drift })),
      },
    }
  },
}

/** One record, or those of `records`. */
const recordsOf = (body: { records?: unknown }): Record<string, unknown>[] =>
  Array.isArray(body.records) ? (body.records as Record<string, unknown>[]) : [body]
