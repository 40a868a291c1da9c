import type { NounHandlers } from './handlers.ts'

export const pools: NounHandlers<'pools'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.pools.list(scope, query)
    return { ...page, items: [...page.items] }
  },
  set: ({ ware: { store }, scope, params, body }) => store.pools.set(scope, params.name, body.slots),
  remove: async ({ ware: { store }, scope, params }) => {
    await store.pools.remove(scope, params.name)
    return { removed: params.name }
  },
}
