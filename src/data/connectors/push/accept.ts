import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asGalleyError, GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import { resolveSecret } from '../../../base/secrets.ts'
import type { DuckdbEngine } from '../../../engines/duckdb/index.ts'
import { createLedger } from '../../../engines/ledger.ts'
import type { TypeName } from '../../../plan/types.ts'
import { failure } from '../../../store/failures.ts'
import type { PushBatch, PushSource } from '../../../store/sources.ts'
import type { Store } from '../../../store/store.ts'
import { folderOf, keptFile, PUSHED, publishFolder } from '../../datasets/files.ts'
import type { SourceSnapshot, SourceSpec } from '../connector.ts'
import { saidOf } from '../files.ts'
import type { Guard } from '../guard/guard.ts'
import { connector } from '../index.ts'
import { knownOption, type UnknownPolicy } from '../unknown.ts'
import { admitted } from './admit.ts'
import { type BatchFormat, formatOf } from './formats.ts'
import { DATA, idOf } from './pushed.ts'

/** What taking in a batch works with. */
export interface AcceptAt {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly scope: Scope
  /** What opens batches in a process of its own; without it they are opened here. */
  readonly guard?: Guard
  /** Fires when the sender is gone. */
  readonly signal: AbortSignal
}

/** A batch as it comes. */
export interface SentBatch {
  readonly source: string
  readonly key: string
  readonly mediaType: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** Bytes, at most. */
  readonly limit: number
}

const ASIDE = 'rejected.parquet'
/** Seconds after which a sender may try again where the disk is full. */
const RETRY_FULL = 60

/** Batches that are being taken in by this process. */
const inHand = new Set<string>()

/**
 * Takes in a batch. When it answers, the batch is on disk and on record; the same again under the same key gives the same
 * answer and adds nothing. Broken rows are set aside and counted.
 * @throws SOURCE_UNKNOWN, MEDIA_TYPE_REFUSED, BODY_TOO_LARGE, BATCH_BUSY while another with this key is being taken in,
 * BATCH_DIFFERS for other content under the key, SOURCE_BUSY when too many come at once or the disk is full, SOURCE_BROKEN and
 * SOURCE_SCHEMA for a batch that can't be read
 */
export async function acceptBatch(at: AcceptAt, sent: SentBatch): Promise<{ batch: PushBatch; replayed: boolean }> {
  const { store, scope, signal } = at
  const format = formatOf(sent.mediaType)
  const source = await store.sources.get(scope, sent.source)
  const name = [scope.workspace, source.name, sent.key].join('\0')
  if (inHand.has(name))
    throw new GalleyError('BATCH_BUSY', {
      what: `a batch with the key '${sent.key}' is being taken in`,
      why: 'it was sent before, and is not answered yet',
      fix: 'wait for its answer, or send it again in a moment; give each batch a key of its own',
    })
  inHand.add(name)
  try {
    return await admitted(signal, async () => {
      const draft = store.home.tmp.file('.batch')
      try {
        const { hash, bytes } = await received(`${draft}.sent`, format, sent, signal)
        const before = await store.sources.batch(scope, source.name, sent.key)
        if (before) return repeated(before, hash)
        return await taken(at, source, { draft, format, hash, bytes, key: sent.key })
      } finally {
        await rm(draft, { recursive: true, force: true })
        await rm(`${draft}.sent`, { force: true })
      }
    })
  } catch (thrown) {
    throw fullDisk(thrown)
  } finally {
    inHand.delete(name)
  }
}

function repeated(batch: PushBatch, hash: string): { batch: PushBatch; replayed: boolean } {
  if (batch.hash === hash) return { batch, replayed: true }
  throw new GalleyError('BATCH_DIFFERS', {
    what: `the key '${batch.key}' stands for another batch`,
    why: `batch ${batch.number} of '${batch.source}' was taken in under it, with other content`,
    fix: 'give each batch a key of its own, and send it unchanged when it is sent again',
    details: { source: batch.source, batch: batch.number },
  })
}

