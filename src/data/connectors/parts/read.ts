import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { GalleyError } from '../../../base/errors.ts'
import { hashJson } from '../../../base/hash.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import { intact, keptFile, publishFolder } from '../../datasets/files.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from '../connector.ts'
import type { Piece, Position } from './pieces.ts'
import { planParts } from './plan.ts'

/** Where pieces are written, and kept. */
export interface Place {
  /** A folder, another each time, that is cleaned up when this process is gone. */
  draft(): string
  /** The folder of what has that identity. */
  target(id: string): string
}

/** A source that is read by and by. */
export interface Reading {
  readonly connector: Connector
  readonly spec: SourceSpec
  readonly path: string
  readonly ctx: Omit<ConnectorContext, 'keep' | 'parts' | 'since'>
  /** What earlier runs have left, by the same code. */
  readonly position: Position | undefined
  readonly place: Place
  /** What of `ctx.wanted` was pushed, the first time it was. */
  pushed?: readonly string[]
}

const MANIFEST = 'piece.json'

/**
 * Reads the parts that are new or changed, a group at a time. Each group is published for itself, under a name made of its
 * parts: what is cut goes on after the last group.
 */
export async function readParts(r: Reading): Promise<Position> {
  const { connector, spec, path, ctx, place } = r
  const standing: Piece[] = []
  for (const piece of r.position?.pieces ?? []) if (await intact(piece.kept)) standing.push(piece)
  const listed = (connector.parts as NonNullable<Connector['parts']>)(spec, path, ctx)
  const plan = await planParts(listed, standing, `${place.draft()}.csv`, ctx.query, ctx.signal)
  const pieces = [...plan.whole]
  let done = 0
  for (let g = 0; g < plan.groups; g++) {
    const parts = await plan.group(g)
    const id = hashJson([Object.entries(spec.columns), spec.options, ctx.wanted, parts.map((p) => [p.id, p.identity])])
    pieces.push(
      await pieceOf(r, id, { parts }, async (folder) => {
        const target = join(folder, 'parts.parquet')
        await plan.write(g, target)
        return target
      }),
    )
    done += parts.length
    ctx.progress({ done, total: plan.count, unit: 'steps' })
  }
  // no part at all: the connector says what that means
  if (pieces.length === 0) pieces.push(await pieceOf(r, undefined, { parts: [] }))
  return { format: 1, pieces }
}

/** Reads what came since the last run; everything where that is not known, or what was read before is damaged. */
export async function readSince(r: Reading): Promise<Position> {
  const { position } = r
  let before = position?.cursor === undefined ? undefined : position
  for (const piece of before?.pieces ?? []) if (!(await intact(piece.kept))) before = undefined
  const since = before?.cursor
  let cursor = since
  const piece = await pieceOf(r, undefined, since === undefined ? {} : { since }, undefined, (s) => {
    cursor = s.cursor
  })
  if (cursor === undefined)
    throw new GalleyError('INTERNAL_BUG', { what: `the connector '${r.connector.kind}' forgot how far it has read` })
  const pieces = [...(before?.pieces ?? []), ...(piece.rows > 0 || piece.quarantine || !before ? [piece] : [])]
  return { format: 1, cursor, pieces: pieces.length < MOST_PIECES ? pieces : [await joined(r, pieces)] }
}

/** Pieces beyond which they are written as one. */
const MOST_PIECES = 64

/** Several pieces as one. */
async function joined(r: Reading, pieces: readonly Piece[]): Promise<Piece> {
  const rejected: Record<string, number> = {}
  for (const p of pieces) for (const [why, n] of Object.entries(p.rejected)) rejected[why] = (rejected[why] ?? 0) + n
  const first = pieces[0] as Piece
  const all = async (folder: string, name: string, files: readonly string[]) => {
    const target = join(folder, name)
    await r.ctx.query(
      `COPY (SELECT * FROM read_parquet([${files.map(file).join(', ')}], union_by_name = true, hive_partitioning = false)) ${toParquet(target)}`,
    )
    return target
  }
  const aside = pieces.flatMap((p) => (p.quarantine ? [p.quarantine] : []))
  const folder = r.place.draft()
  await mkdir(folder, { recursive: true })
  const files = [
    await all(
      folder,
      'data.parquet',
      pieces.flatMap((p) => p.files),
    ),
  ]
  return publish(r, hashJson(pieces.map((p) => p.hash)), folder, {
    ...first,
    files,
    rows: pieces.reduce((n, p) => n + p.rows, 0),
    bytes: pieces.reduce((n, p) => n + p.bytes, 0),
    hash: hashJson(pieces.map((p) => p.hash)),
    rejected,
    ...(aside.length > 0 ? { quarantine: await all(folder, 'rejected.parquet', aside) } : {}),
  })
}

