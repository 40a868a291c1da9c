import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { keptFile } from '../../data/datasets/files.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { contentHash, type DataFile, MANIFEST, type Manifest } from '../../data/datasets/manifest.ts'
import { publishVersion } from '../../data/datasets/publish.ts'
import { fileStatistics } from '../../data/datasets/statistics.ts'
import { columnsIn, openVersion } from '../../data/datasets/version.ts'
import { workOf } from '../../data/datasets/work.ts'
import { file, quote, text } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { Engines } from '../../engines/plans.ts'
import type { DatasetVersion, NewDatasetVersion } from '../../store/datasets.ts'
import type { Store } from '../../store/store.ts'
import { originOf } from './origin.ts'

/** Which rows of a dataset are in a sample. */
export interface SampleSpec {
  /** Of the rows, or with a key of its values: above 0, up to 1. */
  readonly share: number
  readonly seed: number
  /** Rows of one key are in it together, in every dataset that has these columns; a dataset that has them not is whole. Absent: each row for itself. */
  readonly key?: readonly string[] | undefined
}

/** A version as it will be in the branch. */
export interface Sampled {
  readonly of: DatasetVersion & { readonly newest: number }
  readonly tags: readonly string[]
  readonly row: NewDatasetVersion
  /** By reference: it has not the key. */
  readonly whole: boolean
}

/**
 * Samples the newest version of each dataset, and those that a tag is given to, oldest first. Which rows they are is decided by a hash of the row, or of the key,
 * and of the seed: the same ones each time, and in every dataset the same keys. @throws PLAN_UNKNOWN_COLUMN for a key that no dataset has, CANCELLED
 */
export async function sampled(
  ctx: Engines,
  store: Store,
  names: readonly string[],
  sample: SampleSpec,
  tell: (stage: string, done: number) => void,
): Promise<Sampled[]> {
  const { scope } = ctx
  const made: Sampled[] = []
  const parent = await store.workspaces.nameOf(scope)
  let keyed = 0
  for (const [i, name] of names.entries()) {
    tell(`a sample of ${name}`, i / names.length)
    const newest = await store.datasets.get(scope, name)
    const tags = await everything((cursor) => store.tags.list(scope, name, { limit: 500, cursor }))
    const versions = [...new Set([...tags.map((t) => t.version), newest.version])].sort((a, b) => a - b)
    for (const number of versions) {
      throwIfAborted(ctx.signal)
      const of = { ...(await store.datasets.get(scope, name, number)), newest: newest.version }
      const own = tags.filter((t) => t.version === number).map((t) => t.tag)
      const row = await sampleOf(ctx, store, of, sample)
      if (row) keyed++
      const { workspace: _, version: __, created: ___, ...same } = of
      const { newest: ____, ...as } = same
      const origin = await originOf(store, scope, parent, of)
      made.push({ of, tags: own, row: { ...(row ?? as), run: null, origin }, whole: row === undefined })
    }
  }
  if (sample.key && keyed === 0 && names.length > 0)
    throw new GalleyError('PLAN_UNKNOWN_COLUMN', {
      what: `no dataset has ${sample.key.map((k) => `'${k}'`).join(' and ')}`,
      why: 'rows of one key are sampled together, and a dataset without it is taken whole: all of them would be',
      fix: 'name columns that a dataset has, or leave --key out: each row is then taken or left for itself',
    })
  return made
}

/** A version with some rows of another; undefined where that has not the key. */
async function sampleOf(
  ctx: Engines,
  store: Store,
  of: DatasetVersion,
  sample: SampleSpec,
): Promise<NewDatasetVersion | undefined> {
  const { scope } = ctx
  const { manifest, folder } = await openVersion(join(store.home.datasets, of.path))
  const has = new Set(manifest.schema.map((f) => f.name))
  if (sample.key?.some((k) => !has.has(k))) return undefined
  const work = workOf(ctx)
  const draft = store.home.tmp.file('.sample')
  await mkdir(draft, { recursive: true })
  const files: DataFile[] = []
  const fresh = new Map<string, string>()
  for (const [i, from] of manifest.files.entries()) {
    throwIfAborted(ctx.signal)
    const own = columnsIn(from, manifest.schema)
    const path = `data-${String(i + 1).padStart(5, '0')}.parquet`
    const to = join(draft, path)
    const there = new Set(own.map((f) => f.name))
    const chosen = chosenBy(sample, sample.key?.every((k) => there.has(k)) ? sample.key : [])
    await ctx.duckdb.session(ctx, (query) =>
      query(
        `COPY (SELECT t.* FROM read_parquet(${file(join(folder, from.path))}, hive_partitioning = false) t WHERE ${chosen}) ${toParquet(to)}`,
      ),
    )
    const { rows, columns } = await fileStatistics(work, to, own)
    if (rows === 0) continue
    const { bytes, sha256 } = await keptFile(to, ctx.signal)
    files.push({ path, rows, bytes, sha256, ...(from.partition ? { partition: from.partition } : {}), columns })
    fresh.set(path, to)
  }
  const { rejected: _, plan: __, ...rest } = manifest
  const next: Manifest = {
    ...{ ...rest, files, rows: files.reduce((n, f) => n + f.rows, 0), bytes: files.reduce((n, f) => n + f.bytes, 0) },
    ...{ parents: [{ step: 'sample', hash: of.hash }], run: '' },
    write: { mode: 'full', base: null, batch: null },
  }
  const published = await publishVersion(store, scope, next, fresh)
  return {
    ...{ name: of.name, rows: next.rows, bytes: next.bytes, schema: next.schema, hash: contentHash(next) },
    path: relative(store.home.datasets, join(published.folder, MANIFEST)),
    parents: next.parents,
    details: { split: next.split, rejected: {}, sample: { ...sample, of: of.version } },
    ...{ run: null, step: of.step },
  }
}

/** The condition that holds for rows of the sample: by the text of a key where it has one, else by that of the whole row. */
function chosenBy({ share, seed }: SampleSpec, key: readonly string[]): string {
  if (share >= 1) return 'TRUE'
  const most = BigInt(Math.round(share * 2 ** 52)) << 12n
  const below = (value: string) => `md5_number_upper(concat(${text(`${seed}:`)}, ${value})) < ${most}::UBIGINT`
  const row = below('CAST(t AS VARCHAR)')
  if (key.length === 0) return row
  const columns = key.map((k) => `t.${quote(k)}`)
  const missing = columns.map((c) => `${c} IS NULL`).join(' OR ')
  const values = columns.map((c) => `CAST(${c} AS VARCHAR)`).join(`, ${text('\u001f')}, `)
  // a missing key has no partner: such rows are taken one by one
  return `CASE WHEN ${missing} THEN ${row} ELSE ${below(values)} END`
}
