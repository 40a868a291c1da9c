import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { canonicalJson } from './json.ts'

/** SHA-256 of text or bytes, hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** SHA-256 of a value's canonical JSON: equal values hash equally whatever the order of their keys. */
export function hashJson(value: unknown): string {
  return sha256(canonicalJson(value))
}

/** SHA-256 of a file's bytes, read as a stream. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) }))
    hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