/** One quarantine of all pieces. */
export async function quarantineOf(r: Reading, files: readonly string[]): Promise<Piece> {
  const folder = r.place.draft()
  await mkdir(folder, { recursive: true })
  const target = join(folder, 'rejected.parquet')
  const list = files.map(file).join(', ')
  await r.ctx.query(
    `COPY (SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)) ${toParquet(target)}`,
  )
  const none = { rows: 0, bytes: 0, hash: hashJson(files.map((f) => basename(f))), rejected: {} }
  const sha = (await keptFile(target, r.ctx.signal)).sha256
  return publish(r, hashJson(['rejected', sha]), folder, { ...none, files: [], quarantine: target })
}

type Draft = Omit<Piece, 'folder' | 'kept'>

/** Reads one piece into a folder of its own; one that is there under its name is taken. */
async function pieceOf(
  r: Reading,
  id: string | undefined,
  more: Pick<ConnectorContext, 'parts' | 'since'>,
  add?: (folder: string) => Promise<string>,
  seen?: (s: SourceSnapshot) => void,
): Promise<Piece> {
  const found = id === undefined ? undefined : await published(r.place.target(id))
  if (found) return found
  const folder = r.place.draft()
  await mkdir(folder, { recursive: true })
  const keep = async (name: string) => join(folder, name)
  const s = await r.connector.snapshot(r.spec, r.path, { ...r.ctx, ...more, keep })
  const outside = s.files.find((f) => !f.startsWith(folder))
  if (outside !== undefined)
    throw new GalleyError('INTERNAL_BUG', {
      what: `the connector '${r.connector.kind}' reads by parts, and left ${outside} where it lies`,
    })
  seen?.(s)
  if (s.pushed) r.pushed = s.pushed
  const parts = await add?.(folder)
  return publish(r, id ?? hashJson([s.hash, more.since ?? null, s.cursor ?? null]), folder, {
    files: s.files,
    rows: s.rows,
    bytes: s.bytes,
    hash: s.hash,
    rejected: s.rejected,
    ...(s.quarantine ? { quarantine: s.quarantine } : {}),
    ...(parts ? { parts } : {}),
  })
}

async function publish(r: Reading, id: string, folder: string, draft: Draft): Promise<Piece> {
  const files = [...draft.files, ...(draft.quarantine ? [draft.quarantine] : []), ...(draft.parts ? [draft.parts] : [])]
  const kept = await Promise.all(files.map((f) => keptFile(f, r.ctx.signal)))
  const piece: Piece = { ...draft, folder, kept }
  await writeFile(join(folder, MANIFEST), JSON.stringify(moved(piece, folder, '.')))
  const target = r.place.target(id)
  await publishFolder(folder, target)
  return moved(piece, folder, target)
}

async function published(target: string): Promise<Piece | undefined> {
  const text = await readFile(join(target, MANIFEST), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const piece = moved(JSON.parse(text) as Piece, '.', target)
  return (await intact(piece.kept)) ? piece : undefined
}

/** A piece with the paths of another folder. */
function moved(piece: Piece, from: string, to: string): Piece {
  const at = (path: string) => (path.startsWith(`${from}/`) ? `${to}${path.slice(from.length)}` : path)
  return {
    ...piece,
    folder: to,
    files: piece.files.map(at),
    ...(piece.quarantine ? { quarantine: at(piece.quarantine) } : {}),
    ...(piece.parts ? { parts: at(piece.parts) } : {}),
    kept: piece.kept.map((k) => ({ ...k, path: at(k.path) })),
  }
}
