import { rm } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import type { Secret } from '../../base/secrets.ts'
import { file as place, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { Columns } from '../../plan/columns/kinds.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, ReachContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { saidOf } from './files.ts'
import { download, unzipped } from './http/download.ts'
import { type Pages, readPages } from './http/pages.ts'
import { askedOf, checkPush, type HttpPush, pushOf } from './http/push.ts'
import { good, reachOf, retried, shown } from './http/reach.ts'
import { connector, kindOf } from './index.ts'
import { type BrokenOptions, textSource } from './limit.ts'

export interface HttpOptions<C extends string = string> extends BrokenOptions {
  /** What is there; told from its first bytes when not given. */
  readonly format?: 'csv' | 'json' | 'parquet'
  readonly encoding?: string
  /** Credentials stand here as secrets only. */
  readonly headers?: Readonly<Record<string, string | Secret>>
  /** The secret of `Authorization: Bearer …`. */
  readonly bearer?: Secret
  /** Parameters of the address. */
  readonly query?: Readonly<Record<string, string | number | Secret>>
  /** How the pages of a JSON answer follow each other. */
  readonly pages?: Pages
  /** What the server takes of the recipe's columns and conditions, so that it sends less. */
  readonly push?: HttpPush<C>
  /** How often it is tried again, 5 when not given. */
  readonly retries?: number
  /** Seconds in which something must come, 20 when not given; and how many bytes a second at least, 1,024. */
  readonly patience?: number
  readonly slowest?: number
  /** Bytes beyond which it is stopped, compressed and in plain; 64 GiB when not given. */
  readonly mostBytes?: number
}

const OPTIONS: readonly string[] = [
  ...[
    'format',
    'encoding',
    'headers',
    'bearer',
    'query',
    'pages',
    'push',
    'retries',
    'patience',
    'slowest',
    'mostBytes',
  ],
  ...['broken', 'mostBroken'],
]
/** What the reader of the file is told. */
const FILE_OPTIONS = ['encoding', 'broken', 'mostBroken']

/** A CSV, JSON or Parquet file by its address, or the pages of a JSON answer. @throws RECIPE_INVALID */
export function http<const S extends Record<string, TypeName>>(
  url: string,
  columns: S,
  options: HttpOptions<keyof S & string> = {},
): SourceSpec<S> {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new GalleyError('RECIPE_INVALID', {
      what: `http() can't read ${JSON.stringify(url)}`,
      why: 'it is no web address',
      fix: 'name it from https:// on; for a file use csv(), json() or parquet()',
    })
  const { push, query = {}, pages = {} } = options
  const paged = [pages.page, pages.offset, pages.cursor].filter((name) => name !== undefined)
  if (push) checkPush(push, columns, [...new URL(url).searchParams.keys(), ...Object.keys(query), ...paged])
  return textSource('http', url, columns, { ...options } as Record<string, never>, OPTIONS)
}

type Options = SourceSpec['options']
const pagesOf = (options: Options): Pages | undefined => options['pages'] as Pages | undefined

export const httpConnector: Connector = {
  kind: 'http',
  where: 'name',
  pushes(spec) {
    const push = pushOf(spec.options)
    return [...(push?.columns === undefined ? [] : ['columns' as const]), ...(push?.where ? ['filters' as const] : [])]
  },
  async fingerprint(spec, path, ctx) {
    const r = reachOf(path, spec.options, ctx)
    const { headers } = await retried(r, async () => {
      const got = await good(r, r.url, { 'accept-encoding': 'gzip' })
      got.body.destroy()
      return got
    })
    const { etag, 'last-modified': modified, 'content-length': length } = headers
    const known = pagesOf(spec.options) === undefined && (etag ?? modified) !== undefined
    return {
      hash: known ? hashJson([path, etag ?? '', modified ?? '', length ?? '']) : newId(),
      bytes: Number(length ?? 0),
    }
  },
  async discover(path, rows, ctx) {
    const file = await ctx.temp()
    try {
      const [kind, own] = await fetched(path, ctx.options ?? {}, file, `${file}.plain`, ctx)
      const found = await told(path, file, async () =>
        (await connector(kind)).discover(file, rows, { ...ctx, options: own }),
      )
      return { ...found, connector: 'http', options: { ...found.options, format: kind } }
    } finally {
      await rm(file, { force: true })
    }
  },
  async snapshot(spec, path, ctx) {
    const file = await ctx.keep('fetched')
    let left = false
    try {
      const asked = askedOf(spec, ctx.wanted)
      const query = { ...(spec.options['query'] as Options | undefined), ...asked.query }
      const [kind, options] = await fetched(path, { ...spec.options, query }, file, await ctx.keep('plain'), ctx)
      const { wanted: _, inPlace: __, ...about } = ctx
      const columns = asked.columns ? pick(spec.columns, asked.columns) : spec.columns
      const inner: SourceSpec = { connector: kind, path: file, columns, options }
      const got = await told(path, file, async () => (await connector(kind)).snapshot(inner, file, about))
      const whole = asked.columns ? await widened(spec, got, ctx) : got
      left = whole.files.includes(file)
      return { ...whole, ...(ctx.wanted ? { pushed: asked.says } : {}) }
    } finally {
      if (!left) await rm(file, { force: true })
    }
  },
}

const pick = (columns: Columns, names: readonly string[]): Columns =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => names.includes(name)))

/** Rows with all declared columns, of which those that were not asked for are null. */
async function widened(spec: SourceSpec, got: SourceSnapshot, ctx: ConnectorContext): Promise<SourceSnapshot> {
  const to = await ctx.keep('whole')
  const schema = Object.entries<TypeName>(spec.columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true })) // biome-ignore format: one line
  const there = new Set(got.schema.map((f) => f.name))
  const columns = schema.map(({ name, type }) => `CAST(${there.has(name) ? quote(name) : 'NULL'} AS ${sqlType(type)}) AS ${quote(name)}`) // biome-ignore format: one line
  const from = `read_parquet([${got.files.map(place).join(', ')}], hive_partitioning = false)`
  await ctx.query(`COPY (SELECT ${columns.join(', ')} FROM ${from}) ${toParquet(to)}`)
  for (const file of got.files) await rm(file, { force: true })
  return { ...got, files: [to], schema }
}

/** Brings what is there into a file; gives the connector that reads it, and what that is told. */
async function fetched(
  path: string,
  options: Options,
  file: string,
  draft: string,
  ctx: ReachContext & { progress?: Parameters<typeof download>[2] },
): Promise<[kind: string, options: Options]> {
  const r = reachOf(path, options, ctx)
  const pages = pagesOf(options)
  const progress = ctx.progress ?? (() => {})
  const own = Object.fromEntries(Object.entries(options).filter(([name]) => FILE_OPTIONS.includes(name)))
  try {
    if (pages) {
      await readPages(r, pages, file, progress)
      return ['json', own]
    }
    await download(r, file, progress)
    await unzipped(r, file, draft)
    const kind = typeof options['format'] === 'string' ? options['format'] : await kindOf(file)
    return [kind, kind === 'parquet' ? {} : own]
  } finally {
    await rm(draft, { force: true })
  }
}

/** What is said of the file is said of the address. */
async function told<T>(path: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw saidOf(error, file, shown(path))
  }
}
