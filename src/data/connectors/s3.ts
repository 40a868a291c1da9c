import { rm } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import type { Secret } from '../../base/secrets.ts'
import type { TypeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, Option, Part, ReachContext, SourceSpec } from './connector.ts'
import { saidOf } from './files.ts'
import { merged, readFiles, setAside } from './folder/read.ts'
import {
  checkFolderOptions,
  type FileSource,
  type FolderOptions,
  lostTooMany,
  type OptionsOf,
  policyOf,
  summed,
  sumOfParts,
} from './folder.ts'
import { connector, kindOf } from './index.ts'
import { type Bucket, bucketOf, placeOf } from './s3/bucket.ts'
import { fetchObject, listed, partOf } from './s3/objects.ts'
import { upload } from './s3/upload.ts'
import { writerFor } from './write/export.ts'

/** Where objects are, and how they are taken. */
export interface S3Options extends Omit<FolderOptions, 'settle' | 'identity'> {
  /** `https://s3.REGION.amazonaws.com` when not given; any S3-compatible store by its address. */
  readonly endpoint?: string
  /** `us-east-1` when not given. */
  readonly region?: string
  /** Whether the bucket stands in the path (true where an endpoint is given) or in the host's name. */
  readonly pathStyle?: boolean
  /** A secret that is `ID:SECRET`, or `ID:SECRET:TOKEN`; without it, only what is public is read. */
  readonly credentials?: Secret
  /** How often a request is tried again, 5 when not given. */
  readonly retries?: number
  /** Seconds in which something must come, 20 when not given; and how many bytes a second at least, 1,024. */
  readonly patience?: number
  readonly slowest?: number
}

const REACH = ['endpoint', 'region', 'pathStyle', 'credentials', 'retries', 'patience', 'slowest']
const OWN = [...REACH, 'onSchemaChange', 'brokenFiles', 'mostBrokenFiles']

/**
 * Objects of an S3-compatible store as one source: `s3('s3://bucket/in/*.csv', csv, { … })`, one object, or all below a prefix
 * that ends in `/`. Objects that were read stay read: a run reads those that are new or changed, by their ETags. Other options
 * are the files' own. @throws RECIPE_INVALID
 */
export function s3<const S extends Record<string, TypeName>, F extends FileSource>(
  path: string,
  of: F,
  columns: S,
  options?: OptionsOf<F> & S3Options,
): SourceSpec<S> {
  placeOf(path)
  const given = Object.entries((options ?? {}) as Record<string, Option>)
  const own = Object.fromEntries(given.filter(([name]) => OWN.includes(name)))
  const rest = Object.fromEntries(given.filter(([name]) => !OWN.includes(name)))
  const inner = of(path, columns as never, rest as never)
  checkFolderOptions('s3', own)
  const { endpoint } = own
  if (endpoint !== undefined && !(typeof endpoint === 'string' && /^https?:/.test(endpoint) && URL.canParse(endpoint)))
    throw new GalleyError('RECIPE_INVALID', {
      what: `s3() can't take endpoint: ${JSON.stringify(endpoint)}`,
      why: 'it is no web address',
      fix: 'name the store from https:// on',
    })
  return { connector: 's3', path, columns, options: { ...own, of: inner.connector, files: inner.options } }
}

const at = (path: string, options: SourceSpec['options'], ctx: Pick<ReachContext, 'secret' | 'signal'>) => {
  const { bucket, key } = placeOf(path)
  return { bucket: bucketOf(bucket, options, ctx), pattern: key }
}

async function* partsOf(spec: SourceSpec, path: string, ctx: ReachContext): AsyncGenerator<Part> {
  const { bucket, pattern } = at(path, spec.options, ctx)
  for await (const object of listed(bucket, pattern)) yield partOf(bucket, object)
}

const none = (path: string): GalleyError =>
  new GalleyError('SOURCE_MISSING', {
    what: `no object matches ${path}`,
    why: 'the store lists none',
    fix: "check bucket and key; '*' stands for a part of a name, '**' for any depth",
  })

