import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { csv, push } from '../../src/index.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { branchOf, filesIn, inWorkspace, recipeOf, recordOf } from './branching.ts'
import { galley as command } from './command.ts'
import { holdingIn, openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const NAME = 'zz-hong-gildong'
const COLUMNS = { person: 'string', n: 'int64' } as const
const lines = async (workspace: string, text: string) => {
  writeFileSync(join(w.folder, 'log.csv'), `person,n\n${text}`)
  return inWorkspace(w, workspace).ran(
    recipeOf('people', (k) => {
      const source = k.source('people-lines', csv('log.csv', COLUMNS))
      k.dataset(
        'people',
        k.step('people-clean', source).reject((r) => r.n.lt(0), 'negative'),
        { write: 'append' } as never,
      )
    }),
  )
}
const pushes = recipeOf('pushes', (k) => {
  k.dataset('pushed', k.source('pushed-rows', push('calls', COLUMNS as never)))
})
const forget = async (workspace: string, asked?: { key: string; value: string }) =>
  (await resultOf<ForgetReport[]>(await inWorkspace(w, workspace).client.datasets.forget({ name: 'people', body: asked ?? {} }), () => {}))[0] // biome-ignore format: one line
const names = async (workspace: string, reference = 'people') =>
  (await inWorkspace(w, workspace).rows(reference)).map((r) => r.split(',')[0])

test('whoever is forgotten in a workspace is forgotten in its branches, whole ones and samples', async () => {
  const app = w.galley.app()
  await w.galley.store.sources.open(await w.galley.scope(), { name: 'calls', columns: COLUMNS, options: {} })
  const headers = { 'content-type': 'application/jsonl', 'idempotency-key': '"one"' }
  const body = `{"person":"${NAME}","n":1}\n{"person":"kim","n":2}\n`
  await app.fetch(new Request('http://in.process/v1/sources/calls/batches', { method: 'POST', headers, body }))
  await inWorkspace(w, 'default').ran(pushes)
  await lines('default', `kim,1\n${NAME},2\n${NAME},-3\n`)
  await branchOf(w, { name: 'whole' })
  await branchOf(w, { name: 'part', sample: { share: 1, seed: 0 }, datasets: ['people'] })
  await lines('whole', `lee,4\n${NAME},5\n`)
  await inWorkspace(w, 'whole').ran(pushes)
  await branchOf(w, { name: 'twig', from: 'whole' })
  expect((await holdingIn(w, NAME)).length).toBeGreaterThan(5)

  const report = await forget('default', { key: 'person', value: NAME })
  expect(report?.versions).toEqual([{ version: 1, rows: 1, rejected: 1 }])
  const told = new Map(report?.branches.map((b) => [b.workspace, b.versions.map((v) => [v.version, v.rows])]))
  expect([...told].sort()).toEqual([['part', [[1, 1]]], ['twig', [[1, 1], [2, 2]]], ['whole', [[1, 1], [2, 2]]]]) // biome-ignore format: one line
  expect(report?.elsewhere).toEqual([])
  // another dataset that holds the person forgets when it is asked, as ever
  await resultOf(await w.client.datasets.forget({ name: 'pushed', body: { key: 'person', value: NAME } }), () => {})
  expect(await holdingIn(w, NAME)).toEqual([])
  for (const name of ['default', 'whole', 'twig', 'part']) {
    expect((await recordOf(w, name)).filter((row) => row.includes(NAME))).toEqual([])
    expect(await names(name)).not.toContain(NAME)
  }
  expect(await names('whole')).toEqual(['kim', 'lee'])
  expect((await inWorkspace(w, 'whole').client.datasets.scrub({ body: {} })).damaged).toEqual([])
  // nor do they come again there, from a source that holds them still
  await lines('whole', `park,6\n${NAME},7\n`)
  expect(await names('whole')).toEqual(['kim', 'lee', 'park'])
}, 30_000)

test('a branch by itself leaves what it came from as it is, and says so', async () => {
  await lines('default', 'choi,8\nseo,9\n')
  await branchOf(w, { name: 'alone', datasets: ['people'] })
  const before = filesIn(w)
  const asked = ['datasets', 'forget', 'people', '--key', 'person', '--value', 'choi']
  process.env['GALLEY_WORKSPACE'] = 'alone'
  const { out } = await command(w.home, ...asked).finally(() => delete process.env['GALLEY_WORKSPACE'])
  expect(out).toContain('NOT REMOVED in the workspace default')
  expect(await names('alone')).toEqual(['kim', 'seo'])
  expect(await names('default')).toEqual(['kim', 'choi', 'seo'])
  for (const [path, hash] of before) expect([path, filesIn(w).get(path)]).toEqual([path, hash])
})

test('what is begun and not done holds up branches of it, and goes on in them', async () => {
  const scope = await w.galley.scope()
  await lines('alone', 'jung,10\nseo,11\n')
  await w.galley.store.forgettings.begin(scope, { dataset: 'people', column: 'person', value: 'seo' })
  await expect(branchOf(w, { name: 'hasty' })).rejects.toMatchObject({ code: 'STORE_CONFLICT', what: expect.stringContaining("forgotten in 'people'") }) // biome-ignore format: one line
  await expect(w.client.branches.promote({ branch: 'alone', body: {} })).rejects.toMatchObject({ code: 'STORE_CONFLICT' }) // biome-ignore format: one line
  const report = await forget('default')
  expect(report?.branches.find((b) => b.workspace === 'alone')?.versions.map((v) => v.version)).toEqual([2, 3])
  expect([await names('default'), await names('alone')]).toEqual([['kim', 'choi'], ['kim', 'jung']]) // biome-ignore format: one line
  await branchOf(w, { name: 'patient' })
  // production was not moved by that: what the branch made is promoted without them
  expect((await w.client.branches.promote({ branch: 'alone', body: {} })).datasets).toMatchObject([{ dataset: 'people', rows: 2 }]) // biome-ignore format: one line
})
