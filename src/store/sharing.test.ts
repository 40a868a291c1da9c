import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAppendLog } from './log/appendlog.ts'
import { openStore, type Store } from './store.ts'

const WRITER = fileURLToPath(new URL('./testing/writer.ts', import.meta.url))

let home: string
let opened: Store[]
let children: ChildProcess[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'galley-share-'))
  opened = []
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  for (const store of opened) await store.close()
  rmSync(home, { recursive: true, force: true })
})

async function open(): Promise<Store> {
  const store = await openStore({ home })
  opened.push(store)
  return store
}

const scopeOf = async (store: Store) => ({ workspace: (await store.workspaces.ensure('default')).id, caller: 'test' })

const alive = (pid: number | undefined) => {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

async function until(what: () => boolean, ms = 10_000): Promise<void> {
  for (let waited = 0; !what(); waited += 10) {
    if (waited > ms) throw new Error(`waited ${ms} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

interface Writer {
  readonly child: ChildProcess
  /** The lines of what was acknowledged. */
  readonly said: string[]
  readonly errors: string[]
  readonly log: string
}

function startWriter(name: string): Writer {
  const log = join(home, 'logs', name)
  const child = spawn(process.execPath, [WRITER, home, log], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const writer: Writer = { child, said: [], errors: [], log }
  let rest = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    writer.said.push(...lines)
  })
  child.stderr?.on('data', (chunk: Buffer) => void writer.errors.push(chunk.toString()))
  return writer
}

async function killWriter(writer: Writer): Promise<void> {
  const ended = new Promise((resolve) => writer.child.once('close', resolve))
  writer.child.kill('SIGKILL')
  await ended
}

/** Looks up all that the writer was told is kept; answers how much that was. */
async function expectKept(store: Store, { said, log }: Writer): Promise<number> {
  const scope = await scopeOf(store)
  const records = new Set<number>()
  for await (const { offset } of readAppendLog(log)) records.add(offset)
  const lost: string[] = []
  for (const line of said) {
    const [noun, what = ''] = line.split(' ')
    const kept = {
      run: () => store.runs.get(scope, Number(what)),
      dataset: () => store.datasets.get(scope, 'd', Number(what)),
      blob: () => store.blobs.verify(scope, what),
      log: async () => records.has(Number(what)) || Promise.reject(new Error('not in the log')),
      failed: () => Promise.reject(new Error(line)),
    }[noun ?? '']
    await kept?.().catch((error: Error) => lost.push(`${line}: ${error.message}`))
  }
  expect(lost).toEqual([])
  return said.length
}

describe('one data folder, several processes', () => {
  it('share one server; the last to leave stops it', async () => {
    const [a, b] = await Promise.all([open(), open()])
    const pid = a.serverPid()
    expect(b.serverPid()).toBe(pid)
    const writer = startWriter('w')
    await until(() => writer.said.length > 50)
    expect(a.serverPid()).toBe(pid)
    const scope = await scopeOf(a)
    const number = Number(writer.said.find((line) => line.startsWith('run '))?.slice(4))
    expect((await a.runs.get(scope, number)).number).toBe(number)
    await a.close()
    expect(alive(pid)).toBe(true)
    await b.close()
    expect(alive(pid)).toBe(true) // the writer is still there
    await killWriter(writer)
    const c = await open()
    expect(c.serverPid()).toBe(pid) // adopted
    await c.close()
    await until(() => !alive(pid))
    expect(readdirSync(join(home, 'postgres', 'users'))).toEqual([])
  })

  it('start at once on a new folder', async () => {
    const writers = Array.from({ length: 3 }, (_, i) => startWriter(`w${i}`))
    await until(() => writers.every((writer) => writer.said.length > 20), 20_000)
    for (const writer of writers) await killWriter(writer)
    const store = await open()
    for (const writer of writers) await expectKept(store, writer)
    expect(writers.map((writer) => writer.errors)).toEqual([[], [], []])
  })

  it('find the runs that a killed process left, and the temporary files are gone', async () => {
    const store = await open()
    const writer = startWriter('w')
    await until(() => writer.said.some((line) => line.startsWith('run ')))
    expect(readdirSync(join(home, 'tmp')).filter((name) => !name.startsWith('.')).length).toBe(2)
    await killWriter(writer)
    const scope = await scopeOf(store)
    const abandoned = await store.runs.abandoned(scope)
    expect(abandoned.length).toBeGreaterThanOrEqual(writer.said.filter((line) => line.startsWith('run ')).length)
    const [first] = abandoned
    if (!first) throw new Error('nothing was abandoned')
    const adopted = await store.runs.adopt(scope, first)
    expect((await store.runs.abandoned(scope)).map((run) => run.id)).not.toContain(adopted.id)
    const next = await open()
    expect(readdirSync(join(home, 'tmp')).filter((name) => !name.startsWith('.')).length).toBe(2)
    expect(existsSync(next.home.tmp.path)).toBe(true)
  })
})

describe('kill -9', () => {
  it('of writers loses nothing acknowledged', { timeout: 60_000 }, async () => {
    let acknowledged = 0
    for (let round = 0; round < 5; round++) {
      const writer = startWriter('w')
      await until(() => writer.said.length > 30 + round * 40)
      await killWriter(writer)
      const store = await open()
      acknowledged += await expectKept(store, writer)
      await store.close()
    }
    expect(acknowledged).toBeGreaterThan(400)
  })

  it('of the server under writers loses nothing acknowledged, and they go on', { timeout: 60_000 }, async () => {
    const store = await open()
    const writer = startWriter('w')
    const scope = await scopeOf(store)
    for (let round = 0; round < 3; round++) {
      const before = writer.said.filter((line) => line.startsWith('run ')).length
      await until(() => writer.said.filter((line) => line.startsWith('run ')).length > before + 20, 20_000)
      const pid = store.serverPid()
      if (pid) process.kill(pid, 'SIGKILL')
      await until(() => !alive(pid))
      // reads are tried again by themselves
      expect((await store.runs.list(scope, { limit: 1 })).items.length).toBe(1)
      expect(store.serverPid()).not.toBe(pid)
    }
    await killWriter(writer)
    expect(await expectKept(store, writer)).toBeGreaterThan(100)
  })
})

describe('a data folder', () => {
  it('of a newer release is refused, by name', async () => {
    await (await open()).close()
    writeFileSync(join(home, 'VERSION'), '2\n')
    await expect(open()).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER', details: { found: 2, known: 1 } })
    writeFileSync(join(home, 'VERSION'), 'two')
    await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })

  it('holds only what the contract names', async () => {
    await (await open()).close()
    expect(readdirSync(home).sort()).toEqual(['VERSION', 'blobs', 'datasets', 'logs', 'postgres', 'tmp'])
    expect(readFileSync(join(home, 'VERSION'), 'utf8')).toBe('1\n')
  })

  it('with a pid file that names another process starts all the same', async () => {
    await (await open()).close()
    writeFileSync(join(home, 'postgres', 'data', 'postmaster.pid'), `${process.pid}\n/x\n1\n5432\n/x\n\n  1 1\n`)
    await open()
  })

  it('may lie deep, and its path may hold spaces', async () => {
    home = join(home, 'a folder '.repeat(12), '한글')
    const store = await open()
    const scope = await scopeOf(store)
    expect((await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })).number).toBe(1)
  })
})
