import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { DatasetVersion } from '../../store/datasets.ts'
import type { Store } from '../../store/store.ts'

/** What a failed reading of a version is: where the version went meanwhile, or was written anew without somebody, that and not damage. */
async function failureOf(store: Store, scope: Scope, v: DatasetVersion, error: unknown): Promise<unknown> {
  if (error instanceof GalleyError && error.code === 'CANCELLED') return error
  const now = await store.datasets.get(scope, v.name, v.version).catch(() => undefined)
  if (now?.path === v.path) return error
  return new GalleyError('DATASET_UNKNOWN', {
    what: `${v.name}@${v.version} was ${now ? 'written anew' : 'removed'} while its rows were read`,
    why: now ? 'somebody was forgotten' : 'retention removes versions, and files that no other uses',
    fix: now ? 'read it again from its beginning' : 'read the newest version from its beginning, or tag one that is to stay: tagged versions are not removed',
    cause: error,
  }) // biome-ignore format: one line
}

/** Reads of a version. @throws DATASET_UNKNOWN where it was removed meanwhile, otherwise what `work` throws */
export async function reading<T>(store: Store, scope: Scope, v: DatasetVersion, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw await failureOf(store, scope, v, error)
  }
}

/** The same of what is read piece by piece. */
export async function* streaming<T>(
  store: Store,
  scope: Scope,
  v: DatasetVersion,
  pieces: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* pieces
  } catch (error) {
    throw await failureOf(store, scope, v, error)
  }
}
