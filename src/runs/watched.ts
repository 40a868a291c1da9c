import { isAbsolute } from 'node:path'
import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { settledFiles } from '../data/connectors/folder/list.ts'
import { sumOfParts } from '../data/connectors/folder.ts'
import type { Store } from '../store/store.ts'
import { checkName } from './checks.ts'
import type { Recipe } from './specs.ts'

/** What a schedule watches instead of a calendar: a dataset's newest version, the files that a pattern meets, alarms of an endpoint's monitor, or failures of a recipe's jobs. */
export type Watched =
  | { readonly dataset: string }
  | { readonly files: string }
  | { readonly drift: string }
  | { readonly failed: string }

/** Seconds that a file has to be left alone before it counts. */
const SETTLE = 2

/** `dataset:flights`, `files:/in/*.csv`, `drift:flight-delay`, `failed:flights`. @throws SCHEDULE_INVALID */
export function watchedOf(text: string): Watched {
  const [, kind, what = ''] = /^(dataset|files|drift|failed):(.+)$/s.exec(text) ?? []
  const invalid = (why: string, fix: string) =>
    new GalleyError('SCHEDULE_INVALID', { what: `'${text}' can't be watched`, why, fix })
  if (kind === 'files') {
    if (isAbsolute(what)) return { files: what }
    throw invalid('the pattern begins nowhere', 'write the path from the root on: files:/data/in/*.csv')
  }
  if (kind === 'drift') {
    checkName(what, 'endpoint')
    return { drift: what }
  }
  if (kind === 'failed') {
    checkName(what, 'recipe')
    return { failed: what }
  }
  if (kind !== 'dataset') throw invalid('a dataset is watched, files, alarms of an endpoint, or failures of a recipe', 'write dataset:NAME, files:/data/in/*.csv, drift:ENDPOINT or failed:RECIPE') // biome-ignore format: one line
  checkName(what, 'dataset')
  return { dataset: what }
}

/** A run that brings about what it is run by would never end. @throws SCHEDULE_INVALID */
export function requireOthers(watch: string, recipe: Pick<Recipe, 'name'> & Partial<Pick<Recipe, 'steps'>>): void {
  const watched = watchedOf(watch)
  if ('failed' in watched && watched.failed === recipe.name)
    throw new GalleyError('SCHEDULE_INVALID', {
      what: `'${recipe.name}' can't be run by its own failures`,
      why: 'one that fails again would be followed by another',
      fix: 'let its job be tried again: --attempts',
    })
  if (!('dataset' in watched && recipe.steps?.some((s) => s.kind === 'dataset' && s.id === watched.dataset))) return
  throw new GalleyError('SCHEDULE_INVALID', {
    what: `'${recipe.name}' can't be run by new versions of '${watched.dataset}'`,
    why: 'it publishes them itself: each run would be followed by another',
    fix: 'watch what it reads',
  })
}

/** Digits of a moment, so that later ones are later as texts, too. */
const DIGITS = 16

/** How it is now, as a text that is another than `seen` when it changed; undefined where there is nothing. An alarm that was taken back, or a job that is tried again, is no change. */
export async function stateOf(
  store: Store,
  scope: Scope,
  { watch, seen, signal }: { readonly watch: string; readonly seen: string | null; readonly signal: AbortSignal },
): Promise<string | undefined> {
  // biome-ignore format: one line
  const watched = watchedOf(watch)
  if ('dataset' in watched) {
    const newest = await store.datasets.find(scope, watched.dataset)
    return newest && `${newest.version}`
  }
  if ('drift' in watched || 'failed' in watched) {
    const { alarms } = store
    const at = 'drift' in watched ? await alarms.drift(scope, watched.drift) : await alarms.failed(scope, watched.failed) // biome-ignore format: one line
    const state = at === undefined ? undefined : `${at}`.padStart(DIGITS, '0')
    return seen !== null && (state === undefined || state < seen) ? seen : state
  }
  const listing = { pattern: watched.files, settle: SETTLE, identity: 'time' } as const
  const { hash, bytes } = await sumOfParts(settledFiles(listing, signal))
  return bytes > 0 ? hash : undefined
}