export const s3Connector: Connector = {
  kind: 's3',
  where: 'name',
  fingerprint: (spec, path, ctx) => sumOfParts(partsOf(spec, path, ctx)),
  parts: partsOf,
  async discover(path, rows, ctx) {
    const { bucket, pattern } = at(path, ctx.options ?? {}, ctx)
    let more = false
    for await (const first of listed(bucket, pattern)) {
      more = /[*?]|\/$/.test(pattern)
      const file = await ctx.temp()
      try {
        await fetchObject(bucket, first, file)
        const { of, files } = (ctx.options ?? {}) as { of?: string; files?: SourceSpec['options'] }
        const inner = await connector(of ?? (await kindOf(file)))
        const found = await inner.discover(file, rows, { ...ctx, options: files ?? {} }).catch((error: unknown) => {
          throw saidOf(error, file, bucket.shown(first.key))
        })
        const options = { ...found.options, of: inner.kind }
        return { ...found, connector: 's3', whole: found.whole && !more, options }
      } finally {
        await rm(file, { force: true })
      }
    }
    throw none(path)
  },
  async snapshot(spec, path, ctx) {
    const parts = ctx.parts ?? []
    if (parts.length === 0) throw none(path)
    const { options } = spec
    const inner = await connector(String(options['of']))
    const own = { ...spec, connector: inner.kind, options: options['files'] as SourceSpec['options'] }
    const ahead = fetching(parts, spec, path, ctx)
    try {
      const policy = { ...policyOf(options), byTime: false }
      const { read, lost } = await readFiles(inner, own, parts, policy, ctx, ahead.bring)
      lostTooMany(options, lost, parts.length, path)
      const data = await merged(read, spec, ctx)
      const quarantine = await setAside(inner, read, lost, ctx)
      return { files: [data], ...summed(spec, parts, read, lost), ...(quarantine ? { quarantine } : {}) }
    } finally {
      await ahead.close()
    }
  },
  async write(request, ctx) {
    const { bucket, key } = placeOf(request.target)
    const store: Bucket = bucketOf(bucket, request.options, ctx)
    const inner = await connector(writerFor(key))
    const file = await ctx.temp()
    try {
      const { files = {} } = request.options as { files?: SourceSpec['options'] }
      const rows = (await inner.write?.({ ...request, target: file, options: files }, ctx)) ?? 0
      await upload(store, key, file, ctx.progress)
      return rows
    } finally {
      await rm(file, { force: true })
    }
  },
}

/** Objects that are fetched at once, and bytes of them that lie ahead of what is read. */
const AHEAD = 8
const AHEAD_BYTES = 64 << 20

/** Brings objects to files of ours, some ahead of the one that is read. */
function fetching(parts: readonly Part[], spec: SourceSpec, path: string, ctx: ConnectorContext) {
  const ended = new AbortController()
  const signal = AbortSignal.any([ctx.signal, ended.signal])
  const { bucket } = at(path, spec.options, { ...ctx, signal })
  const begun: Promise<string>[] = []
  const prefix = bucket.shown('').length
  const fetchPart = async ({ id, identity, bytes = 0 }: Part, i: number) => {
    const file = await ctx.keep(`object-${i}`)
    await fetchObject(bucket, { key: id.slice(prefix), etag: identity.replace(/ \d+$/, ''), bytes }, file)
    return file
  }
  return {
    bring(_: Part, i: number): Promise<string> {
      let bytes = 0
      for (let j = i; j < Math.min(parts.length, i + AHEAD); j++) {
        const part = parts[j] as Part
        bytes += part.bytes ?? 0
        if (j > i && bytes > AHEAD_BYTES) break
        // a failure is told when its turn comes
        if (begun[j] === undefined) (begun[j] = fetchPart(part, j)).catch(() => undefined)
      }
      return begun[i] as Promise<string>
    },
    async close() {
      ended.abort()
      await Promise.allSettled(begun)
      for (let i = 0; i < begun.length; i++) await rm(await ctx.keep(`object-${i}`), { force: true })
    },
  }
}
