import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scope } from '../../base/scope.ts'
import { folderOf, intact, publishFolder } from '../../data/datasets/files.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { Store } from '../../store/store.ts'

/** A page that a step made: both of its forms as blobs, and where a browser opens it. */
export interface KeptPage {
  readonly page: { readonly hash: string; readonly bytes: number }
  readonly json: { readonly hash: string; readonly bytes: number }
  readonly path: string
}

/** Keeps a page as a blob and as a file called `name`, and the figures that it shows as a blob of JSON. */
export async function keepPage(
  ctx: Pick<StepContext<unknown>, 'scope' | 'store' | 'step'>,
  name: string,
  page: string,
  figures: unknown,
): Promise<KeptPage> {
  // biome-ignore format: one line
  const { scope, store, step } = ctx
  const kept = await store.blobs.put(scope, page)
  const json = await store.blobs.put(scope, JSON.stringify(figures))
  const draft = store.home.tmp.file(`.${name}`)
  await mkdir(draft, { recursive: true })
  await writeFile(join(draft, name), page)
  const folder = folderOf(store, scope, `_${step.id}`, kept.hash.slice(0, 32))
  await publishFolder(draft, folder)
  return { page: kept, json, path: join(folder, name) }
}

/** Whether such a page is still there, as it was. */
export async function isPageKept(
  of: { readonly path: string; readonly bytes: number; readonly page: string; readonly json: string },
  { scope, store }: { readonly scope: Scope; readonly store: Store },
): Promise<boolean> {
  if (!(await intact([{ path: of.path, bytes: of.bytes, sha256: of.page }]))) return false
  return (
    (await store.blobs.find(scope, of.page)) !== undefined && (await store.blobs.find(scope, of.json)) !== undefined
  )
}
