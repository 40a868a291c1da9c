import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs' // biome-ignore format: one line
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { failure } from './failures.ts'
import { isAlive, ownToken, type ProcessToken } from './process.ts'

/*
 * A lock between processes that survives kill -9 of its holder. The folder holds numbered files; the highest number counts.
 * Its content is the holder's token; an empty file is a released lock. Whoever finds the highest one free, or its holder dead, may create the
 * next number: creating a name is atomic, so one of many succeeds, and no file that others contend for is ever replaced.
 */

/** What such a file is named; all else in the folder is not part of the lock. So few digits are exact as a number. */
const NUMBERED = /^[1-9]\d{0,14}$/
const LAST = 999_999_999_999_999

/**
 * Tries once. The answer releases the lock; undefined means that a living process (perhaps this one) holds it.
 * @throws STORE_CORRUPT where something else lies in its place, DISK_FULL
 */
export function tryLock(folder: string): (() => void) | undefined {
  try {
    return attempt(folder)
  } catch (error) {
    // it was removed a moment ago, as one that nobody had: look again
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failure(error, `the lock ${folder} can't be used`)
  }
}

function attempt(folder: string): (() => void) | undefined {
  mkdirSync(folder, { recursive: true })
  const highest = top(folder)
  if (highest > 0 && heldBy(join(folder, String(highest))) !== undefined) return undefined
  if (highest >= LAST)
    throw new GalleyError('STORE_CORRUPT', {
      what: `the lock ${folder} can't be used`,
      why: `it holds a file named ${highest}, after which no number comes`,
      fix: 'remove that file',
    })
  const mine = highest + 1
  const draft = join(folder, `draft-${newId()}`)
  writeFileSync(draft, ownToken())
  try {
    linkSync(draft, join(folder, String(mine)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  } finally {
    removed(draft)
  }
  const taken = join(folder, String(mine))
  try {
    // someone may have gone far ahead and cleaned up the number that this process then took
    if (top(folder) !== mine) {
      rmSync(taken, { force: true })
      return undefined
    }
    for (const number of numbers(folder)) if (number < mine) rmSync(join(folder, String(number)), { force: true })
  } catch (error) {
    // nobody would know that this process has it
    released(taken)
    throw error
  }
  return () => released(taken)
}

/** Waits for the lock. @throws STORE_CONFLICT after `patience` milliseconds; as `tryLock` */
export async function takeLock(folder: string, patience: number): Promise<() => void> {
  for (let waited = 0, pause = 2; ; waited += pause, pause = Math.min(50, pause * 1.5)) {
    const release = tryLock(folder)
    if (release) return release
    if (waited > patience)
      throw new GalleyError('STORE_CONFLICT', {
        what: 'another process is taking too long',
        why: `${holder(folder) ?? 'it'} has held ${folder} for ${Math.round(patience / 1000)} s`,
        fix: 'wait for it, or end it',
      })
    await sleep(pause)
  }
}

/** Removes those locks in a folder that nobody holds and nobody has taken for so long, ms; `away` is a path that nothing uses. */
export function removeFreeLocks(root: string, age: number, away: () => string): number {
  const now = systemClock.now()
  let count = 0
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const folder = join(root, name)
    const taken = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? now
    if (now - taken < age || holder(folder) !== undefined) continue
    const gone = away()
    renameSync(folder, gone)
    rmSync(gone, { recursive: true, force: true })
    count++
  }
  return count
}

/** The token of the lock's holder, when it is held. */
export function holder(folder: string): ProcessToken | undefined {
  try {
    const highest = top(folder)
    return highest > 0 ? heldBy(join(folder, String(highest))) || undefined : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // never taken yet
    throw failure(error, `the lock ${folder} can't be used`)
  }
}

function released(path: string): void {
  try {
    truncateSync(path) // needs no room on the disk
  } catch (error) {
    // who removed the folder of the lock has released it
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || removed(path)) return
    throw failure(error, `the lock ${path} can't be released`)
  }
}

/** Tries to: what is left of a draft harms nobody. */
function removed(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}

const numbers = (folder: string): number[] =>
  readdirSync(folder)
    .filter((name) => NUMBERED.test(name))
    .map(Number)

const top = (folder: string): number => numbers(folder).reduce((a, b) => Math.max(a, b), 0)

/** The token of a living holder; empty when the file was replaced by a higher number just now: look again. */
function heldBy(path: string): ProcessToken | undefined {
  let token: string
  try {
    token = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
  // a token of another machine or container can't be judged: its process is taken for gone, as after a restart elsewhere
  return token !== '' && isAlive(token) === true ? token : undefined
}
