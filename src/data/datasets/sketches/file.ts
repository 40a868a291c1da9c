import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import { REGISTERS } from '../../profile/sketch/distinct.ts'
import type { ColumnSketch } from './column.ts'

/** What a file of a version holds, by column. */
export interface FileSketch {
  /** Of the file that it is a sketch of. */
  readonly sha256: string
  readonly rows: number
  readonly columns: Readonly<Record<string, ColumnSketch>>
}

const FORMAT = 1
/** Bytes of a checksum, which the rest follows. */
const SUM = 32
/** Bytes that a sketch may unfold to, those of some thousand columns. */
const MOST = 1 << 28

/** Where the sketch of a file lies: beside it, so that every version that has the file has its sketch. */
export const sketchPath = (file: string): string => `${file}.sketch`

/** A sketch as it is kept: its SHA-256, then JSON, deflated; undefined for so many columns that it would not be read. */
export function encodeSketch({ sha256, rows, columns }: FileSketch): Uint8Array | undefined {
  const told = Object.entries(columns).map(([name, { mean, squares, ...c }]) => [
    name,
    {
      ...c,
      moments: base64(bytesOf(Float64Array.of(mean, squares))),
      distinct: base64(c.distinct),
      ranks: { n: c.ranks.n, levels: c.ranks.levels.map(bytesOf).map(base64) },
    },
  ])
  const text = JSON.stringify({ format: FORMAT, sha256, rows, columns: told })
  if (text.length > MOST) return undefined
  const body = deflateRawSync(text)
  return Buffer.concat([sumOf(body), body])
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
const bytesOf = (x: Float64Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength)
const sumOf = (body: Uint8Array) => createHash('sha256').update(body).digest()

const count = z.number().int().nonnegative()
const column = z.object({
  kind: z.enum(['number', 'bool', 'text', 'time', 'other']),
  ...{ count, nan: count, infinite: count },
  ...{ min: z.number().nullable(), max: z.number().nullable() },
  // as bytes: those of the largest doubles are infinite, which JSON does not say
  moments: z.base64().transform(doublesOf),
  distinct: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
  ranks: z.object({ n: count, levels: z.array(z.base64().transform(doublesOf)) }),
})
const shape = z.object({
  format: z.literal(FORMAT),
  sha256: z.string(),
  rows: count,
  // pairs, not keys: a column may have any name
  columns: z.array(z.tuple([z.string(), column])),
})

function doublesOf(text: string): Float64Array {
  const bytes = Buffer.from(text, 'base64')
  const own = new Uint8Array(bytes.length - (bytes.length % 8))
  own.set(bytes.subarray(0, own.length))
  return new Float64Array(own.buffer)
}

/** Reads a sketch; why it is none where it is not as it was written, or of a newer Galley. */
export function decodeSketch(bytes: Uint8Array): FileSketch | string {
  const body = bytes.subarray(SUM)
  if (bytes.length <= SUM || !sumOf(body).equals(bytes.subarray(0, SUM)))
    return 'its checksum is another than it was written with'
  let json: unknown
  try {
    json = JSON.parse(inflateRawSync(body, { maxOutputLength: MOST }).toString('utf8'))
  } catch {
    return 'its format is another'
  }
  const parsed = shape.safeParse(json)
  if (!parsed.success) return 'its format is another'
  const { sha256, rows, columns } = parsed.data
  if (columns.some(([, c]) => c.distinct.length !== REGISTERS)) return 'its format is another'
  const plain = columns.map(
    ([
      name,
      {
        moments: [mean = 0, squares = 0],
        ...c
      },
    ]) => [name, { ...c, mean, squares }],
  )
  return { sha256, rows, columns: Object.fromEntries(plain) }
}
