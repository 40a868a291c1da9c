import { hashJson } from '../../../base/hash.ts'
import type { Json } from '../../../base/json.ts'
import type { KeptFile } from '../../datasets/files.ts'

/** Rows of a source that were read together, in a folder of their own: those of some parts, or what came since a cursor. */
export interface Piece {
  readonly folder: string
  readonly files: readonly string[]
  readonly rows: number
  readonly bytes: number
  readonly hash: string
  readonly rejected: Readonly<Record<string, number>>
  readonly quarantine?: string
  /** A Parquet file of the parts (`id`, `identity`) that it holds. */
  readonly parts?: string
  /** All files of ours, as they were written. */
  readonly kept: readonly KeptFile[]
}

/** What a source that is read by and by has left so far: saved with the output of the run that published it. */
export interface Position {
  readonly format: 1
  readonly pieces: readonly Piece[]
  readonly cursor?: Json
}

/** What all pieces hold together. */
export function together(pieces: readonly Piece[]): Pick<Piece, 'files' | 'rows' | 'bytes' | 'hash' | 'rejected'> & {
  readonly quarantined: readonly string[]
} {
  const rejected: Record<string, number> = {}
  for (const p of pieces)
    for (const [reason, n] of Object.entries(p.rejected)) rejected[reason] = (rejected[reason] ?? 0) + n
  const sum = (of: (p: Piece) => number) => pieces.reduce((n, p) => n + of(p), 0)
  return {
    files: pieces.filter((p) => p.rows > 0).flatMap((p) => p.files),
    rows: sum((p) => p.rows),
    bytes: sum((p) => p.bytes),
    hash: hashJson(pieces.map((p) => p.hash)),
    rejected,
    quarantined: pieces.flatMap((p) => (p.quarantine ? [p.quarantine] : [])),
  }
}
