import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { GalleyError } from '../../../base/errors.ts'
import { resolveSecret } from '../../../base/secrets.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { createLedger } from '../../../engines/ledger.ts'
import { folder as folderOf } from '../folder.ts'
import { parquet } from '../parquet.ts'
import { snapshotContext } from '../testing/context.ts'
import { guarded, MEMORY, never, specOf } from '../testing/guarded.ts'
import { parquetSaying } from '../testing/hostile.ts'
import { openedProcesses, peakOf } from '../testing/processes.ts'

const g = guarded()

test('a process that is killed in the middle is one error, and the next file is opened', async () => {
  const path = g.put('big.csv', `n\n${'1\n'.repeat(2e6)}x\n`)
  const loading = g.load(path, 'csv').catch((e: GalleyError) => e)
  while (openedProcesses(g.folder).length === 0) await sleep(5)
  await sleep(300)
  for (const pid of openedProcesses(g.folder)) process.kill(pid, 'SIGKILL')
  expect(await loading).toMatchObject({ code: 'SOURCE_HOSTILE', why: expect.stringContaining('SIGKILL') })
  expect(await g.load(g.put('n.csv', 'n\n1\n'), 'csv')).toMatchObject({ rows: 1 })
})

test('one that only waits is ended, one that is cancelled at once', async () => {
  g.limits = { memoryMiB: MEMORY, cpuSeconds: 15, seconds: 2 }
  const pipe = g.put('stopped.csv', `n\n${'1\n'.repeat(2e6)}`)
  const waiting = g.load(pipe, 'csv').catch((e: GalleyError) => e)
  // one of the test before may be about to go while this one's begins
  const stop = setInterval(() => {
    for (const pid of openedProcesses(g.folder))
      try {
        process.kill(pid, 'SIGSTOP')
      } catch {
        // gone meanwhile
      }
  }, 2)
  const ended = await waiting
  clearInterval(stop)
  expect(ended).toMatchObject({ code: 'SOURCE_HOSTILE', why: expect.stringContaining('not done after 2 s') })
  g.limits = { ...g.limits, seconds: 20 }
  const controller = new AbortController()
  const ctx = g.context({ signal: controller.signal })
  const cancelled = g.guard.snapshot('csv', specOf('csv', pipe, { n: 'int64' }), pipe, ctx).catch((e: GalleyError) => e)
  while (openedProcesses(g.folder).length === 0) await sleep(1)
  const began = performance.now()
  controller.abort()
  expect(await cancelled).toMatchObject({ code: 'CANCELLED' })
  expect(performance.now() - began).toBeLessThan(2000)
  expect(openedProcesses(g.folder)).toEqual([])
})

test('a hostile file of a folder is set aside, and the others are read', async () => {
  const { connector } = await import('../index.ts')
  mkdirSync(join(g.folder, 'in'))
  for (const i of [1, 2, 3]) g.put(`in/${i}.parquet`, parquetSaying(i === 2 ? { depth: 100_000 } : {}))
  const engine = createDuckdbEngine({ memoryMiB: 300, temp: join(g.folder, 'own') })
  const { scope, signal } = g.context()
  const pattern = join(g.folder, 'in', '*.parquet')
  const spec = folderOf(pattern, parquet, { n: 'int64' }, { settle: 0, brokenFiles: 'quarantine' })
  try {
    const read = await engine.session({ scope, signal, ledger: createLedger() }, async (query) => {
      const source = await connector('folder')
      const parts = []
      for await (const part of source.parts?.(spec, pattern, g.context()) ?? []) parts.push(part)
      return source.snapshot(spec, pattern, snapshotContext(query, g.folder, { guard: g.guard, parts }))
    })
    expect(read).toMatchObject({ rows: 2 })
    expect(Object.values(read.rejected)).toEqual([1])
  } finally {
    await engine.close()
  }
})

