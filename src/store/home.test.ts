import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openHome } from './home.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'galley-home-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refused = async (home: string, why: string) => {
  const error = await openHome(home).catch((e: unknown) => e)
  expect(error).toMatchObject({
    code: 'CONFIG_INVALID',
    what: `${home} can't be the data folder`,
    why: expect.stringContaining(why),
    fix: expect.stringContaining('GALLEY_HOME'),
  })
}

test('a file can not be the data folder, nor lie on the way to it or in it', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await refused(file, 'is a file')
  await refused(join(file, 'home'), 'is a file')
  const home = join(folder, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'blobs'), '')
  await refused(home, 'is a file')
})

test('a folder that can not be written to is refused by name, new or in use', async () => {
  const root = process.getuid?.() === 0
  const home = join(folder, 'home')
  mkdirSync(home)
  // root writes where no one else may, but not to what is mounted read-only
  const lock = () => (root ? execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', home]) : chmodSync(home, 0o555))
  const unlock = () => (root ? execFileSync('umount', ['-l', home]) : chmodSync(home, 0o755))
  lock()
  try {
    await refused(home, root ? 'read-only' : 'may not write')
    await refused(join(home, 'inner'), root ? 'read-only' : 'may not write')
  } finally {
    unlock()
  }
})

test('a folder that lost its VERSION is opened, and has it again', async () => {
  const home = join(folder, 'home')
  const first = await openHome(home)
  first.tmp.close()
  rmSync(join(home, 'VERSION'))
  writeFileSync(join(home, 'blobs', 'kept'), 'x')
  const again = await openHome(home)
  again.tmp.close()
  expect(readFileSync(join(home, 'VERSION'), 'utf8')).toBe('1\n')
  expect(readFileSync(join(home, 'blobs', 'kept'), 'utf8')).toBe('x')
})
