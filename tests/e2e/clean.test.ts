import { appendFileSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { csv, folder as files, recipe, sqlite } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import { ended, start } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const go = async (r: ReturnType<typeof recipe>) =>
  run(w.galley.ware, await w.galley.scope(), r, { folder: w.folder, signal, on: () => {} })
const clean = (days = 0, dryRun = false) => w.client.runs.clean({ body: { days, dryRun } })
const foldersOf = async (step: string): Promise<string[]> => {
  const root = join(w.galley.store.home.datasets, (await w.galley.scope()).workspace, `_${step}`)
  return existsSync(root) ? readdirSync(root) : []
}

const COLUMNS = { id: 'int64', day: 'string' } as const

test('tables and copies that newer ones have replaced go; the newest stay, and the recipe goes on from them', async () => {
  const file = join(w.folder, 'days.csv')
  const made = recipe('cleaned', (k) => {
    const t = k.step(
      'table',
      k.source('lines', csv(file, COLUMNS, { broken: 'skip' })).filter((r) => r.id.gt(0)),
    )
    k.dataset(
      'cleaned',
      t.reject((r) => r.id.gt(100), 'large'),
      { write: 'append' },
    )
    k.dataset('again', t)
  })
  for (let day = 1; day <= 4; day++) {
    writeFileSync(file, `id,day\n${day},d\nx,d\n${100 + day},d\n`)
    await go(made)
  }
  const [tables, sources] = [await foldersOf('table'), await foldersOf('lines')]
  expect([tables.length, sources.length]).toEqual([4, 4])
  const would = await clean(0, true)
  expect(would.folders.map((f) => f.path.split('/')[0]).sort()).toEqual(['_lines', '_lines', '_lines', '_table', '_table', '_table']) // biome-ignore format: one line
  // what is of these days stays
  expect((await clean(1)).folders).toEqual([])
  expect(await foldersOf('table')).toEqual(tables)
  const done = await clean()
  expect(done).toMatchObject({ folders: would.folders, bytes: would.bytes })
  expect(done.outputs).toBeGreaterThanOrEqual(6)
  expect([(await foldersOf('table')).length, (await foldersOf('lines')).length]).toEqual([1, 1])
  expect((await clean()).folders).toEqual([])
  // versions and their rows set aside are whole, and nothing is computed again
  for (let v = 1; v <= 4; v++) expect(await w.rows(`cleaned@${v}`)).toHaveLength(v)
  expect((await w.client.datasets.scrub({ body: {} })).damaged).toEqual([])
  expect((await go(made)).cached.length).toBeGreaterThanOrEqual(3)
  // an older state of the file is read anew
  writeFileSync(file, 'id,day\n2,d\nx,d\n102,d\n')
  await go(made)
  expect(await w.rows('again')).toEqual(['2,d', '102,d'])
})

test('what was read by and by is never lost: pieces stay, and how far they go', async () => {
  mkdirSync(join(w.folder, 'in'))
  const { DatabaseSync } = await import('node:sqlite')
  const path = join(w.folder, 'log.sqlite')
  const db = new DatabaseSync(path)
  db.exec('CREATE TABLE t (id INTEGER, day TEXT)')
  const made = recipe('by-and-by', (k) => {
    k.dataset('logged', k.source('log', sqlite(path, 't', COLUMNS, { cursor: 'id' })))
    k.dataset('filed', k.source('files', files(join(w.folder, 'in', '*.csv'), csv, COLUMNS, { settle: 0 })))
  })
  for (let day = 1; day <= 3; day++) {
    // what was read goes away at its source
    db.exec(`DELETE FROM t; INSERT INTO t VALUES (${day}, 'd')`)
    writeFileSync(join(w.folder, 'in', `${day}.csv`), `id,day\n${day},d\n`)
    await go(made)
    await clean()
  }
  expect(await w.rows('logged')).toEqual(['1,d', '2,d', '3,d'])
  expect((await w.rows('filed')).sort()).toEqual(['1,d', '2,d', '3,d'])
  appendFileSync(join(w.folder, 'in', '3.csv'), '4,d\n')
  const { outputs } = await go(made)
  expect((outputs.get('files') as SourceOutput).stood).toEqual([2, 4])
  expect((outputs.get('log') as SourceOutput).rows).toBe(3)
  db.close()
})

test('nothing is removed while a run is under way', async () => {
  const scope = await w.galley.scope()
  const r = await w.galley.store.runs.start(scope, { recipe: 'r', recipeHash: 'h', recipeJson: {} })
  await expect(clean()).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await w.galley.store.runs.finish(scope, r.id, { status: 'done' })
  // the piece of the file that changed was replaced by another
  expect((await clean()).folders.map((f) => f.path)).toEqual([expect.stringMatching(/^_files\//)])
  expect((await w.rows('filed')).sort()).toEqual(['1,d', '2,d', '3,d', '4,d'])
})

test('what a killed writer left of a dataset goes a day later; what versions use stays', async () => {
  const root = join(w.galley.store.home.datasets, (await w.galley.scope()).workspace)
  const left = (name: string, id: string, hours: number) => {
    const folder = join(root, name, id)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'data.parquet'), 'cut')
    utimesSync(folder, new Date(), new Date(Date.now() - hours * 3_600_000))
  }
  left('filed', 'old', 25)
  left('filed', 'young', 1)
  left('never-published', 'old', 25)
  const would = (await clean(0, true)).folders.map((f) => [f.path, f.bytes])
  expect(would).toEqual(expect.arrayContaining([['filed/old', 3], ['never-published/old', 3]])) // biome-ignore format: one line
  expect((await clean()).folders.map((f) => [f.path, f.bytes])).toEqual(would)
  expect(readdirSync(join(root, 'filed'))).not.toContain('old')
  expect(readdirSync(join(root, 'filed'))).toContain('young')
  expect(readdirSync(join(root, 'never-published'))).toEqual([])
  expect((await w.client.datasets.scrub({ body: {} })).damaged).toEqual([])
  expect((await w.rows('filed')).sort()).toContain('1,d')
})

test('days are whole numbers from 0 on, and what is none is refused in words', async () => {
  const home = join(w.folder, 'empty-home')
  for (const days of ['-1', '1.5', 'x', '', '36501', '1e3'])
    expect(await ended(start(home, ['clean', `--days=${days}`]))).toMatchObject({
      code: 2,
      err: expect.stringContaining('give a whole number of days from 0 (keep only what something needs) to 36,500'),
    })
  expect(existsSync(home)).toBe(false)
  expect(await ended(start(home, ['clean', '--days', '0']))).toMatchObject({ code: 0, out: expect.stringContaining('0 folders') }) // biome-ignore format: one line
}, 60_000)

test(
  `killed ${KILLS} times while it cleans, everything that is needed is whole`,
  async () => {
    const file = join(w.folder, 'many.csv')
    const made = recipe('many', (k) => {
      const t = k.step(
        'many-table',
        k.source('many-lines', csv(file, COLUMNS)).filter((r) => r.id.gt(0)),
      )
      k.dataset('many', t, { write: 'append' })
      k.dataset('many-too', t)
    })
    let [day, alive] = [0, 0]
    for (let kill = 0; kill < KILLS; kill++) {
      for (let i = 0; i < 3; i++) {
        writeFileSync(file, `id,day\n${++day},d\n`)
        await go(made)
      }
      const left = async () => (await foldersOf('many-table')).length + (await foldersOf('many-lines')).length
      const before = await left()
      const child = start(w.home, ['clean', '--days', '0'])
      const gone = ended(child)
      // it has begun to remove folders; it may have ended by itself before it is killed
      while (child.exitCode === null && (await left()) === before) await sleep(1)
      await sleep((kill * 7) % 40)
      if (child.kill('SIGKILL')) alive++
      await gone
      expect(await w.rows('many')).toHaveLength(day)
      expect((await w.client.datasets.scrub({ body: {} })).damaged).toEqual([])
    }
    expect(alive).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2))
    await clean()
    expect(await foldersOf('many-table')).toHaveLength(1)
    expect((await go(made)).cached.length).toBeGreaterThanOrEqual(3)
  },
  60_000 + KILLS * 30_000,
)
