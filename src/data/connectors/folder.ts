import { createHash } from 'node:crypto'
import { GalleyError } from '../../base/errors.ts'
import { hashJson, sha256 } from '../../base/hash.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { Connector, Fingerprint, Option, Part, ReachContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { missingFile } from './files.ts'
import { filesOf, type Listing, settledFiles } from './folder/list.ts'
import { type LostFile, merged, type ReadFile, readFiles, setAside } from './folder/read.ts'
import { limitOf } from './limit.ts'

/** How the files of a folder are taken. */
export interface FolderOptions {
  /** Seconds that a file has to be left alone before it is read; 2 when not given. Files that are renamed to their place need none. */
  readonly settle?: number
  /** What tells a file that changed: its size and times (`time`, the default), or a hash of its content. */
  readonly identity?: 'time' | 'content'
  /** A file without a declared column, or with one of another type, stops the run, gives nulls where a column lacks (`evolve`), or is set aside. */
  readonly onSchemaChange?: 'stop' | 'evolve' | 'quarantine'
  /** A file that can't be read stops the run, or is set aside with its reason. */
  readonly brokenFiles?: 'stop' | 'quarantine'
  /** With `quarantine`, how many files set aside stop the run all the same, of those read together (10,000 at most): a number, or a share such as `1%`. */
  readonly mostBrokenFiles?: number | `${number}%`
}

/** A source of one file, such as `csv`, which is generic over its columns: `never` in the place of `any` would make it one without. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type FileSource = (path: string, columns: any, options?: any) => SourceSpec<any>
/** The options that it has of its own. */
export type OptionsOf<F extends FileSource> = [Parameters<F>[2]] extends [undefined]
  ? unknown
  : NonNullable<Parameters<F>[2]>

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  identity: ['time', 'content'],
  onSchemaChange: ['stop', 'evolve', 'quarantine'],
  brokenFiles: ['stop', 'quarantine'],
}
const OWN = ['settle', 'mostBrokenFiles', ...Object.keys(CHOICES)]

/**
 * Many files as one source: `folder('in/*.csv', csv, { … })`. Files that were read stay read: a run reads those that are new
 * or changed. `*` and `?` stand for parts of a name, `**` for folders at any depth. Other options are the files' own.
 * @throws RECIPE_INVALID
 */
export function folder<const S extends Record<string, TypeName>, F extends FileSource>(
  pattern: string,
  of: F,
  columns: S,
  options?: OptionsOf<F> & FolderOptions,
): SourceSpec<S> {
  const given = Object.entries((options ?? {}) as Record<string, Option>)
  const own = Object.fromEntries(given.filter(([name]) => OWN.includes(name)))
  const rest = Object.fromEntries(given.filter(([name]) => !OWN.includes(name)))
  const inner = of(pattern, columns as never, rest as never)
  checkFolderOptions('folder', own)
  const { settle } = own
  if (settle !== undefined && !(typeof settle === 'number' && settle >= 0))
    throw new GalleyError('RECIPE_INVALID', {
      what: `folder() can't take settle: ${JSON.stringify(settle)}`,
      why: 'it is a number of seconds, 0 or more',
      fix: 'for instance { settle: 10 }',
    })
  return { connector: 'folder', path: pattern, columns, options: { ...own, of: inner.connector, files: inner.options } }
}

/** @throws RECIPE_INVALID, naming `kind` as recipes call the connector */
export function checkFolderOptions(kind: string, own: Readonly<Record<string, Option>>): void {
  for (const [name, allowed] of Object.entries(CHOICES))
    if (own[name] !== undefined && !allowed.includes(own[name] as string))
      throw new GalleyError('RECIPE_INVALID', {
        what: `${kind}() can't take ${name}: ${JSON.stringify(own[name])}`,
        why: `it is one of ${allowed.join(', ')}`,
        fix: 'say one of these, or leave it out',
      })
  limitOf(own['mostBrokenFiles'])
}

const listingOf = (spec: SourceSpec, pattern: string): Listing => ({
  pattern,
  settle: (spec.options['settle'] as number | undefined) ?? 2,
  identity: spec.options['identity'] === 'content' ? 'content' : 'time',
})

/** The connector of the files; the table is asked when it is needed, as it holds this one too. */
const innerOf = async (kind: string): Promise<Connector> => (await import('./index.ts')).connector(kind)

