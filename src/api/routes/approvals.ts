import type { z } from 'zod'
import type { Approval } from '../../store/approvals.ts'
import type { approval } from '../contract/approvals.ts'
import type { NounHandlers } from './handlers.ts'

const present = (a: Approval): z.input<typeof approval> => ({
  ...{ number: a.number, recipe: a.recipe, partition: a.partition === '' ? null : a.partition, step: a.step },
  ...{ ask: a.ask, made: a.made as { step: string; says: string }[], run: a.run, status: a.status },
  ...{ by: a.decidedBy, note: a.note, created: a.created, decided: a.decided },
})

export const approvals: NounHandlers<'approvals'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.approvals.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware: { store }, scope, params }) => present(await store.approvals.get(scope, params.approval)),
  approve: async ({ ware: { store }, scope, params, body: { note } }) => {
    const { approval, jobs } = await store.approvals.decide(scope, params.approval, { status: 'approved', note })
    return { ...present(approval), jobs: [...jobs] }
  },
  reject: async ({ ware: { store }, scope, params, body: { note } }) => {
    const { approval, jobs } = await store.approvals.decide(scope, params.approval, { status: 'rejected', note })
    return { ...present(approval), jobs: [...jobs] }
  },
}
