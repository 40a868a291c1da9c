import type { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import { profile } from '../../data/profile/profile.ts'
import { createLedger } from '../../engines/ledger.ts'
import { rowsOfVersion } from '../../runs/steps/quality.ts'
import { accessOf } from '../../runs/steps/table.ts'
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
  profile: async ({ ware, scope, params, query, signal }) => {
    const { store, duckdb } = ware
    const v = await store.datasets.get(scope, params.name, query.version)
    const rows = await rowsOfVersion(store, v)
    if (!rows)
      throw new GalleyError('STORE_CORRUPT', {
        what: `the files of ${v.name}@${v.version} are gone`,
        why: 'its manifest is not where it was written',
        fix: 'restore them from a backup, or run the recipe again',
      })
    const access = accessOf({ duckdb, scope, signal: signal ?? new AbortController().signal, ledger: createLedger() })
    const found = await profile(rows, access, { target: query.target ?? null })
    return { name: v.name, version: v.version, profile: { ...found } }
  },
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
