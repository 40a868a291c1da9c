import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { canonicalJson } from './json.ts'

/** SHA-256 of text or bytes, hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** SHA-256 of a value's canonical JSON: equal values hash equally whatever the order of their keys. */
export function hashJson(value: unknown): string {
  return sha256(canonicalJson(value))
}

const CHUNK = 1 << 20
/** Of a small file no more memory is taken than it needs: such memory counts towards the next collection of garbage. */
const LEAST = 1 << 12

/** SHA-256 of a file's bytes: a part is read while the one before it is hashed. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const size = Math.min(CHUNK, Math.max(LEAST, (await file.stat()).size))
    const buffers = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)] as const
    const read = (into: Buffer) => file.read(into, 0, size)
    let reading = read(buffers[0])
    for (let i = 1; ; i++) {
      const { bytesRead, buffer } = await reading
      if (bytesRead === 0) break
      reading = read(buffers[(i % 2) as 0 | 1])
      // it is awaited in any case, and its failure not left alone meanwhile
      reading.catch(() => undefined)
      if (signal?.aborted) {
        await reading.catch(() => undefined)
        throw signal.reason
      }
      hash.update(bytesRead === size ? buffer : buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}
