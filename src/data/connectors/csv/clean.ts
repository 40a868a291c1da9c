import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import type { Header } from './header.ts'

/** A CSV whose header is one plain line. */
export interface CleanFile {
  readonly path: string
  readonly copied: boolean
  readonly header: Header
  /** Lines that the file's own header takes beyond one. */
  readonly shift: number
}

/**
 * A CSV as it is, or a copy with a header of one line where its own is more than readers agree on: lines before it, lines
 * that end within its cells, a quote right after a byte order mark. @throws CANCELLED
 */
export async function cleanHeader(
  path: string,
  header: Header,
  target: () => Promise<string>,
  signal: AbortSignal,
): Promise<CleanFile> {
  const file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(header.bytes), 0, header.bytes, 0)
  await file.close()
  const own = buffer.toString('utf8')
  const [end = ''] = /(\r\n|\r|\n)$/.exec(own) ?? []
  const line = own.slice(0, own.length - end.length)
  if (header.blank === 0 && !/[\r\n]|^\uFEFF\s*"/.test(line)) return { path, copied: false, header, shift: 0 }
  const plain = `${header.cells.map((_, i) => `c${i}`).join(header.delimiter)}${end}`
  const copy = await target()
  const to = createWriteStream(copy)
  to.write(plain)
  try {
    await pipeline(createReadStream(path, { start: header.bytes }), to, { signal })
  } catch (cause) {
    throwIfAborted(signal)
    throw cause
  }
  const shift = Math.max(0, own.split(/\r\n|\r|\n/).length - 2)
  return { path: copy, copied: true, header: { ...header, blank: 0, bytes: Buffer.byteLength(plain) }, shift }
}
