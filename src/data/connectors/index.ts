import { open } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { GalleyError, nearest } from '../../base/errors.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { missingFile } from './files.ts'
import { guarded } from './guard/wrap.ts'

/** The connectors by name. A new one is one file and one line here. */
const CONNECTORS: Readonly<Record<string, () => Promise<Connector>>> = {
  arrow: async () => guarded((await import('./arrow.ts')).arrowConnector),
  csv: async () => guarded((await import('./csv.ts')).csvConnector),
  dataset: async () => (await import('./dataset.ts')).datasetConnector,
  folder: async () => (await import('./folder.ts')).folderConnector,
  generate: async () => (await import('./generate.ts')).generateConnector,
  json: async () => guarded((await import('./json.ts')).jsonConnector),
  parquet: async () => guarded((await import('./parquet.ts')).parquetConnector),
  sqlite: async () => guarded((await import('./sqlite.ts')).sqliteConnector),
  http: async () => (await import('./http.ts')).httpConnector,
  push: async () => (await import('./push.ts')).pushConnector,
  s3: async () => (await import('./s3.ts')).s3Connector,
  postgres: async () => (await import('./postgres.ts')).postgresConnector,
}

/** @throws RECIPE_INVALID for a name that is not in the table */
export async function connector(kind: string): Promise<Connector> {
  const load = Object.hasOwn(CONNECTORS, kind) ? CONNECTORS[kind] : undefined
  if (load) return load()
  const close = nearest(kind, Object.keys(CONNECTORS))
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no connector '${kind}'`,
    why: `there are ${Object.keys(CONNECTORS).join(', ')}`,
    fix: close ? `did you mean '${close}'?` : 'use one of these',
  })
}

/** What a connector is told as the source's path: a place in the file system from the recipe's folder on, or the name as it stands. */
export const pathOf = (source: Connector, { path }: SourceSpec, folder: string): string =>
  source.where === 'name' || isAbsolute(path) ? path : resolve(folder, path)

/** The connector that reads a file, by its first bytes: `PAR1` is Parquet, a bracket JSON, SQLite and Arrow name themselves, all else a CSV. @throws SOURCE_MISSING */
export async function kindOf(path: string): Promise<string> {
  const file = await open(path).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') throw await missingFile(path)
    throw new GalleyError('SOURCE_MISSING', {
      what: `${path} can't be opened`,
      why: cause.message,
      fix: 'check who may read it',
    })
  })
  try {
    const { buffer, bytesRead } = await file
      .read(Buffer.alloc(4096), 0, 4096, 0)
      .catch(() => ({ buffer: Buffer.alloc(0), bytesRead: 0 }))
    const head = buffer.toString('latin1', 0, bytesRead)
    if (head.startsWith('PAR1')) return 'parquet'
    if (head.startsWith('SQLite format 3\0')) return 'sqlite'
    if (head.startsWith('ARROW1') || /^\xff\xff\xff\xff[^\0]..\0/s.test(head)) return 'arrow'
    // with a byte order mark before it or not, and with the zeros of UTF-16 or not
    const begins = /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*[[{]/.test(head)
    return begins || /\.(json|jsonl|ndjson)(\.gz)?$/i.test(path) ? 'json' : 'csv'
  } finally {
    await file.close()
  }
}
