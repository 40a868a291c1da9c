import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { Store } from '../../store/store.ts'

/** Whether a blob is there with the content that it was put with. */
export async function blobThere(
  blob: string,
  { scope, store }: { readonly scope: Scope; readonly store: Store },
): Promise<boolean> {
  try {
    await store.blobs.verify(scope, blob)
    return true
  } catch (error) {
    if (error instanceof GalleyError && (error.code === 'STORE_CORRUPT' || error.code === 'BLOB_UNKNOWN')) return false
    throw error
  }
}
