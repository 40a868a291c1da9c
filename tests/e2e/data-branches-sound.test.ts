import { spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv } from '../../src/index.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openScope } from '../../src/tenancy/workspace.ts'
import { asking, branchOf, filesIn, inWorkspace, recipeOf, recordOf } from './branching.ts'
import { ended } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const day = (d: string, from: number) => Array.from({ length: 5 }, (_, i) => `${from + i},${d},${i}`)
const whole = async (workspace: string) => {
  const { client } = inWorkspace(w, workspace)
  for (let cursor: string | undefined; ; ) {
    const found = await client.datasets.scrub({ body: cursor === undefined ? {} : { cursor } })
    expect(found.damaged).toEqual([])
    if (found.next === undefined) return
    cursor = found.next
  }
}
const idsIn = async (workspace: string, reference: string) =>
  (await inWorkspace(w, workspace).rows(reference)).map((r) => Number(r.split(',')[0])).sort((a, b) => a - b)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
/** Appends lines to a dataset of a workspace. */
const append = async (workspace: string, name: string, d: string, from: number) => {
  const file = join(w.folder, `${workspace}-${name}-${from}.csv`)
  writeFileSync(file, `id,day,n\n${day(d, from).join('\n')}\n`)
  const columns = { id: 'int64', day: 'string', n: 'int64' } as const
  return inWorkspace(w, workspace).ran(recipeOf(`${name}-writer`, (k) => {
    k.dataset(name, k.source(`${name}-lines`, csv(file, columns)), { write: 'append' } as never)
  })) // biome-ignore format: one line
}

test('what two workspaces share stays while one of them has it: retention, compaction, cleaning, of either side', async () => {
  for (const [i, d] of ['mon', 'tue'].entries()) await append('default', 'kept', d, i * 5)
  await branchOf(w, { name: 'keeper' })
  await append('keeper', 'kept', 'thu', 10)
  const { client } = inWorkspace(w, 'default')
  await append('default', 'kept', 'fri', 10)
  await w.write('kept', day('sat', 0))
  expect((await client.datasets.retain({ name: 'kept', body: { keep: 1 } })).removed.map((v) => v.version)).toEqual([1, 2, 3]) // biome-ignore format: one line
  await client.runs.clean({ body: { days: 0 } })
  await whole('keeper')
  // what the branch's cache knows of files is there still
  expect((await append('keeper', 'kept', 'thu', 10)).cached).toContain('kept-lines')
  for (const [version, rows] of [[1, 5], [2, 10], [3, 15]]) expect(await idsIn('keeper', `kept@${version}`)).toEqual(upTo(rows as number)) // biome-ignore format: one line
  // and the other way round: the branch lets go of what it promoted
  await resultOf(await inWorkspace(w, 'keeper').client.datasets.compact({ name: 'kept', body: {} }), () => {})
  await branchOf(w, { name: 'second', datasets: ['kept'] })
  await append('second', 'kept', 'sun', 5)
  await w.client.branches.promote({ branch: 'second', body: {} })
  const second = inWorkspace(w, 'second').client
  await append('second', 'kept', 'mon', 10)
  await resultOf(await second.datasets.compact({ name: 'kept', body: {} }), () => {})
  await second.datasets.retain({ name: 'kept', body: { keep: 1 } })
  await second.runs.clean({ body: { days: 0 } })
  for (const name of ['default', 'keeper', 'second']) await whole(name)
  expect(await idsIn('default', 'kept')).toEqual(upTo(10))
  expect(await idsIn('keeper', 'kept@2')).toEqual(upTo(10))
})

