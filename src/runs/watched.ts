import { isAbsolute } from 'node:path'
import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { settledFiles } from '../data/connectors/folder/list.ts'
import { sumOfParts } from '../data/connectors/folder.ts'
import type { Store } from '../store/store.ts'
import { checkName } from './checks.ts'
import type { Recipe } from './specs.ts'

/** What a schedule watches instead of a calendar: a dataset's newest version, or the files that a pattern meets. */
export type Watched = { readonly dataset: string } | { readonly files: string }

/** Seconds that a file has to be left alone before it counts. */
const SETTLE = 2

/** `dataset:flights`, `files:/in/*.csv`. @throws SCHEDULE_INVALID */
export function watchedOf(text: string): Watched {
  const [, kind, what = ''] = /^(dataset|files):(.+)$/s.exec(text) ?? []
  const invalid = (why: string, fix: string) =>
    new GalleyError('SCHEDULE_INVALID', { what: `'${text}' can't be watched`, why, fix })
  if (kind === 'files') {
    if (isAbsolute(what)) return { files: what }
    throw invalid('the pattern begins nowhere', 'write the path from the root on: files:/data/in/*.csv')
  }
  if (kind !== 'dataset') throw invalid('a dataset is watched, or files', 'write dataset:NAME, or files:/data/in/*.csv')
  checkName(what, 'dataset')
  return { dataset: what }
}

/** A run that publishes what it is run by would never end. @throws SCHEDULE_INVALID */
export function requireOthers(watch: string, recipe: Pick<Recipe, 'name'> & Partial<Pick<Recipe, 'steps'>>): void {
  const watched = watchedOf(watch)
  if (!('dataset' in watched && recipe.steps?.some((s) => s.kind === 'dataset' && s.id === watched.dataset))) return
  throw new GalleyError('SCHEDULE_INVALID', {
    what: `'${recipe.name}' can't be run by new versions of '${watched.dataset}'`,
    why: 'it publishes them itself: each run would be followed by another',
    fix: 'watch what it reads',
  })
}

/** How it is now, as a text that is another when it changed; undefined where there is nothing. */
export async function stateOf(
  store: Store,
  scope: Scope,
  watch: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  // biome-ignore format: one line
  const watched = watchedOf(watch)
  if ('dataset' in watched) {
    const newest = await store.datasets.find(scope, watched.dataset)
    return newest && `${newest.version}`
  }
  const listing = { pattern: watched.files, settle: SETTLE, identity: 'time' } as const
  const { hash, bytes } = await sumOfParts(settledFiles(listing, signal))
  return bytes > 0 ? hash : undefined
}
