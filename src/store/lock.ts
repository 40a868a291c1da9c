import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GalleyError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { isAlive, ownToken } from './process.ts'

/*
 * A lock between processes that survives kill -9 of its holder. The folder holds numbered files; the highest number counts.
 * Its content is the holder's token; an empty file is a released lock. Whoever finds the highest one free, or its holder dead, may create the
 * next number: creating a name is atomic, so one of many succeeds, and no file that others contend for is ever replaced.
 */

/** Tries once. The answer releases the lock; undefined means that a living process (perhaps this one) holds it. */
export function tryLock(folder: string): (() => void) | undefined {
  mkdirSync(folder, { recursive: true })
  const highest = top(folder)
  if (highest > 0 && isHeld(join(folder, String(highest)))) return undefined
  const mine = highest + 1
  const draft = join(folder, `draft-${newId()}`)
  writeFileSync(draft, ownToken())
  try {
    linkSync(draft, join(folder, String(mine)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  // someone may have gone far ahead and cleaned up the number that this process then took
  if (top(folder) !== mine) {
    rmSync(join(folder, String(mine)), { force: true })
    return undefined
  }
  for (const name of readdirSync(folder))
    if (/^\d+$/.test(name) && Number(name) < mine) rmSync(join(folder, name), { force: true })
  return () => truncateSync(join(folder, String(mine))) // needs no room on the disk
}

/** Waits for the lock. @throws STORE_CONFLICT after `patience` milliseconds */
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

/** The token of the lock's holder, when it is held. */
export function holder(folder: string): string | undefined {
  const highest = top(folder)
  const path = join(folder, String(highest))
  return highest > 0 && isHeld(path) ? readFileSync(path, 'utf8') : undefined
}

function top(folder: string): number {
  let highest = 0
  for (const name of readdirSync(folder)) if (/^\d+$/.test(name)) highest = Math.max(highest, Number(name))
  return highest
}

function isHeld(path: string): boolean {
  let token: string
  try {
    token = readFileSync(path, 'utf8')
  } catch {
    return true // replaced by a higher number just now: look again
  }
  // a token of another machine or container can't be judged: its process is taken for gone, as after a restart elsewhere
  return token !== '' && isAlive(token) === true
}