test('it has no network, no rights to write elsewhere, and nothing of the environment', async () => {
  const { command, NOBODY } = await import('./launch.ts')
  const path = g.put('n.csv', 'n\n1\n')
  const { confined } = command(path, MEMORY, 10)
  // that of the test before may be about to go
  await expect.poll(() => openedProcesses(g.folder), { timeout: 10_000 }).toEqual([])
  const inside = g.load(g.put('big.csv', `n\n${'1\n'.repeat(2e6)}`), 'csv').catch(() => undefined)
  while (openedProcesses(g.folder).length === 0) await sleep(5)
  const [pid] = openedProcesses(g.folder)
  const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8')
  // what confines it runs before it, in the same process: one program after the other
  await expect.poll(() => read('cmdline').split('\0')[0], { interval: 2, timeout: 10_000 }).toBe(process.execPath)
  expect(read('environ').replaceAll('\0', '')).toBe('')
  expect(/NoNewPrivs:\s+1/.test(read('status'))).toBe(confined.includes('no new rights'))
  if (confined.includes('no network')) expect(read('net/dev').trim().split('\n')).toHaveLength(3) // two of heading, and loopback
  if (confined.includes('another user')) {
    expect(read('status')).toMatch(new RegExp(`Uid:\\s+${NOBODY}\\s`))
    // none, or to read: the folder of this test is closed to others
    expect(read('status')).toMatch(/CapEff:\s+0+[04]\n/)
  }
  await inside
})

test('it ends with the process that began it', async () => {
  const path = join(g.folder, 'r.sqlite')
  const db = new DatabaseSync(path)
  db.exec('CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r')
  db.close()
  const script = new URL('../testing/opened.ts', import.meta.url).pathname
  const spec = JSON.stringify(specOf('sqlite', path, { n: 'int64' }, { from: 'v' }))
  const parent = spawn(process.execPath, ['--no-warnings', script, spec, path, g.folder], { stdio: 'ignore' })
  while (openedProcesses(g.folder).length === 0) await sleep(20)
  await sleep(500)
  parent.kill('SIGKILL')
  await expect.poll(() => openedProcesses(g.folder), { timeout: 5000 }).toEqual([])
})

test('what is read comes out as it would without a guard, whatever the folders allow', async () => {
  const inner = join(g.folder, 'closed')
  mkdirSync(inner)
  const path = join(inner, 'closed.csv')
  writeFileSync(path, 'n,t\n1,a\n2,b\n')
  chmodSync(path, 0o600)
  chmodSync(inner, 0o700)
  const read = await g.load(path, 'csv', { n: 'int64', t: 'string' })
  expect(read).toMatchObject({ rows: 2, rejected: {}, encoding: 'UTF-8' })
  expect(statSync(read.files[0] as string).uid).toBe(process.getuid?.())
  const ctx = { ...g.context({ inPlace: true }), guard: g.guard }
  const placed = await g.guard.snapshot('csv', specOf('csv', path, { n: 'int64' }), path, ctx)
  expect(placed).toMatchObject({ files: [path], from: { kind: 'csv', file: path } })
  const about = { signal: ctx.signal, query: never, secret: resolveSecret, temp: async () => join(g.folder, 'x') }
  expect(await g.guard.discover('csv', path, 10, about)).toMatchObject({
    rows: 2,
    columns: [{ name: 'n' }, { name: 't' }],
  })
  // a mistake in the recipe is no hostile file: the same process goes on
  const before = openedProcesses(g.folder)
  await expect(g.load(path, 'csv', { m: 'int64' })).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' })
  await g.load(path, 'csv')
  expect(openedProcesses(g.folder)).toEqual(before)
})

test('a sound file of many columns is looked at in little memory', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`)
  const cells = ['1', '1.5', '2026-01-31', 'a', '']
  const line = (r: number) => names.map((_, i) => cells[(r + i) % cells.length]).join()
  const path = g.put('wide.csv', [names.join(), ...Array.from({ length: 3000 }, (_, r) => line(r))].join('\n'))
  const peak = peakOf(g.folder)
  const about = {
    signal: g.context().signal,
    query: never,
    secret: resolveSecret,
    temp: async () => join(g.folder, 'x'),
  }
  const found = await g.guard.discover('csv', path, 10_000, about)
  expect(found.columns.map((c) => [c.name, c.values])).toEqual(names.map((name) => [name, 2400]))
  expect(peak()).toBeLessThan(400 * 2 ** 20)
}, 60_000)
