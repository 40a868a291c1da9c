import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { byTime, csv, logistic, push, sqlite } from '../../src/index.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import { branchOf, diffOf, filesIn, inWorkspace, recipeOf, recordOf } from './branching.ts'
import { galley as command } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const COLUMNS = { id: 'int64', at: 'local timestamp', minutes: 'int64' } as const
const PARTS = { train: ['2026-01-01', '2026-01-05'], validate: ['2026-01-05', '2026-01-07'], test: ['2026-01-07', '2026-01-10'] } // biome-ignore format: one line
const orders = (late: number, name = 'late', l2: number | null = 1) =>
  recipeOf('shop', (k) => {
    const rows = k.source('orders-csv', csv(join(w.folder, 'orders.csv'), COLUMNS))
    k.dataset('orders', rows)
    const flagged = rows.derive((r) => ({ late: r.minutes.gt(late) }))
    const data = k.dataset(name, flagged, { moment: 'at', split: byTime('at', PARTS as never) })
    if (name === 'late' && l2 !== null)
      k.train('slow', data as never, { target: 'late', features: ['minutes'], candidates: [logistic({ l2 })] } as never)
  })

test('a branch has what production has by reference; what is run there is published there, and production is as it was', async () => {
  const lines = Array.from({ length: 200 }, (_, i) => `${i},2026-01-0${1 + (i % 9)}T06:00:00,${(i * 7) % 40}`)
  writeFileSync(join(w.folder, 'orders.csv'), `id,at,minutes\n${lines.join('\n')}\n`)
  const production = inWorkspace(w, 'default')
  await production.ran(orders(15))
  await production.client.datasets.tag({ name: 'orders', body: { tag: 'prod', version: 1 } })
  const [files, record] = [filesIn(w), await recordOf(w, 'default')]

  const made = await branchOf(w, { name: 'exp' })
  expect(made.datasets).toEqual([
    { name: 'late', base: 1, version: 1, rows: 200, sampled: false },
    { name: 'orders', base: 1, version: 1, rows: 200, sampled: false },
  ])
  expect(filesIn(w)).toEqual(files)
  const exp = inWorkspace(w, 'exp')
  expect(await exp.rows('orders@prod')).toEqual(await production.rows('orders@prod'))
  expect((await exp.client.datasets.get({ name: 'late' })).origin).toEqual({ workspace: 'default', version: 1, run: 1, recipe: 'shop' }) // biome-ignore format: one line
  // the same recipe runs nothing again, the model included
  const same = await exp.ran(orders(15))
  expect([...same.cached].sort()).toEqual(['late', 'orders', 'orders-csv', 'slow'])
  const changed = await exp.ran(orders(20))
  expect([...changed.cached].sort()).toEqual(['orders', 'orders-csv'])
  expect(changed.outputs.get('late')).toMatchObject({ version: 2 })

  for (const [path, hash] of files) expect([path, filesIn(w).get(path)]).toEqual([path, hash])
  const kept = (rows: readonly string[]) => rows.filter((r) => !r.startsWith('events '))
  expect(kept(await recordOf(w, 'default'))).toEqual(kept(record))
  expect((await production.client.datasets.get({ name: 'late' })).version).toBe(1)
  expect((await production.client.runs.list({})).items).toHaveLength(1)
  // nothing of one is found in the other but what was shared
  await expect(production.client.datasets.get({ name: 'late@2' })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
  await expect(exp.client.runs.get({ run: (await production.client.runs.list({})).items[0]?.id as never })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' }) // biome-ignore format: one line
})

test('what a branch changed is told: rows, recipe, models; and promoted by reference, with who made it', async () => {
  const found = await diffOf(w, 'exp', 'id')
  const late = found.datasets.find((d) => d.dataset === 'late')
  expect(late).toMatchObject({ moved: 'branch', base: 1, branch: 2, parent: 1, before: { run: 1, workspace: 'default' }, after: { run: 2, workspace: 'exp' } }) // biome-ignore format: one line
  expect(late?.diff?.rows).toMatchObject({ added: 0, removed: 0, columns: { late: 25 } })
  expect(late?.recipe.map((c) => c.step)).toEqual(['late'])
  expect(late?.recipe[0]?.changes.join()).toContain('minutes > 15 → minutes > 20')
  expect(found.datasets.find((d) => d.dataset === 'orders')?.moved).toBe('neither')
  expect(found.models).toMatchObject([{ model: 'slow', branch: { version: 2 }, parent: { version: 1 } }])

  const files = filesIn(w)
  expect(await w.client.branches.promote({ branch: 'exp', body: { dryRun: true } })).toMatchObject({ datasets: [{ dataset: 'late', from: 2, version: 2 }] }) // biome-ignore format: one line
  expect((await w.client.datasets.get({ name: 'late' })).version).toBe(1)
  const done = await w.client.branches.promote({ branch: 'exp', body: {} })
  // the model that was trained on it goes along, as trained on the parent's version
  expect(done).toMatchObject({ models: [{ model: 'slow', from: 2, version: 2, dataset: 'late', datasetVersion: 2 }], left: [] }) // biome-ignore format: one line
  expect(filesIn(w)).toEqual(files)
  const models = [await w.client.models.get({ name: 'slow' }), await inWorkspace(w, 'exp').client.models.get({ name: 'slow' })] // biome-ignore format: one line
  expect(models[0]).toMatchObject({ version: 2, blob: models[1]?.blob, datasetVersion: 2, run: null, details: { origin: { workspace: 'exp', version: 2, run: 2, recipe: 'shop' } } }) // biome-ignore format: one line
  expect((await command(w.home, 'models', 'show', 'slow')).out).toContain('trained in the workspace exp (there @2), by run 2 of shop') // biome-ignore format: one line
  const [here, there] = [await w.client.datasets.get({ name: 'late' }), await inWorkspace(w, 'exp').client.datasets.get({ name: 'late' })] // biome-ignore format: one line
  expect([here.version, here.hash, here.run]).toEqual([2, there.hash, null])
  expect(here.origin).toEqual({ workspace: 'exp', version: 2, run: 2, recipe: 'shop' })
  expect((await w.client.branches.promote({ branch: 'exp', body: {} })).datasets).toEqual([])
  // lineage is that of the recipe that made it
  const up = await w.client.lineage.trace({ of: 'late.late' })
  expect(up.links.map((l) => l.from.column)).toContain('minutes')
  const shown = await command(w.home, 'datasets', 'show', 'late')
  expect(shown.out).toContain('in the workspace exp (there @2), by run 2 of shop')
  await expect(w.client.lineage.rows({ of: 'late', where: JSON.stringify({ op: 'lit', value: true, type: 'bool' }) })).rejects.toMatchObject({ code: 'LINEAGE_UNKNOWN', fix: expect.stringContaining('GALLEY_WORKSPACE=exp') }) // biome-ignore format: one line
  // the changed recipe in production finds that version, and the branch goes on from it
  const found2 = await inWorkspace(w, 'default').ran(orders(20))
  expect(found2.outputs.get('late')).toMatchObject({ version: 2 })
  // nor is the model trained again
  expect([found2.cached.includes('slow'), found2.outputs.get('slow')]).toMatchObject([true, { version: 2, dataset: { name: 'late', version: 2 } }]) // biome-ignore format: one line
  await inWorkspace(w, 'exp').ran(orders(25))
  expect(await w.client.branches.promote({ branch: 'exp', body: {} })).toMatchObject({ datasets: [{ from: 3, version: 3 }], models: [{ from: 3, version: 3 }] }) // biome-ignore format: one line
})

test('where production has moved on nothing is promoted, and of two at once one wins', async () => {
  for (const name of ['one', 'two']) await branchOf(w, { name })
  await inWorkspace(w, 'one').ran(orders(3))
  await inWorkspace(w, 'two').ran(orders(4))
  const both = await Promise.allSettled(['one', 'two'].map((branch) => w.client.branches.promote({ branch, body: {} })))
  expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = both.find((r) => r.status === 'rejected') as PromiseRejectedResult
  expect(refused.reason).toMatchObject({ code: 'PROMOTE_CONFLICT', details: { datasets: [{ dataset: 'late', base: 3, newest: 4 }] } }) // biome-ignore format: one line
  const loser = both[0]?.status === 'rejected' ? 'one' : 'two'
  expect((await diffOf(w, loser)).datasets.find((d) => d.dataset === 'late')?.moved).toBe('both')
  // a dataset that both made anew, too
  await inWorkspace(w, loser).ran(orders(9, 'fresh'))
  await inWorkspace(w, 'default').ran(orders(8, 'fresh'))
  await expect(w.client.branches.promote({ branch: loser, body: { datasets: ['fresh'] } })).rejects.toMatchObject({ code: 'PROMOTE_CONFLICT', why: expect.stringContaining('was not in the branch') }) // biome-ignore format: one line
})

test('a model stays in the branch where production has trained it since, or what it was trained on stays there; all else goes along', async () => {
  const names = ['since', 'before']
  for (const name of names) await branchOf(w, { name })
  const newest = (await w.client.models.get({ name: 'slow' })).version
  await inWorkspace(w, 'since').ran(orders(11))
  await inWorkspace(w, 'before').ran(orders(12))
  await inWorkspace(w, 'before').ran(orders(13, 'late', null))
  const before = await w.client.branches.promote({ branch: 'before', body: {} })
  expect(before).toMatchObject({ datasets: [{ dataset: 'late' }], models: [] })
  expect(before.left.join()).toMatch(/slow@\d+ of before: it was trained on late@\d+, which stays there/)
  expect((await w.client.models.get({ name: 'slow' })).version).toBe(newest)
  await branchOf(w, { name: 'again' })
  await inWorkspace(w, 'again').ran(orders(14))
  await inWorkspace(w, 'default').ran(orders(13, 'late', 7))
  const again = await w.client.branches.promote({ branch: 'again', body: {} })
  expect(again).toMatchObject({ datasets: [{ dataset: 'late' }], models: [] })
  expect(again.left).toEqual([`slow@${newest + 1} of again: default has trained slow@${newest + 1} since`])
  await expect(w.client.branches.promote({ branch: 'since', body: {} })).rejects.toMatchObject({ code: 'PROMOTE_CONFLICT' }) // biome-ignore format: one line
})

test('how far a source was read goes along with what was made of it: production does not read it again', async () => {
  const path = join(w.folder, 'log.sqlite')
  const db = new DatabaseSync(path)
  db.exec('create table log (id integer primary key, n integer)')
  const put = (from: number, to: number) => {
    const rows = Array.from({ length: to - from + 1 }, (_, i) => `(${from + i}, ${from + i})`)
    db.exec(`insert into log values ${rows.join(', ')}`)
  }
  const made = recipeOf('logs', (k) => {
    k.dataset('log', k.source('log-rows', sqlite(path, 'log', { id: 'int64', n: 'int64' }, { cursor: 'id' } as never)), { write: 'upsert', key: ['id'] } as never) // biome-ignore format: one line
  })
  const production = inWorkspace(w, 'default')
  put(1, 100)
  await production.ran(made)
  await branchOf(w, { name: 'reading', datasets: ['log'] })
  put(101, 150)
  await inWorkspace(w, 'reading').ran(made)
  const done = await w.client.branches.promote({ branch: 'reading', body: {} })
  expect(done).toMatchObject({ datasets: [{ dataset: 'log', version: 2, rows: 150 }], positions: ['log-rows'] })
  // also once the branch is gone that read them
  await w.client.workspaces.remove({ workspace: 'reading', body: {} })
  put(151, 160)
  const next = await production.ran(made)
  // 150 stood, of those the branch's 50
  expect((next.outputs.get('log-rows') as unknown as SourceOutput).stood).toEqual([150, 160])
  expect(await production.rows('log')).toHaveLength(160)
  // both have read on: neither position holds for the other
  await branchOf(w, { name: 'apart', datasets: ['log'] })
  put(161, 170)
  await inWorkspace(w, 'apart').ran(made)
  await w.galley.store.cache.put(await w.galley.scope(), await movedPosition())
  await expect(w.client.branches.promote({ branch: 'apart', body: {} })).rejects.toMatchObject({ code: 'PROMOTE_CONFLICT', what: expect.stringContaining("'log-rows'") }) // biome-ignore format: one line
  expect(await production.rows('log')).toHaveLength(160)
  db.close()
})

/** A position of production's as a run leaves it that read on and published nothing. */
async function movedPosition() {
  const scope = await w.galley.scope()
  const [position] = (await w.galley.store.branches.positions(scope)).filter((p) => p.step === 'log-rows')
  if (!position) throw new Error('there is no position')
  return { ...position, output: { ...(position.output as object), cursor: { at: 165 } } }
}

test('rows that were pushed to a branch alone are not promoted; those that both have are', async () => {
  const made = recipeOf('pushes', (k) => {
    k.dataset('clicks', k.source('click-rows', push('clicks', { id: 'int64' } as never)), { write: 'upsert', key: ['id'] } as never) // biome-ignore format: one line
  })
  const production = inWorkspace(w, 'default')
  const scope = await w.galley.scope()
  await w.galley.store.sources.open(scope, { name: 'clicks', columns: { id: 'int64' }, options: {} })
  const app = w.galley.app()
  const pushed = async (workspace: string, id: number) => {
    const headers = { 'content-type': 'application/jsonl', 'idempotency-key': `"${workspace}-${id}"`, 'x-galley-workspace': workspace } // biome-ignore format: one line
    const answer = await app.fetch(new Request('http://in.process/v1/sources/clicks/batches', { method: 'POST', headers, body: `{"id":${id}}\n` })) // biome-ignore format: one line
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"rows":1')])
  }
  await pushed('default', 1)
  await production.ran(made)
  await branchOf(w, { name: 'clicking' })
  const branch = inWorkspace(w, 'clicking')
  await pushed('clicking', 2)
  // its batch lies beside production's, under the same number
  await pushed('default', 3)
  await branch.ran(made)
  await production.ran(made)
  expect([await branch.rows('clicks'), await production.rows('clicks')]).toEqual([['1', '2'], ['1', '3']]) // biome-ignore format: one line
  await branchOf(w, { name: 'clicked' })
  await inWorkspace(w, 'clicked').ran(recipeOf('pushes', (k) => {
    k.dataset('clicks', k.source('click-rows', push('clicks', { id: 'int64' } as never)).filter((r) => (r as unknown as { id: { gt(n: number): never } }).id.gt(1))) // biome-ignore format: one line
  })) // biome-ignore format: one line
  expect((await w.client.branches.promote({ branch: 'clicked', body: {} })).datasets).toMatchObject([{ rows: 1 }])
  await expect(w.client.branches.promote({ branch: 'clicking', body: {} })).rejects.toMatchObject({ code: 'PROMOTE_CONFLICT' }) // biome-ignore format: one line
  await branchOf(w, { name: 'clicking-on' })
  await pushed('clicking-on', 4)
  await inWorkspace(w, 'clicking-on').ran(made)
  await expect(w.client.branches.promote({ branch: 'clicking-on', body: {} })).rejects.toMatchObject({ code: 'PROMOTE_REFUSED', what: expect.stringContaining("'clicks'") }) // biome-ignore format: one line
}, 30_000)
