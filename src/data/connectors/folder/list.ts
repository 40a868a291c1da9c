import { type Stats, statSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { throwIfAborted } from '../../../base/errors.ts'
import { hashFile } from '../../../base/hash.ts'
import type { Part } from '../connector.ts'

/** How a folder is listed. */
export interface Listing {
  /** A path with `*` and `?` for parts of names, `**` for folders at any depth. */
  readonly pattern: string
  /** Seconds that a file has to be left alone before it is read. */
  readonly settle: number
  /** What tells a file that changed: its size and times, or a hash of its content. */
  readonly identity: 'time' | 'content'
}

/** One segment of a pattern; undefined for any depth. Names that begin with a dot are met only by what begins with one. */
function segmentOf(segment: string): RegExp | undefined {
  if (segment === '**') return undefined
  const text = segment
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${segment.startsWith('.') ? '' : '(?!\\.)'}${text}$`, 'su')
}

const isPattern = (segment: string): boolean => /[*?]/.test(segment)

/** Files that match, one at a time, in the order of the file system: memory does not grow with their number. */
export async function* filesOf(pattern: string, signal: AbortSignal): AsyncGenerator<string> {
  const segments = pattern.split(sep)
  const first = segments.findIndex(isPattern)
  if (first < 0) {
    yield pattern
    return
  }
  yield* below(segments.slice(0, first).join(sep) || sep, segments.slice(first).map(segmentOf), signal)
}

async function* below(
  folder: string,
  rest: readonly (RegExp | undefined)[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const [segment, ...deeper] = rest
  const entries = await opendir(folder, { bufferSize: 1024 }).catch(() => undefined)
  if (!entries) return
  const anyDepth = segment === undefined
  for await (const entry of entries) {
    throwIfAborted(signal)
    const path = join(folder, entry.name)
    const last = anyDepth ? deeper.length === 1 : deeper.length === 0
    const name = anyDepth ? deeper[0] : segment
    if (entry.isDirectory()) {
      if (anyDepth && !entry.name.startsWith('.')) yield* below(path, rest, signal)
      if (!last && name?.test(entry.name)) yield* below(path, anyDepth ? deeper.slice(1) : deeper, signal)
    } else if (last && name?.test(entry.name)) yield path
  }
}

/** What tells a file from what it was before. */
export const stateOf = (info: Stats): string => `${info.size} ${info.mtimeMs} ${info.ctimeMs}`

/** Undefined for a link that leads nowhere, or to itself. */
function infoOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined
    throw error
  }
}

/** The files of a folder that nothing writes to, as parts. Those written to a moment ago are left for the next run, and told. */
export async function* settledFiles(
  listing: Listing,
  signal: AbortSignal,
  left?: (path: string) => void,
): AsyncGenerator<Part> {
  const now = systemClock.now()
  for await (const path of filesOf(listing.pattern, signal)) {
    const info = infoOf(path)
    if (!info?.isFile()) continue
    if (Math.abs(now - info.mtimeMs) < listing.settle * 1000) {
      left?.(path)
      continue
    }
    const identity = listing.identity === 'content' ? await hashFile(path, signal) : stateOf(info)
    yield { id: path, identity, bytes: info.size }
  }
}