test('a branch goes with what is its own alone, and a workspace that has branches leaves them whole', async () => {
  await w.client.workspaces.create({ body: { name: 'root' } })
  await append('root', 'shared', 'mon', 0)
  const files = filesIn(w)
  await branchOf(w, { name: 'leaf', from: 'root' })
  await append('leaf', 'shared', 'wed', 5)
  await w.client.workspaces.remove({ workspace: 'leaf', body: {} })
  expect(filesIn(w)).toEqual(files)
  await whole('root')

  await branchOf(w, { name: 'heir', from: 'root' })
  await append('heir', 'shared', 'wed', 5)
  await append('root', 'shared', 'thu', 5)
  const before = new Set(filesIn(w).keys())
  expect((await w.client.workspaces.remove({ workspace: 'root', body: {} })).branches).toEqual(['heir'])
  await whole('heir')
  expect([await idsIn('heir', 'shared@1'), await idsIn('heir', 'shared')]).toEqual([upTo(5), upTo(10)])
  expect([...before].filter((path) => !filesIn(w).has(path)).length).toBeGreaterThan(1)
  await expect(w.client.branches.get({ branch: 'heir' })).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' })
  // goes on as a workspace of its own, and the folder goes with the last one
  await append('heir', 'shared', 'fri', 10)
  const pool = join(w.galley.store.home.datasets, (await w.galley.scope('heir')).storage ?? '')
  expect(readdirSync(pool)).toContain('shared')
  // killed after its rows were gone: it is told as that, and goes on
  const scope = await w.galley.scope('heir')
  await w.galley.store.workspaces.clear(scope, [])
  await expect(openScope(w.galley.store, 'heir', 'test')).rejects.toMatchObject({ code: 'WORKSPACE_UNKNOWN', what: expect.stringContaining('being removed') }) // biome-ignore format: one line
  await w.client.workspaces.remove({ workspace: 'heir', body: {} })
  expect(existsSync(pool)).toBe(false)
  expect(await asking(w, async (db) => (await db.query("select 1 from workspaces where name in ('root', 'leaf', 'heir')")).rowCount)).toBe(0) // biome-ignore format: one line
})

test('killed on the way, making and promoting a branch leave nothing of it', async () => {
  await append('default', 'killed', 'mon', 0)
  await branchOf(w, { name: 'killing', datasets: ['killed'] })
  await append('killing', 'killed', 'tue', 5)
  const [files, record, branch] = [filesIn(w), await recordOf(w, 'default'), await recordOf(w, 'killing')]
  const killed = (...args: string[]) =>
    ended(spawn(process.execPath, [fileURLToPath(new URL('branch-killed.ts', import.meta.url)), w.home, ...args]))
  const ends = await Promise.all([killed('create', 'half', 'refer'), killed('promote', 'killing', 'rebase')])
  expect(ends.map((e) => [e.code, e.out])).toEqual([[null, ''], [null, '']]) // biome-ignore format: one line
  expect((await w.client.workspaces.list({})).items.map((i) => i.name)).not.toContain('half')
  expect([filesIn(w), await recordOf(w, 'default'), await recordOf(w, 'killing')]).toEqual([files, record, branch])
  expect((await w.client.branches.promote({ branch: 'killing', body: {} })).datasets).toMatchObject([{ version: 2, rows: 10 }]) // biome-ignore format: one line
})

test('a sample is the same each time, and rows of one key are in it in every dataset', async () => {
  await w.write(
    'people',
    Array.from({ length: 400 }, (_, i) => `${i},d,${i % 7}`),
  )
  await w.write(
    'visits',
    Array.from({ length: 1200 }, (_, i) => `${i % 400},d${i % 3},${i}`),
  )
  await w.write('places', ['1,1,1', '2,2,2'], {}, { place: 'int64', day: 'string', n: 'int64' })
  await w.client.datasets.tag({ name: 'people', body: { tag: 'prod', version: 1 } })
  const sample = { share: 0.2, seed: 3, key: ['id'] }
  const datasets = ['people', 'visits', 'places']
  const made = await branchOf(w, { name: 's1', sample, datasets })
  await branchOf(w, { name: 's2', sample, datasets: ['people'] })
  await branchOf(w, { name: 's3', sample: { ...sample, seed: 4 }, datasets: ['people'] })
  const people = await idsIn('s1', 'people')
  expect(people.length).toBeGreaterThan(50)
  expect(people.length).toBeLessThan(110)
  expect(await idsIn('s2', 'people@prod')).toEqual(people)
  expect(await idsIn('s3', 'people')).not.toEqual(people)
  expect(await idsIn('s1', 'visits')).toEqual(people.flatMap((id) => [id, id, id]))
  expect(made.datasets.map((d) => [d.name, d.sampled])).toEqual([['people', true], ['places', false], ['visits', true]]) // biome-ignore format: one line
  expect(await inWorkspace(w, 's1').rows('places')).toEqual(['1,1,1', '2,2,2'])
  await expect(w.client.branches.promote({ branch: 's1', body: {} })).rejects.toMatchObject({ code: 'PROMOTE_REFUSED' })
  await expect(branchOf(w, { name: 's4', sample: { ...sample, key: ['nobody'] }, datasets })).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' }) // biome-ignore format: one line
  // rows by themselves: equal ones together, about as many
  await branchOf(w, { name: 's5', sample: { share: 0.5, seed: 0 }, datasets: ['visits'] })
  const n = (await inWorkspace(w, 's5').client.datasets.get({ name: 'visits' })).rows
  expect(Math.abs(n - 600)).toBeLessThan(90)
})
