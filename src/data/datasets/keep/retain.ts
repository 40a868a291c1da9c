import { dirname, join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { GalleyError } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import type { DatasetVersion } from '../../../store/datasets.ts'
import type { Store } from '../../../store/store.ts'
import { keptUnder } from '../../profile/kept.ts'
import { everything } from './everything.ts'
import { type Swept, sweep } from './sweep.ts'

/** Which versions stay beside those that something needs: the newest so many, or those of the last so many days. */
export interface Retention {
  readonly keep?: number | undefined
  readonly days?: number | undefined
}

interface KeptVersion {
  readonly version: number
  readonly why: string
}

export interface Retained extends Omit<Swept, 'folders'> {
  readonly removed: readonly { readonly version: number; readonly rows: number; readonly bytes: number }[]
  readonly kept: readonly KeptVersion[]
}

const DAY = 86_400_000

/**
 * Removes old versions and the files that no other uses. Kept are the newest, those with a tag, those that a model was
 * trained on and those that a run under way reads. Versions follow each other by number, whatever the clock said: one that is later than a kept young one is kept.
 * @throws DATASET_UNKNOWN, USAGE_INVALID
 */
export async function retain(
  store: Store,
  scope: Scope,
  name: string,
  retention: Retention,
  dryRun: boolean,
): Promise<Retained> {
  const { keep, days } = retention
  if ((keep === undefined) === (days === undefined))
    throw new GalleyError('USAGE_INVALID', {
      what: 'it is not said which versions stay',
      why: 'either a number of the newest or a number of days is needed',
      fix: 'give --keep 10 or --days 30',
    })
  await store.datasets.get(scope, name)
  const { versions, kept } = await judged(store, scope, name, retention)
  const why = new Set(kept.map((k) => k.version))
  const gone = versions.filter((v) => !why.has(v.version))
  const removed = gone.map(({ version, rows, bytes }) => ({ version, rows, bytes })).reverse()
  if (dryRun || gone.length === 0) return { removed, kept, files: 0, bytes: 0 }
  await store.transaction(scope, async (tx) => {
    await tx.datasets.remove(scope, name, gone.map((v) => v.version)) // biome-ignore format: one line
    await tx.cache.forgetStep(scope, keptUnder(name))
    await tx.events.record(scope, { action: 'dataset.retain', subject: name, details: { ...retention, removed } })
  })
  const swept = await sweep(store, scope, name, gone.map((v) => dirname(join(store.home.datasets, v.path)))) // biome-ignore format: one line
  return { removed, kept, ...swept }
}

/** All versions, the newest first, and why each that stays does. */
async function judged(
  store: Store,
  scope: Scope,
  name: string,
  { keep, days }: Retention,
): Promise<{ versions: DatasetVersion[]; kept: KeptVersion[] }> {
  const versions = await everything((cursor) => store.datasets.versions(scope, name, { limit: 500, cursor }))
  const tags = await everything((cursor) => store.tags.list(scope, name, { limit: 500, cursor }))
  const trained = await store.models.trainedOn(scope, name)
  const readers = await store.datasets.readers(scope, name)
  const since = systemClock.now() - (days ?? 0) * DAY
  const oldest = versions.findLast((v) => v.created >= since)?.version
  const kept = versions.flatMap((v, i): KeptVersion[] => {
    const why = [
      ...(i === 0 ? ['it is the newest'] : []),
      ...(keep !== undefined && i > 0 && i < keep ? [`it is one of the newest ${keep}`] : []),
      ...(days !== undefined && i > 0 && oldest !== undefined && v.version >= oldest
        ? [`it is not older than ${days} days, or follows one that is not`]
        : []),
      ...tags.filter((t) => t.version === v.version).map((t) => `it has the tag ${t.tag}`),
      ...trained
        .filter((m) => m.datasetVersion === v.version)
        .map((m) => `the model ${m.name}@${m.version} was trained on it`),
      ...readers.filter((r) => r.version === v.version).map((r) => `${r.by} reads it and is under way`),
    ]
    return why.length > 0 ? [{ version: v.version, why: why.join(', ') }] : []
  })
  return { versions, kept }
}
