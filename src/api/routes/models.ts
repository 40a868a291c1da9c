import type { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { Artifact } from '../../store/artifacts.ts'
import type { ModelVersion } from '../../store/models.ts'
import type { Store } from '../../store/store.ts'
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

/** @throws MODEL_UNKNOWN for a version that no step judged */
async function newestCard(store: Store, scope: Scope, of: string): Promise<Artifact> {
  let newest: Artifact | undefined
  for (let cursor: string | undefined; ; ) {
    const page = await store.artifacts.list(scope, { kind: 'card', name: `${of}.html`, limit: 500, ...(cursor ? { cursor } : {}) }) // biome-ignore format: one line
    for (const card of page.items) if (!newest || card.created >= newest.created) newest = card
    cursor = page.next
    if (cursor === undefined) break
  }
  if (newest) return newest
  throw new GalleyError('MODEL_UNKNOWN', {
    what: `${of} has no card`,
    why: 'no step has judged it',
    fix: "add k.evaluate('review', model) to its recipe and run it",
  })
}

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
  card: async ({ ware: { store }, scope, params, query }) => {
    const { name, version } = await store.models.get(scope, params.name, query.version)
    const { bytes, created, run, blob } = await newestCard(store, scope, `${name}@${version}`)
    return { name, version, bytes, created, run, html: new TextDecoder().decode(await store.blobs.get(scope, blob)) }
  },
}
