import type { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { QualityCheck } from '../../store/quality.ts'
import type { qualityCheck } from '../contract/quality.ts'
import type { NounHandlers } from './handlers.ts'

type Told = z.input<typeof qualityCheck>

const present = (c: QualityCheck): Told => ({
  dataset: c.dataset,
  version: c.version,
  run: c.run,
  at: c.at,
  passed: c.passed,
  verdicts: c.verdicts as Told['verdicts'],
  metrics: c.metrics as Told['metrics'],
  anomalies: c.anomalies as Told['anomalies'],
})

export const quality: NounHandlers<'quality'> = {
  show: async ({ ware, scope, params, query }) => {
    const { store } = ware
    const [newest] = (await store.quality.list(scope, params.name, { limit: 1 })).items
    if (query.version === undefined && newest) return present(newest)
    const { version } = await store.datasets.get(scope, params.name, query.version)
    const found = await store.quality.ofVersion(scope, params.name, version)
    if (found) return present(found)
    throw new GalleyError('DATASET_UNKNOWN', {
      what: `nothing was checked of ${params.name}@${version}`,
      why: 'it was published before checks were kept',
      fix: 'run its recipe again',
    })
  },
  history: async ({ ware, scope, params, query }) => {
    const page = await ware.store.quality.list(scope, params.name, query)
    const items = page.items.map(present)
    const wanted = query.expectation
    if (items.length === 0 && query.cursor === undefined) {
      const [newest] = (await ware.store.quality.list(scope, params.name, { limit: 1 })).items
      // a dataset whose first run was stopped has checks and no version
      if (newest === undefined) await ware.store.datasets.get(scope, params.name)
      else throw neverStated(params.name, wanted ?? '', present(newest))
    }
    if (wanted === undefined) return { ...page, items }
    return { ...page, items: items.map((c) => ({ ...c, verdicts: c.verdicts.filter((v) => v.title === wanted) })) }
  },
}

/** What the recipe states now is told; an expectation that it stated once is found by its title. */
const neverStated = (name: string, wanted: string, { verdicts }: Told): GalleyError =>
  new GalleyError('USAGE_INVALID', {
    what: `'${name}' has no expectation '${wanted}', and had none`,
    why: verdicts.length > 0 ? `it has ${verdicts.map((v) => `'${v.title}'`).join(', ')}` : 'its recipe states none',
    fix: 'name one of them as it is written',
  })
