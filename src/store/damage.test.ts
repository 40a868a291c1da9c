import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAppendLog, readAppendLog } from './log/appendlog.ts'
import { openStore } from './store.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'galley-damage-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const at = (...path: string[]) => join(home, ...path)
const opens = async () => (await openStore({ home })).close()
/** Puts a file, or a folder, in the place of what is there. */
function file(path: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, 'x')
}
function folder(path: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
}

describe('a damaged data folder', () => {
  it.each([
    ['VERSION is a folder', () => folder(at('VERSION')), 'STORE_CORRUPT'],
    ['postgres/data is a file', () => file(at('postgres', 'data')), 'STORE_CORRUPT'],
    ['postgres/data is half there', () => file(at('postgres', 'data', 'base')), 'STORE_CORRUPT'],
    ['postgres/users is a file', () => file(at('postgres', 'users')), 'STORE_CORRUPT'],
    ['postgres/lock is a file', () => file(at('postgres', 'lock')), 'STORE_CORRUPT'],
    ['a number of the lock is a folder', () => folder(at('postgres', 'lock', '7')), 'STORE_CORRUPT'],
    ['tmp/.lock is a file', () => file(at('tmp', '.lock')), 'CONFIG_INVALID'],
    ['postgres is a file', () => file(at('postgres')), 'CONFIG_INVALID'],
  ])('where %s is told, with a fix', async (_what, damage, code) => {
    damage()
    await expect(openStore({ home })).rejects.toMatchObject({ code, fix: expect.stringMatching(/.+/) })
  })

  it('with names that are none of ours in it is opened', async () => {
    for (const where of ['tmp', 'postgres/users', 'postgres/lock']) mkdirSync(at(where), { recursive: true })
    mkdirSync(at('tmp', '%ZZ bad'))
    writeFileSync(at('postgres', 'users', '%ZZ bad'), '')
    mkdirSync(at('postgres', 'users', '%ZZ folder'))
    for (const name of ['99999999999999999999', '007', '0']) writeFileSync(at('postgres', 'lock', name), '')
    await opens()
  })
})

describe('a lost database', () => {
  it('is not replaced by an empty one while there are files that it describes', async () => {
    const store = await openStore({ home })
    const scope = { workspace: (await store.workspaces.ensure('default')).id, caller: 'test' }
    await store.blobs.put(scope, 'x')
    await store.close()
    renameSync(at('postgres'), at('away'))
    await expect(openStore({ home })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      what: expect.stringContaining('is gone'),
      fix: expect.stringContaining(at('blobs')),
    })
    expect(existsSync(at('postgres', 'data'))).toBe(false)
    rmSync(at('postgres'), { recursive: true })
    renameSync(at('away'), at('postgres'))
    await opens()
    rmSync(at('postgres'), { recursive: true })
    rmSync(at('blobs'), { recursive: true })
    await opens()
  })

  it('was none where making the first one was cut short', async () => {
    mkdirSync(at('postgres', '.data-12345678', 'base'), { recursive: true })
    mkdirSync(at('postgres', 'data'))
    mkdirSync(at('blobs', 'w', 'ab'), { recursive: true })
    mkdirSync(at('datasets', 'w'), { recursive: true })
    await opens()
  })
})

describe('a pid file that a killed server left', () => {
  it.runIf(process.platform === 'linux')('names no server of another data folder', { timeout: 30_000 }, async () => {
    await opens()
    const pidFile = at('postgres', 'data', 'postmaster.pid')
    const elsewhere = mkdtempSync(join(tmpdir(), 'galley-damage-'))
    const other = await openStore({ home: elsewhere })
    try {
      const lines = readFileSync(join(elsewhere, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')
      for (const place of [at('postgres', 'data'), lines[1]]) {
        writeFileSync(pidFile, [lines[0], place, ...lines.slice(2)].join('\n'))
        const began = performance.now()
        const store = await openStore({ home })
        expect(performance.now() - began).toBeLessThan(10_000)
        expect(store.serverPid()).not.toBe(other.serverPid())
        await store.close()
        expect(other.serverPid()).toBe(Number(lines[0]))
        await other.workspaces.ensure('still-there')
      }
    } finally {
      await other.close()
      rmSync(elsewhere, { recursive: true, force: true })
    }
  })
})

describe('a damaged log', () => {
  const log = () => at('feed')
  const both = async (why: RegExp) => {
    const told = { code: 'STORE_CORRUPT', why: expect.stringMatching(why), fix: expect.stringMatching(/.+/) }
    await expect(openAppendLog(log())).rejects.toMatchObject(told)
    await expect(readAppendLog(log())[Symbol.asyncIterator]().next()).rejects.toMatchObject(told)
  }
  it('whose segment is a folder is told, read or written', async () => {
    folder(join(log(), '0000000000000000.log'))
    await both(/EISDIR/)
  })
  it('that is a file is told, read or written', async () => {
    file(log())
    await both(/EEXIST|ENOTDIR/)
  })
  it('whose lock is a file is told', async () => {
    file(join(log(), 'lock'))
    await expect(openAppendLog(log())).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      what: expect.stringContaining('lock'),
    })
  })
})
