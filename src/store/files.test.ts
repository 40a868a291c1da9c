import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeLasting, openTempFolder, readIfThere, writeFileAtomic } from './files.ts'
import { holder, removeFreeLocks, takeLock, tryLock } from './lock.ts'
import { isAlive, ownToken } from './process.ts'
import { syncedBy } from './testing/synced.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'galley-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A process of this machine that is gone: this one's token with another start. */
const dead = () => `${ownToken()}0`

describe('processes', () => {
  it('know themselves, the dead, and those that they can not judge', () => {
    expect(isAlive(ownToken())).toBe(true)
    expect(isAlive(dead())).toBe(false)
    expect(isAlive('elsewhere/1:1:1')).toBeUndefined()
    expect(isAlive('')).toBeUndefined()
  })
})

describe('makeLasting', () => {
  it('brings the names of all that it makes to the disk, and of what others made below a root, once', async () => {
    const path = join(folder, 'a', 'b', 'c')
    const at = (...names: string[]) => names.map((name) => join(folder, name))
    expect(await syncedBy(() => makeLasting(path, join(folder, 'a')))).toEqual(at('a/b', 'a', ''))
    expect(await syncedBy(() => makeLasting(path, join(folder, 'a')))).toEqual([])
    mkdirSync(join(folder, 'others', 'd'), { recursive: true })
    expect(await syncedBy(() => makeLasting(join(folder, 'others', 'd'), join(folder, 'others')))).toEqual(at('others'))
    // removed, and made again
    rmSync(join(folder, 'a', 'b'), { recursive: true })
    expect(await syncedBy(() => makeLasting(path, join(folder, 'a')))).toEqual(at('a/b', 'a'))
    rmSync(join(folder, 'a', 'b', 'c'), { recursive: true })
    mkdirSync(path)
    expect(await syncedBy(() => makeLasting(path, join(folder, 'a')))).toEqual(at('a/b'))
  })
})

describe('writeFileAtomic', () => {
  it('brings the file and the names of the folders that it makes to the disk', async () => {
    const path = join(folder, 'x', 'y', 'file')
    const synced = await syncedBy(() => writeFileAtomic(path, 'one'))
    expect(synced.map((s) => s.replace(/\.file\..*/, '…'))).toEqual([join(folder, 'x'), folder, join(folder, 'x', 'y', '…'), join(folder, 'x', 'y')]) // biome-ignore format: one line
  })

  it('writes whole files, makes folders and leaves nothing else', async () => {
    const path = join(folder, 'a', 'b', 'file')
    await writeFileAtomic(path, 'one')
    await writeFileAtomic(path, Buffer.from('two'))
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file'])
  })

  it('leaves what was there when it fails', async () => {
    const path = join(folder, 'file')
    mkdirSync(path)
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow()
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('readIfThere tells a missing file from an unreadable one', async () => {
    expect(await readIfThere(join(folder, 'none'))).toBeUndefined()
    await expect(readIfThere(folder)).rejects.toThrow()
  })
})

describe('temporary folders', () => {
  it('go with their process; others stay', () => {
    const root = join(folder, 'tmp')
    const leave = (token: string) => {
      const path = join(root, `${encodeURIComponent(token)} 1`)
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'file'), '')
      return path
    }
    const [ofDead, ofStranger, ofMine] = [leave(dead()), leave('elsewhere/1:1:1'), leave(ownToken())]
    const temp = openTempFolder(root)
    expect([ofDead, ofStranger, ofMine].map((path) => existsSync(path))).toEqual([false, true, true])
    writeFileSync(temp.file('.txt'), '')
    expect(readdirSync(temp.path).length).toBe(1)
    temp.close()
    expect(existsSync(temp.path)).toBe(false)
  })
})

describe('locks', () => {
  it('are held by one, and free again after', async () => {
    const release = tryLock(folder)
    expect(release).toBeDefined()
    expect(holder(folder)).toBe(ownToken())
    expect(tryLock(folder)).toBeUndefined()
    await expect(takeLock(folder, 20)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    release?.()
    expect(holder(folder)).toBeUndefined()
    tryLock(folder)?.()
    expect(readdirSync(folder)).toEqual(['2'])
  })

  it('of dead processes are free', () => {
    writeFileSync(join(folder, '7'), dead())
    expect(tryLock(folder)).toBeDefined()
    expect(readdirSync(folder)).toEqual(['8'])
  })

  it('are free where a file has a number that is too large, or is written otherwise', () => {
    for (const name of ['99999999999999999999', '012', '0']) writeFileSync(join(folder, name), ownToken())
    expect(holder(folder)).toBeUndefined()
    expect(tryLock(folder)).toBeDefined()
    expect(holder(folder)).toBe(ownToken())
  })

  it('end by an error, not by waiting, where no number comes next', async () => {
    writeFileSync(join(folder, '999999999999999'), '')
    await expect(takeLock(folder, 10)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })

  it('can be released after their folder is gone; one never taken has no holder', () => {
    const inner = join(folder, 'lock')
    expect(holder(inner)).toBeUndefined()
    const release = tryLock(inner)
    rmSync(inner, { recursive: true })
    expect(release).not.toThrow()
  })

  it('let one through at a time', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      const release = await takeLock(folder, 10_000)
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 1))
      inside--
      release()
    }
    await Promise.all(Array.from({ length: 30 }, work))
    expect(most).toBe(1)
  })
})

describe('removeFreeLocks', () => {
  it('removes locks that nobody holds or took of late; one that is removed meanwhile can be taken again', () => {
    const at = (name: string) => join(folder, 'locks', name)
    let files = 0
    const away = () => join(folder, `away-${files++}`)
    const old = (name: string) => utimesSync(at(name), new Date(), new Date(Date.now() - 7_200_000))
    tryLock(at('left'))?.()
    tryLock(at('young'))?.()
    const release = tryLock(at('held'))
    for (const name of ['left', 'held']) old(name)
    expect(removeFreeLocks(join(folder, 'locks'), 3_600_000, away)).toBe(1)
    expect(readdirSync(join(folder, 'locks')).sort()).toEqual(['held', 'young'])
    expect(readdirSync(folder)).toEqual(['locks'])
    expect(tryLock(at('held'))).toBeUndefined()
    release?.()
    expect(tryLock(at('left'))).toBeDefined()
    expect(removeFreeLocks(join(folder, 'none'), 0, away)).toBe(0)
  })
})
