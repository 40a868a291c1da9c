import { appendFile, mkdir, readFile, rename, rm, rmdir, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import { JOURNAL } from '../../data/datasets/files.ts'

/** What a training that was interrupted had come to, for the next one of the same rows, parameters and seed. */
export interface Journal {
  /** What was kept when it was opened, in its order. */
  entries(): readonly unknown[]
  /** Whether so long has passed since something was kept that it is worth it. */
  due(): boolean
  /** Keeps plain data. What can't be kept is not: the training goes on without. */
  add(entry: unknown): Promise<void>
  /** Keeps plain data that stands for all that was kept before: that goes, so that the whole stays as large as one entry. */
  replace(entry: unknown): Promise<void>
  /** One of its own for a training that is a part of this one. */
  part(name: string): Promise<Journal>
}

/** The journals of a step, in a folder that is removed once what they are for is on record. */
export interface Journals {
  of(name: string): Promise<Journal>
  /** What can't be removed stays, until a clean-up. */
  remove(): Promise<void>
}

/** ms between two entries of one training: what a kill takes away at most, beside what is not worth it. */
const EVERY = 5000
/** Hexadecimal digits that an entry is checked by. */
const CHECK = 16

export function openJournals(folder: string, { ticks }: Pick<Clock, 'ticks'>, every = EVERY): Journals {
  const open = async (name: string): Promise<Journal> => {
    const path = join(folder, `${name}${JOURNAL}`)
    const { kept, end, size } = await read(path)
    // what came after was cut off as it was written
    if (end < size) await truncate(path, end).catch(() => undefined)
    let last = ticks()
    let written = Promise.resolve()
    // one after the other: an entry that overtakes another is not counted when they are read
    const keep = (entry: unknown, write: (line: string) => Promise<void>): Promise<void> => {
      last = ticks()
      written = written.then(() => put(entry, write))
      return written
    }
    const put = async (entry: unknown, write: (line: string) => Promise<void>) => {
      try {
        const json = JSON.stringify(entry)
        await mkdir(folder, { recursive: true })
        await write(`${sha256(json).slice(0, CHECK)} ${json}\n`)
      } catch {
        // there is no room for it, on the disk or in a text
      }
    }
    return {
      entries: () => kept,
      due: () => ticks() - last >= every,
      add: (entry) => keep(entry, (line) => appendFile(path, line)),
      async replace(entry) {
        const draft = `${path}.${newId()}`
        await keep(entry, (line) => writeFile(draft, line).then(() => rename(draft, path)))
        await rm(draft, { force: true }).catch(() => undefined)
      },
      part: (of) => open(`${name}-${of}`),
    }
  }
  return { of: open, remove: () => removed(folder).catch(() => undefined) }
}

async function removed(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  // that of the step, unless something else of it is there
  await rmdir(dirname(folder)).catch(() => undefined)
}

/** Entries up to the first that is not whole, and where that begins. */
async function read(path: string): Promise<{ kept: unknown[]; end: number; size: number }> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0))
  const kept: unknown[] = []
  let end = 0
  for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, end)) {
    const line = bytes.toString('utf8', end, to)
    const json = line.slice(CHECK + 1)
    if (sha256(json).slice(0, CHECK) !== line.slice(0, CHECK)) break
    kept.push(JSON.parse(json))
    end = to + 1
  }
  return { kept, end, size: bytes.length }
}
