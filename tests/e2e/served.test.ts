import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { type Ended, ended, galley, start } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-served-'))
const home = join(folder, 'home')
const other = join(folder, 'other')
const fileOf = (of: string) => join(of, 'server.json')
const children: ChildProcess[] = []

interface Server {
  readonly child: ChildProcess
  readonly ends: Promise<Ended>
}

/** A server on the folder, once it has said where it is. */
async function up(of: string): Promise<Server> {
  const child = start(of, ['up', '--port', '0'])
  children.push(child)
  const ends = ended(child)
  const told = () => existsSync(fileOf(of)) && readFileSync(fileOf(of), 'utf8').includes(`"pid":${child.pid}`)
  for (let waited = 0; !told(); waited += 50) {
    if (waited > 20_000 || child.exitCode !== null) throw new Error('it does not serve')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { child, ends }
}

/** Each folder has runs of a recipe of its own name. */
async function withRun(of: string, recipe: string): Promise<void> {
  const store = await openStore({ home: of })
  const scope = { workspace: (await store.workspaces.ensure('default')).id, caller: 'test' }
  await store.runs.start(scope, { recipe, recipeHash: 'h' })
  await store.close()
}

let first: Server
let elsewhere: Server
beforeAll(async () => {
  await withRun(home, 'of-home')
  await withRun(other, 'of-other')
  first = await up(home)
  elsewhere = await up(other)
}, 60_000)
afterAll(async () => {
  for (const child of children) child.kill('SIGCONT')
  for (const child of children) child.kill('SIGTERM')
  await Promise.all([first?.ends, elsewhere?.ends])
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

test('a data folder has one server, also while that one is too busy to answer', { timeout: 60_000 }, async () => {
  const before = readFileSync(fileOf(home), 'utf8')
  first.child.kill('SIGSTOP')
  const second = await galley(home, 'up', '--port', '0')
  const asked = galley(home, 'runs', 'ls')
  await new Promise((resolve) => setTimeout(resolve, 3000))
  first.child.kill('SIGCONT')
  expect([second.code, second.err]).toEqual([1, expect.stringContaining('STORE_CONFLICT: this data folder is served')])
  expect(second.err).toContain(`process ${first.child.pid} serves it at http://127.0.0.1:`)
  expect((await asked).out).toContain('of-home')
  expect(readFileSync(fileOf(home), 'utf8')).toBe(before)
})

test('a server that lives and does not answer is told, with its process', { timeout: 60_000 }, async () => {
  first.child.kill('SIGSTOP')
  const { code, err } = await galley(home, 'runs', 'ls')
  first.child.kill('SIGCONT')
  expect([code, err]).toEqual([4, expect.stringContaining(`process ${first.child.pid} serves ${home}`)])
})

test('a server.json that is damaged, or speaks of another folder, counts as none', { timeout: 60_000 }, async () => {
  const own = readFileSync(fileOf(home), 'utf8')
  const strange = readFileSync(fileOf(other), 'utf8')
  const { url } = JSON.parse(strange) as { url: string }
  const { server, folder: place } = JSON.parse(own) as { server: string; folder: string }
  for (const text of [
    '{"url":"http://127',
    'null',
    '{}',
    strange,
    JSON.stringify({ url, pid: process.pid }),
    JSON.stringify({ url, pid: process.pid, server, folder: `${place}0` }),
  ]) {
    writeFileSync(fileOf(home), text)
    const { code, out, err } = await galley(home, 'runs', 'ls')
    expect([text, code, err]).toEqual([text, 0, ''])
    expect(out).toContain('of-home')
  }
  writeFileSync(fileOf(home), own)
})

test('a server takes back its own address, and no other', { timeout: 60_000 }, async () => {
  writeFileSync(fileOf(home), '{"what":"of someone else"}')
  first.child.kill('SIGTERM')
  expect((await first.ends).code).toBe(0)
  expect(existsSync(fileOf(home))).toBe(true)
  first = await up(home)
  first.child.kill('SIGTERM')
  await first.ends
  expect(existsSync(fileOf(home))).toBe(false)
})

test('a server whose address can not be written ends, and says why', { timeout: 60_000 }, async () => {
  mkdirSync(fileOf(home))
  const { code, err } = await galley(home, 'up', '--port', '0')
  rmSync(fileOf(home), { recursive: true })
  expect([code, err]).toEqual([1, expect.stringContaining(`STORE_CORRUPT: ${fileOf(home)} could not be written`)])
})

test('after kill -9 of a server the folder is served again', { timeout: 60_000 }, async () => {
  elsewhere.child.kill('SIGKILL')
  await elsewhere.ends
  expect((await galley(other, 'runs', 'ls')).out).toContain('of-other')
  elsewhere = await up(other)
})
