import type { Run } from '../../store/runs.ts'
import type { Failure } from '../contract/route.ts'
import type { NounHandlers } from './handlers.ts'

const present = (r: Run) => ({
  number: r.number,
  id: r.id,
  recipe: r.recipe,
  status: r.status,
  started: r.started,
  ended: r.ended,
  error: r.error as Failure | null,
})

export const runs: NounHandlers<'runs'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.runs.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware, scope, params }) => {
    const run = await ware.store.runs.get(scope, /^\d+$/.test(params.run) ? Number(params.run) : params.run)
    const steps = await ware.store.steps.list(scope, run.id, { limit: 500 })
    return {
      ...present(run),
      steps: steps.items.map((s) => ({
        id: s.id,
        kind: s.kind,
        status: s.status,
        cached: s.cached,
        seconds: s.seconds,
        error: s.error as Failure | null,
        ledger: s.ledger,
      })),
    }
  },
}
