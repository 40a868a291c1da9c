import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { type DatasetVersion, datasetsOn } from './datasets.ts'
import { and, asc, eq, gt } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { datasetTags } from './schema/datasets.ts'
import { unknownName } from './unknown.ts'

export type DatasetTag = typeof datasetTags.$inferSelect

/** A version of a dataset as people name it: `flights@3`, `flights@prod`, or `flights` for the newest. */
export interface DatasetReference {
  readonly name: string
  readonly version?: number
  readonly tag?: string
}

const TAG = /^[a-z][a-z0-9-]{0,62}$/

/** @throws DATASET_UNKNOWN for a text that names no version */
export function parseReference(text: string): DatasetReference {
  const [name = '', at, ...more] = text.split('@')
  if (name !== '' && more.length === 0) {
    if (at === undefined) return { name }
    if (/^[1-9]\d{0,9}$/.test(at) && Number(at) < 2 ** 31) return { name, version: Number(at) }
    if (TAG.test(at)) return { name, tag: at }
  }
  throw new GalleyError('DATASET_UNKNOWN', {
    what: `'${text}' names no version of a dataset`,
    why: 'a version is named by the dataset alone (its newest), or with its number or a tag behind an @',
    fix: "write for instance 'flights', 'flights@3' or 'flights@prod'",
  })
}

export interface DatasetTags {
  /** Gives a version a tag; one that another version has moves here. @throws DATASET_UNKNOWN, REQUEST_INVALID */
  set(scope: Scope, name: string, tag: string, version: number): Promise<DatasetTag>
  /** Takes a tag away. @throws DATASET_UNKNOWN when the dataset has none of that name */
  remove(scope: Scope, name: string, tag: string): Promise<void>
  /** By name. */
  list(scope: Scope, name: string, page?: PageRequest): Promise<Page<DatasetTag>>
  /** The version that a reference names. @throws DATASET_UNKNOWN */
  resolve(scope: Scope, reference: string): Promise<DatasetVersion>
}

export function tagsOn(db: Database): DatasetTags {
  const datasets = datasetsOn(db)
  const at = (scope: Scope, name: string, tag?: string) =>
    and(
      eq(datasetTags.workspace, scope.workspace),
      eq(datasetTags.name, name),
      tag === undefined ? undefined : eq(datasetTags.tag, tag),
    )
  const unknown = async (scope: Scope, name: string, tag: string) => {
    await datasets.get(scope, name)
    const all = await db.read('the tags could not be read', (q) => q.select().from(datasetTags).where(at(scope, name)))
    const names = all.map((t) => t.tag)
    const { why, fix } = unknownName('DATASET_UNKNOWN', 'tag', tag, names)
    return new GalleyError('DATASET_UNKNOWN', {
      what: `the dataset '${name}' has no tag '${tag}'`,
      why: names.length === 0 ? 'it has no tags' : (why ?? ''),
      fix: names.length === 0 ? `give a version one: galley datasets tag ${name}@1 ${tag}` : (fix ?? ''),
      details: { name, tag, existing: names.slice(0, 12) },
    })
  }
  return {
    async set(scope, name, tag, version) {
      if (!TAG.test(tag))
        throw new GalleyError('REQUEST_INVALID', {
          what: `'${tag}' can't be a tag`,
          why: 'tags are lower-case letters, digits and dashes, beginning with a letter, 63 at most',
          fix: 'choose such a name, for instance prod',
        })
      await datasets.get(scope, name, version)
      const values = { version, created: db.now() }
      const [row] = await db.write('the tag could not be set', (q) =>
        q
          .insert(datasetTags)
          .values({ workspace: scope.workspace, name, tag, ...values })
          .onConflictDoUpdate({ target: [datasetTags.workspace, datasetTags.name, datasetTags.tag], set: values })
          .returning(),
      )
      return row as DatasetTag
    },
    async remove(scope, name, tag) {
      const gone = await db.write('the tag could not be removed', (q) =>
        q
          .delete(datasetTags)
          .where(at(scope, name, tag))
          .returning(),
      )
      if (gone.length === 0) throw await unknown(scope, name, tag)
    },
    list: (scope, name, page = {}) =>
      db.read('the tags could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(datasetTags)
          .where(and(at(scope, name), after === undefined ? undefined : gt(datasetTags.tag, after)))
          .orderBy(asc(datasetTags.tag))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.tag)
      }),
    async resolve(scope, reference) {
      const { name, version, tag } = parseReference(reference)
      if (tag === undefined) return datasets.get(scope, name, version)
      const [row] = await db.read('the tag could not be read', (q) =>
        q
          .select()
          .from(datasetTags)
          .where(at(scope, name, tag)),
      )
      if (!row) throw await unknown(scope, name, tag)
      return datasets.get(scope, name, row.version)
    },
  }
}
