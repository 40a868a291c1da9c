import type { z } from 'zod'
import { acceptBatch } from '../../data/connectors/push/accept.ts'
import { keyOf } from '../../data/connectors/push/key.ts'
import { type PushOptions, push } from '../../data/connectors/push.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { PushBatch, PushSource } from '../../store/sources.ts'
import { contract } from '../contract/index.ts'
import type { pushBatch, pushSource } from '../contract/sources.ts'
import type { NounHandlers } from './handlers.ts'

const presentSource = (s: PushSource): z.input<typeof pushSource> => ({
  ...{ name: s.name, columns: { ...s.columns }, batches: s.batches, rows: s.rows },
  ...{ broken: s.broken, bytes: s.bytes, updated: s.updated },
})
const presentBatch = (b: PushBatch): z.input<typeof pushBatch> => ({
  ...{ source: b.source, batch: b.number, key: b.key, rows: b.rows, broken: b.broken },
  ...{ rejected: { ...b.rejected }, unknown: { ...b.unknown }, bytes: b.bytes, hash: b.hash, taken: b.created },
})

export const sources: NounHandlers<'sources'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.sources.list(scope, query)
    return { ...page, items: page.items.map(presentSource) }
  },
  get: async ({ ware, scope, params }) => presentSource(await ware.store.sources.get(scope, params.name)),
  open: async ({ ware, scope, params, body }) => {
    const columns = body.columns as Record<string, TypeName>
    for (const type of Object.values(columns)) parseType(type)
    const { columns: _, ...given } = body
    const { options } = push(params.name, columns, given as PushOptions)
    return presentSource(await ware.store.sources.open(scope, { name: params.name, columns, options }))
  },
  push: async ({ ware, scope, params, query, body, signal }) => {
    const sent = { ...body, source: params.name, key: keyOf(query.key), limit: contract.sources.push.limit }
    const { batch, replayed } = await acceptBatch({ ...ware, scope, signal }, sent)
    return { ...presentBatch(batch), replayed }
  },
  batches: async ({ ware: { store }, scope, params, query }) => {
    await store.sources.get(scope, params.name)
    const page = await store.sources.batches(scope, params.name, query)
    return { ...page, items: page.items.map(presentBatch) }
  },
}
