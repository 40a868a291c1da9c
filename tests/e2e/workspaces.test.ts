import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv } from '../../src/index.ts'
import { branchOf, inWorkspace, recipeOf } from './branching.ts'
import { galley as command, ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const small = () =>
  recipeOf('small', (k) => {
    k.dataset('numbers', k.source('numbers-csv', csv(join(w.folder, 'numbers.csv'), { n: 'int64' })))
  })

test('workspaces are made, listed in pages, shown and removed with all that is in them', async () => {
  writeFileSync(join(w.folder, 'numbers.csv'), 'n\n1\n2\n')
  for (const name of ['dev', 'exp', 'test']) expect(await w.client.workspaces.create({ body: { name } })).toMatchObject({ name, made: true }) // biome-ignore format: one line
  expect(await w.client.workspaces.create({ body: { name: 'dev' } })).toMatchObject({ made: false })
  await inWorkspace(w, 'default').ran(small())
  await inWorkspace(w, 'dev').ran(small())
  const page = await w.client.workspaces.list({ limit: 2 })
  expect(page.items.map((i) => i.name)).toEqual(['default', 'dev'])
  const rest = await w.client.workspaces.list({ limit: 2, cursor: page.next as string })
  expect([rest.items.map((i) => i.name), rest.next]).toEqual([['exp', 'test'], undefined])
  expect((await w.client.workspaces.get({ workspace: 'dev' })).counts).toMatchObject({ datasets: 1, versions: 1, runs: 1, endpoints: 0 }) // biome-ignore format: one line

  const asked = await command(w.home, 'workspaces', 'rm', 'dev')
  expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('1 dataset with 1 version, 1 run')])
  expect(asked.err).toContain('galley workspaces rm dev --yes')
  const folder = join(w.galley.store.home.datasets, (await w.galley.scope('dev')).workspace)
  expect(existsSync(folder)).toBe(true)
  // the workspace that is set need not be there for that
  const gone = await ended(start(w.home, ['workspaces', 'rm', 'dev', '--yes'], { GALLEY_WORKSPACE: 'nowhere' }))
  expect([gone.code, gone.out]).toEqual([0, expect.stringContaining("the workspace 'dev' is gone")])
  expect(existsSync(folder)).toBe(false)
  expect((await w.client.workspaces.list({})).items.map((i) => i.name)).toEqual(['default', 'exp', 'test'])
  await expect(w.client.workspaces.get({ workspace: 'dev' })).rejects.toMatchObject({ code: 'WORKSPACE_UNKNOWN', fix: expect.stringContaining('galley workspaces create dev') }) // biome-ignore format: one line
  expect((await w.client.datasets.get({ name: 'numbers' })).rows).toBe(2)
  expect((await w.galley.store.events.list(await w.galley.scope(), { action: 'workspace.remove' })).items).toHaveLength(1) // biome-ignore format: one line
})

test('the default one, one with a run under way and one whose endpoints answer are not removed', async () => {
  const remove = (workspace: string, dryRun = false) => w.client.workspaces.remove({ workspace, body: { dryRun } })
  await expect(remove('default')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  const scope = await w.galley.scope('exp')
  const run = await w.galley.store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })
  await expect(remove('exp')).rejects.toMatchObject({ code: 'STORE_CONFLICT', why: 'run 1 is under way in it' })
  await w.galley.store.runs.finish(scope, run.id, { status: 'done' })
  const hub = w.galley.hub(scope)
  const states = hub.states
  Object.assign(hub, { states: () => ({ live: 'ready', old: 'stopped' }) })
  await expect(remove('exp')).rejects.toMatchObject({ code: 'STORE_CONFLICT', why: 'its endpoint live answers requests' }) // biome-ignore format: one line
  Object.assign(hub, { states })
  expect(await remove('exp', true)).toMatchObject({ dryRun: true, counts: { runs: 1 } })
  expect((await w.client.workspaces.get({ workspace: 'exp' })).counts.runs).toBe(1)
  await remove('exp')
  await expect(remove('exp')).rejects.toMatchObject({ code: 'WORKSPACE_UNKNOWN' })
})

test('names that are taken, or can not be one, are told; so are workspaces that are no branches', async () => {
  await expect(branchOf(w, { name: 'test' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await expect(branchOf(w, { name: 'Not A Name' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  await expect(branchOf(w, { name: 'b', datasets: ['number'] })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN', fix: "did you mean 'numbers'?" }) // biome-ignore format: one line
  await expect(w.client.branches.get({ branch: 'test' })).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN', what: "the workspace 'test' is no branch" }) // biome-ignore format: one line
  await expect(w.client.branches.promote({ branch: 'tesst', body: {} })).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' }) // biome-ignore format: one line
  await branchOf(w, { name: 'b' })
  expect((await w.client.branches.list({})).items).toMatchObject([{ name: 'b', parent: 'default', sample: null }])
  expect((await w.client.branches.get({ branch: 'b' })).datasets).toEqual([{ dataset: 'numbers', base: 1, own: 1, branch: 1, parent: 1, moved: 'neither' }]) // biome-ignore format: one line
})
