import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import type { Engines } from '../../engines/plans.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { Store } from '../../store/store.ts'
import { requireIntact } from '../datasets/read/rows.ts'
import { openVersion, scanFiles } from '../datasets/version.ts'
import { accessOf } from './access.ts'
import { profile } from './profile.ts'
import type { Profile } from './types.ts'

/** What profiles of a dataset are kept under, beside the outputs of steps: no step is named so. */
export const keptUnder = (dataset: string): string => `profile of ${dataset}`

/**
 * The profile of a version. It is kept by the version's content, so that it is computed once; what is kept goes when versions are removed or
 * somebody is forgotten. @throws STORE_CORRUPT, PLAN_UNKNOWN_COLUMN, CANCELLED
 */
export async function profileOf(
  engines: Engines,
  store: Store,
  v: DatasetVersion,
  { target, release, tell }: { target: string | null; release: string; tell?: (stage: string, done: number) => void },
): Promise<Profile> {
  const { scope } = engines
  const key = hashJson({ profile: release, dataset: v.name, content: v.hash, path: v.path, target })
  const known = await store.cache.find(scope, key)
  if (known) return known.output as Profile
  const { manifest, folder } = await openVersion(join(store.home.datasets, v.path))
  // what is kept is not computed from what was damaged
  await requireIntact({ manifest, folder }, manifest.files)
  const rows = scanFiles(manifest.files, folder, manifest.schema)
  const progress = tell && ((done: number, total: number) => tell('columns', total === 0 ? 1 : done / total))
  const found = await profile(rows, accessOf(engines), { target, ...(progress ? { progress } : {}) })
  await store.cache.put(scope, { key, output: found, run: '', step: keptUnder(v.name) })
  // somebody may have been forgotten, or the version removed, while it was read
  const now = await store.datasets.get(scope, v.name, v.version).catch((error: unknown) => {
    if (error instanceof GalleyError && error.code === 'DATASET_UNKNOWN') return undefined
    throw error
  })
  if (now?.path !== v.path) await store.cache.forget(scope, key)
  return found
}