/** Writes what comes to a file. The hash stands for its format too. */
async function received(path: string, format: BatchFormat, { bytes: stream, limit }: SentBatch, signal: AbortSignal) {
  const digest = createHash('sha256').update(`${format}\0`)
  let bytes = 0
  try {
    const file = await open(path, 'wx')
    try {
      for await (const chunk of stream) {
        throwIfAborted(signal)
        bytes += chunk.byteLength
        if (bytes > limit)
          throw new GalleyError('BODY_TOO_LARGE', {
            what: `the batch is larger than ${limit.toLocaleString('en-US')} bytes`,
            fix: 'send fewer rows at a time, each batch under a key of its own',
          })
        digest.update(chunk)
        await file.writeFile(chunk)
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw failure(error, 'the batch could not be received')
  }
  return { hash: digest.digest('hex'), bytes }
}

interface Received {
  readonly draft: string
  readonly format: BatchFormat
  readonly hash: string
  readonly bytes: number
  readonly key: string
}

async function taken(at: AcceptAt, source: PushSource, { draft, format, hash, bytes, key }: Received) {
  const { store, scope } = at
  await mkdir(draft)
  const read = await readBatch(at, source, format, draft)
  const broken = Object.values(read.rejected).reduce((a, b) => a + b, 0)
  if (read.rows === 0 && broken > 0)
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${broken === 1 ? 'the row of the batch is' : `all ${broken} rows of the batch are`} broken`,
      why: Object.keys(read.rejected).join(', '),
      fix: 'correct them and send the batch again; of a batch with some good rows, broken ones are set aside',
    })
  const files = []
  for (const [from, name] of [[read.files[0], DATA], [read.quarantine, ASIDE]] as const) // biome-ignore format: one line
    if (from !== undefined) {
      await rename(from, join(draft, name))
      await syncFile(join(draft, name))
      const { sha256, bytes } = await keptFile(join(draft, name))
      files.push({ name, bytes, sha256 })
    }
  const record = {
    source: source.name,
    key,
    hash,
    format,
    rows: read.rows,
    broken,
    bytes,
    rejected: read.rejected,
    unknown: read.unknown ?? {},
    files,
  }
  let lies = draft
  const { batch, taken: fresh } = await store.sources.accept(scope, record, async (number) => {
    const folder = folderOf(store, scope, `${PUSHED}${source.name}`, idOf(number))
    if (lies !== folder) await publishFolder(lies, folder)
    lies = folder
    return folder.slice(store.home.datasets.length + 1)
  })
  // another process may have been first
  return fresh ? { batch, replayed: false } : repeated(batch, hash)
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  await file.sync().finally(() => file.close())
}

/** Reads a batch as the connector of its format does. */
async function readBatch(
  { duckdb, scope, signal, guard }: AcceptAt,
  source: PushSource,
  format: BatchFormat,
  draft: string,
): Promise<SourceSnapshot> {
  const path = `${draft}.sent`
  const inner = await connector(format)
  const { onSchemaChange = 'stop', ...own } = source.options as SourceSpec['options']
  // a column that was declared before may still be sent: it is known, and left alone
  const known = [...new Set([...Object.keys(source.columns), ...Object.keys(source.types)])]
  const options = {
    ...(format === 'arrow' ? {} : own),
    ...knownOption({ known, policy: onSchemaChange as UnknownPolicy }),
  }
  let columns = source.columns as Readonly<Record<string, TypeName>>
  try {
    return await duckdb.session({ scope, signal, ledger: createLedger() }, async (query) => {
      const keep = async (name: string) => join(draft, name)
      const ctx = { scope, signal, query, keep, secret: resolveSecret, progress: () => {}, ...(guard ? { guard } : {}) }
      for (;;)
        try {
          const spec: SourceSpec = { connector: format, path, columns, options }
          return await inner.snapshot(spec, path, ctx)
        } catch (error) {
          // in JSON, a key that no record of a batch has is null, as one that some have not; elsewhere where columns may come and go
          const unknown =
            error instanceof GalleyError && error.code === 'PLAN_UNKNOWN_COLUMN' ? error.details['column'] : undefined
          const left = Object.entries(columns).filter(([name]) => name !== unknown)
          if (
            (format !== 'json' && onSchemaChange !== 'evolve') ||
            left.length === Object.keys(columns).length ||
            left.length === 0
          )
            throw error
          columns = Object.fromEntries(left)
        }
    })
  } catch (thrown) {
    throw inWordsOfBatch(thrown, path)
  }
}

/** The sender knows no path of ours, and writes no recipe. */
function inWordsOfBatch(thrown: unknown, path: string): GalleyError {
  const error = saidOf(asGalleyError(thrown), path, 'the batch')
  const { code, what, why, details, cause } = error
  if ((!code.startsWith('SOURCE_') && !code.startsWith('PLAN_')) || details['unknown']) return error
  return new GalleyError(code, {
    ...{ what, cause, details, ...(why ? { why } : {}) },
    fix: 'correct the batch and send it again, or change what the recipe declares and open the source anew',
  })
}

/** A full disk may have room again soon: the sender keeps the batch and tries again. */
function fullDisk(thrown: unknown): unknown {
  const error = asGalleyError(thrown)
  if (error.code !== 'DISK_FULL') return thrown
  return new GalleyError('SOURCE_BUSY', {
    what: 'the batch was not taken in',
    why: 'the disk of the server is full',
    fix: `keep it and send it again, under the same key, after ${RETRY_FULL} s; whoever runs the server has to make room`,
    details: { retryAfter: RETRY_FULL },
    cause: error,
  })
}
