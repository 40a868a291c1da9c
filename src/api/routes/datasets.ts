import type { z } from 'zod'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { datasetVersion } from '../contract/datasets.ts'
import type { NounHandlers } from './handlers.ts'

const present = (v: DatasetVersion): z.input<typeof datasetVersion> => ({
  name: v.name,
  version: v.version,
  rows: v.rows,
  bytes: v.bytes,
  hash: v.hash,
  created: v.created,
  run: v.run,
  schema: v.schema as z.input<typeof datasetVersion>['schema'],
  parents: v.parents,
  details: v.details,
})

export const datasets: NounHandlers<'datasets'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.datasets.list(scope, query)
    return { ...page, items: page.items.map((d) => ({ name: d.name, latest: d.latest })) }
  },
  versions: async ({ ware, scope, params, query }) => {
    await ware.store.datasets.get(scope, params.name)
    const page = await ware.store.datasets.versions(scope, params.name, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware, scope, params, query }) =>
    present(await ware.store.datasets.get(scope, params.name, query.version)),
}
