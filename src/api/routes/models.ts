import type { z } from 'zod'
import type { ModelVersion } from '../../store/models.ts'
import type { modelVersion } from '../contract/models.ts'
import type { NounHandlers } from './handlers.ts'

const present = (v: ModelVersion): z.input<typeof modelVersion> => ({
  name: v.name,
  version: v.version,
  kind: v.kind,
  metrics: v.metrics,
  blob: v.blob,
  bytes: v.bytes,
  dataset: v.dataset,
  datasetVersion: v.datasetVersion,
  planHash: v.planHash,
  codeHash: v.codeHash,
  features: v.features,
  details: v.details,
  created: v.created,
  run: v.run,
})

export const models: NounHandlers<'models'> = {
  list: async ({ ware, scope, query }) => {
    const page = await ware.store.models.list(scope, query)
    return { ...page, items: page.items.map((m) => ({ name: m.name, latest: m.latest })) }
  },
  versions: async ({ ware, scope, params, query }) => {
    await ware.store.models.get(scope, params.name)
    const page = await ware.store.models.versions(scope, params.name, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware, scope, params, query }) =>
    present(await ware.store.models.get(scope, params.name, query.version)),
  export: async ({ ware, scope, params, query }) => {
    const v = await ware.store.models.get(scope, params.name, query.version)
    const { exported, packageOf } = await import('../../ml/export/index.ts')
    const { model, threshold } = await packageOf(ware.store, scope, v)
    const bytes = exported(model, query.format, { model: `${v.name}@${v.version}`, threshold })
    const mediaType = query.format === 'onnx' ? 'application/octet-stream' : 'text/typescript; charset=utf-8'
    return {
      mediaType,
      bytes: (async function* () {
        yield bytes
      })(),
    }
  },
}
