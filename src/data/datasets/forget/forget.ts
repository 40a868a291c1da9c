import { mkdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import type { DatasetVersion } from '../../../store/datasets.ts'
import type { Forgetting } from '../../../store/forgettings.ts'
import type { Store } from '../../../store/store.ts'
import { keptUnder } from '../../profile/kept.ts'
import { everything } from '../keep/everything.ts'
import { sweep } from '../keep/sweep.ts'
import { contentHash, type DataFile, MANIFEST, type Manifest } from '../manifest.ts'
import { publishVersion } from '../publish.ts'
import { openVersion, siblingPath, type Version } from '../version.ts'
import type { TableWork } from '../work.ts'
import { type Copies, unpublished } from './copies.ts'
import { type Derived, derivedFrom } from './derived.ts'
import { asideWithout, fileWithout, type Person } from './rows.ts'
import { type Unsaid, unsaid } from './said.ts'

/** What was taken out, and what was made of it before. */
export interface ForgetReport {
  readonly dataset: string
  readonly column: string
  /** Versions that held rows of the person, and how many. */
  readonly versions: readonly { readonly version: number; readonly rows: number; readonly rejected: number }[]
  /** Files removed from disk. */
  readonly files: number
  readonly copies: Copies
  /** What programs said of the person, which is removed. */
  readonly masked: Unsaid
  readonly derived: Derived
  /** Branches that the rows were taken out of, too: they had the same versions, or went on from them. */
  readonly branches: readonly BranchReport[]
  /** Workspaces that share files with this one and are no branches of it: they are not changed, and may hold such rows. */
  readonly elsewhere: readonly string[]
}

export interface BranchReport extends Pick<ForgetReport, 'versions' | 'derived' | 'masked'> {
  readonly workspace: string
}

/** Passes over the versions, at most: each is for what was published during the one before. */
const MOST_PASSES = 20
/** Within this a writer that has put a folder in its place makes it a version. ms */
const SOON = 5000

/**
 * Takes a person's rows out of every version of a dataset, out of what was set aside, and out of the copies that steps keep. What is
 * begun is on record until it is done: asked again after a crash, it goes on.
 * @throws DATASET_UNKNOWN, PLAN_UNKNOWN_COLUMN, VALUE_INVALID, CANCELLED
 */
export async function forget(
  work: TableWork,
  store: Store,
  scope: Scope,
  { forgetting, tell, copied }: { forgetting: Forgetting; tell: (stage: string, done: number) => void; copied: (person: Person) => Promise<Copied> }, // biome-ignore format: one line
): Promise<ForgetReport> {
  const { dataset, column, value } = forgetting
  const person: Person = { column, value: value ?? '' }
  const left = new Set<string>()
  const found = new Map<number, { version: number; rows: number; rejected: number }>()
  for (let pass = 1; ; pass++) {
    const versions = await everything((cursor) => store.datasets.versions(scope, dataset, { limit: 500, cursor }))
    const before = found.size
    const known = new Map<string, string>()
    for (const [i, row] of versions.toReversed().entries()) {
      throwIfAborted(work.signal)
      const taken = await cleaned(work, store, scope, { row, person, forgetting, known })
      if (taken) found.set(row.version, { version: row.version, ...taken })
      tell('versions', (i + 1) / versions.length)
    }
    if (found.size === before) {
      // where versions lay that were rewritten is known: nobody is about to publish that
      const were = new Set((await goneOf(store, scope, forgetting)).map((folder) => join(store.home.datasets, folder)))
      const now = (await unpublished(work, store, scope, dataset, person)).filter((folder) => !were.has(folder))
      // what a writer is about to publish is a version a moment later; what is none then was left by one that was killed
      if (now.every((folder) => left.has(folder))) break
      for (const folder of now) left.add(folder)
      await sleep(SOON, undefined, { signal: work.signal }).catch(() => undefined)
    }
    if (pass === MOST_PASSES)
      throw new GalleyError('STORE_CONFLICT', {
        what: `versions of '${dataset}' that hold the rows are published faster than they are taken out`,
        why: 'a recipe writes them again and again',
        fix: 'take the person out of the source first, then ask again',
      })
  }
  tell('files', 0)
  const gone = await goneOf(store, scope, forgetting)
  const away = [...gone.map((folder) => join(store.home.datasets, folder)), ...left]
  const swept = await sweep(store, scope, dataset, away)
  tell('copies', 0)
  const beside = await copied(person)
  // of a run that was interrupted, what it had cleaned counts too
  const affected = await affectedBy(store, scope, dataset, gone, found)
  tell('programs', 0)
  const masked = await unsaid(store, scope, dataset, person.value)
  const report: ForgetReport = {
    ...{ dataset, column, versions: affected, files: swept.files, masked, ...beside },
    derived: await derivedFrom(store, scope, dataset, affected.map((v) => v.version)), // biome-ignore format: one line
  }
  await store.transaction(scope, async (tx) => {
    await tx.forgettings.redact(scope, dataset)
    await tx.cache.forgetStep(scope, keptUnder(dataset))
    await tx.forgettings.finish(scope, forgetting.id, report)
    const details = { forgetting: forgetting.id, column, versions: affected.length }
    await tx.events.record(scope, { action: 'dataset.forget', subject: dataset, details })
  })
  return report
}

/** Folders that versions no longer lie in, as it is on record. */
async function goneOf(store: Store, scope: Scope, { id, dataset }: Forgetting): Promise<readonly string[]> {
  const pending = (await store.forgettings.pending(scope, dataset)).find((f) => f.id === id)
  return (pending?.gone ?? []) as readonly string[]
}

type Taken = { rows: number; rejected: number }
/** What is told of other places than versions of the workspace's own. */
export type Copied = Pick<ForgetReport, 'copies' | 'branches' | 'elsewhere'>

/** Versions that were rewritten, also before an interruption: their rows say where they lay. */
async function affectedBy(
  store: Store,
  scope: Scope,
  dataset: string,
  gone: readonly string[],
  found: ReadonlyMap<number, { version: number } & Taken>,
): Promise<ForgetReport['versions']> {
  const versions = await everything((cursor) => store.datasets.versions(scope, dataset, { limit: 500, cursor }))
  return versions.toReversed().flatMap((v) => {
    const now = found.get(v.version)
    if (now) return [now]
    const { forgotten } = (v.details ?? {}) as { forgotten?: { folder: string } & Taken }
    if (!forgotten || !gone.includes(forgotten.folder)) return []
    return [{ version: v.version, rows: forgotten.rows, rejected: forgotten.rejected }]
  })
}

/** Publishes a version anew without a person's rows, under its number; undefined where it has none of them. */
async function cleaned(
  work: TableWork,
  store: Store,
  scope: Scope,
  { row, person, forgetting, known }: { row: DatasetVersion; person: Person; forgetting: Forgetting; known: Map<string, string> }, // biome-ignore format: one line
): Promise<Taken | undefined> {
  const version = await openVersion(join(store.home.datasets, row.path))
  const { manifest, folder } = version
  const draft = store.home.tmp.file('.forget')
  await mkdir(draft, { recursive: true })
  try {
    const made = new Map<string, string>()
    const files: DataFile[] = []
    const taken = { rows: 0, rejected: 0 }
    for (const [i, file] of manifest.files.entries()) {
      const name = `kept-${String(i + 1).padStart(5, '0')}.parquet`
      const to = join(draft, name)
      const rest = await fileWithout(work, { file, folder, schema: manifest.schema, person, name, to })
      if (!rest) {
        files.push({ ...file, path: siblingPath(folder, file.path) })
        continue
      }
      taken.rows += rest.rows
      // an older version has it already
      const path = known.get(rest.file.sha256)
      files.push(path === undefined ? rest.file : { ...rest.file, path })
      if (path === undefined) made.set(name, to)
    }
    let { rejected } = manifest
    if (rejected) {
      const to = join(draft, 'rejected.parquet')
      const rest = await asideWithout(work, { rejected, folder, person, to })
      taken.rejected = rest?.rows ?? 0
      made.set('rejected.parquet', rest ? to : join(folder, rejected.path))
      rejected = rest?.file ?? rejected
    }
    if (taken.rows + taken.rejected === 0) return undefined
    const next: Manifest = {
      ...{ ...manifest, files, ...(rejected ? { rejected } : {}) },
      rows: files.reduce((n, f) => n + f.rows, 0),
      bytes: files.reduce((n, f) => n + f.bytes, 0),
      write: { mode: 'forget', base: null, batch: null },
    }
    const published = await publishVersion(store, scope, next, made)
    for (const f of files) if (!f.path.startsWith('../')) known.set(f.sha256, siblingPath(published.folder, f.path))
    await moved(store, scope, { row, from: folder, to: published, forgetting, taken })
    return taken
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The version's row leads to its new manifest; where it lay is noted in the same transaction. */
async function moved(
  store: Store,
  scope: Scope,
  { row, from, to, forgetting, taken }: { row: DatasetVersion; from: string; to: Version; forgetting: Forgetting; taken: Taken }, // biome-ignore format: one line
): Promise<void> {
  const { manifest, folder } = to
  const left = relative(store.home.datasets, from)
  const { rejectedFile: _, ...details } = (row.details ?? {}) as Record<string, unknown>
  const aside = manifest.rejected ? join(folder, manifest.rejected.path) : undefined
  await store.transaction(scope, async (tx) => {
    await tx.datasets.rewrite(scope, row.name, row, {
      ...{ rows: manifest.rows, bytes: manifest.bytes, hash: contentHash(manifest) },
      path: relative(store.home.datasets, join(folder, MANIFEST)),
      details: {
        ...details,
        ...(aside ? { rejectedFile: relative(store.home.path, aside) } : {}),
        forgotten: { folder: left, ...taken },
      },
    })
    await tx.forgettings.left(scope, forgetting.id, left)
  })
}
