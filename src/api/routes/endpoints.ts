import type { z } from 'zod'
import { readConfig } from '../../ml/serving/config.ts'
import type { Endpoint } from '../../store/endpoints.ts'
import type { drift } from '../contract/endpoints.ts'
import type { Failure } from '../contract/route.ts'
import type { NounHandlers } from './handlers.ts'

type Drift = z.input<typeof drift>
const present = (e: Endpoint) => ({
  name: e.name,
  model: `${e.model}@${e.modelVersion}`,
  state: e.state,
  generation: e.generation,
  updated: e.updated,
  error: e.error as Failure | null,
})

export const endpoints: NounHandlers<'endpoints'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.endpoints.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware, scope, params }) => {
    const row = await ware.store.endpoints.get(scope, params.name)
    const { online, example } = readConfig(row.config)
    return {
      ...present(row),
      input: [...online.input].map((f) => ({ ...f })),
      feed: [...online.feedInput].map((f) => ({ ...f })),
      states: online.states.map((s) => s.title),
      example: { ...example },
    }
  },
  predict: async ({ ware, scope, params, body }) => {
    const live = await ware.hub(scope).get(params.name)
    const records = isMany(body) ? body.records : [body]
    return { model: live.model, threshold: live.threshold, predictions: await live.predict(records) }
  },
  feed: async ({ ware, scope, params, body }) => (await ware.hub(scope).get(params.name)).feed(body.records),
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

const isMany = (body: { records?: unknown }): body is { records: Record<string, unknown>[] } =>
  Array.isArray(body.records)