export const folderConnector: Connector = {
  kind: 'folder',
  where: 'path',
  async fingerprint(spec, path, ctx) {
    const listing = listingOf(spec, path)
    const left = { files: 0, first: '' }
    const sum = await sumOfParts(
      settledFiles(listing, ctx.signal, (file) => {
        if (left.files++ === 0) left.first = file
      }),
    )
    if (left.files === 0) return sum
    const told = left.files === 1 ? `${left.first}, written` : `${left.files} files (the first ${left.first}), written`
    return { ...sum, left: `${told} to within the last ${listing.settle} s (settle)` }
  },
  parts: (spec, path, ctx: ReachContext) => settledFiles(listingOf(spec, path), ctx.signal),
  async discover(path, rows, ctx) {
    const found: string[] = []
    for await (const file of filesOf(path, ctx.signal)) if (found.push(file) === FEW) break
    const [first] = found.sort()
    if (first === undefined) throw await noFile(path)
    const { connector: lookup, kindOf } = await import('./index.ts')
    const of = ctx.options?.['of']
    const inner = await lookup(typeof of === 'string' ? of : await kindOf(first))
    const files = ctx.options?.['files']
    const options = typeof files === 'object' && files !== null ? (files as SourceSpec['options']) : {}
    const one = await inner.discover(first, rows, { ...ctx, options })
    return {
      ...one,
      connector: 'folder',
      whole: one.whole && found.length === 1,
      options: { ...one.options, of: inner.kind },
    }
  },
  async snapshot(spec, path, ctx) {
    const parts = ctx.parts ?? []
    if (parts.length === 0) throw await noFile(path)
    const { options } = spec
    const inner = await innerOf(String(options['of']))
    const own = { ...spec, connector: inner.kind, options: options['files'] as SourceSpec['options'] }
    const policy = policyOf(options)
    const { read, lost } = await readFiles(inner, own, parts, policy, ctx)
    lostTooMany(options, lost, parts.length, path)
    const data = await merged(read, spec, ctx)
    const quarantine = await setAside(inner, read, lost, ctx)
    return {
      ...{ files: [data], ...summed(spec, parts, read, lost) },
      ...(quarantine ? { quarantine } : {}),
    }
  },
}

/** What tells all parts from what they were before: a sum, which their order does not change. */
export async function sumOfParts(parts: AsyncIterable<Part>): Promise<Fingerprint> {
  const sums = new BigUint64Array(4)
  let [bytes, count] = [0, 0]
  for await (const part of parts) {
    const digest = createHash('sha256').update(`${part.id}\0${part.identity}`).digest()
    for (let i = 0; i < 4; i++) sums[i] = (sums[i] as bigint) + digest.readBigUInt64LE(i * 8)
    bytes += part.bytes ?? 0
    count++
  }
  return { hash: sha256(`${count} ${sums.join(' ')}`), bytes }
}

/** What becomes of files that are not as they should be. */
export const policyOf = (options: SourceSpec['options']) => ({
  schema: (options['onSchemaChange'] as 'stop' | undefined) ?? 'stop',
  broken: (options['brokenFiles'] as 'stop' | undefined) ?? 'stop',
  byTime: options['identity'] !== 'content',
})

/** @throws SOURCE_BROKEN where more files are set aside than `mostBrokenFiles` allows */
export function lostTooMany(
  options: SourceSpec['options'],
  lost: readonly LostFile[],
  all: number,
  path: string,
): void {
  if (!limitOf(options['mostBrokenFiles'])(lost.length, all)) return
  throw new GalleyError('SOURCE_BROKEN', {
    what: `${lost.length} of ${all} files of ${path} can't be read, more than mostBrokenFiles: ${JSON.stringify(options['mostBrokenFiles'])} allows`,
    why: `the first: ${lost[0]?.reason}`,
    fix: 'correct the files, or raise the limit',
  })
}

/** Reasons that count files, not rows. */
export const OF_FILES = ['file with other columns', 'broken file'] as const

/** What is said of files that were read together. */
export function summed(
  spec: SourceSpec,
  parts: readonly Part[],
  read: readonly ReadFile[],
  lost: readonly LostFile[],
): Pick<SourceSnapshot, 'schema' | 'rows' | 'bytes' | 'hash' | 'rejected'> {
  const rejected: Record<string, number> = {}
  const add = (reason: string, n: number) => (rejected[reason] = (rejected[reason] ?? 0) + n)
  for (const r of read) for (const [reason, n] of Object.entries(r.snapshot.rejected)) add(reason, n)
  for (const l of lost) add(OF_FILES[l.schema ? 0 : 1], 1)
  const columns = Object.entries<TypeName>(spec.columns)
  return {
    schema: columns.map(([name, type]) => ({ name, type: parseType(type), nullable: true })),
    rows: read.reduce((n, r) => n + r.snapshot.rows, 0),
    bytes: parts.reduce((n, p) => n + (p.bytes ?? 0), 0),
    hash: hashJson([read.map((r) => [r.path, r.snapshot.hash]), lost.map((l) => l.path)]),
    rejected,
  }
}

/** Files that discovering looks for its first among. */
const FEW = 1000

async function noFile(pattern: string): Promise<GalleyError> {
  const why = (await missingFile(pattern.replace(/[*?].*$/s, 'x'))).why
  return new GalleyError('SOURCE_MISSING', {
    what: `no file matches ${pattern}`,
    why: why ?? 'there is nothing there, or it was written to a moment ago',
    fix: 'check the pattern; files written to within the last seconds (settle) are left for the next run',
  })
}
