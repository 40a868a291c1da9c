import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import type { VersionDiff } from '../../src/data/datasets/diff/diff.ts'
import { csv, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { TypeName } from '../../src/plan/types.ts'
import { run } from '../../src/runs/runner.ts'
import { type Client, createClient } from '../../src/sdk/index.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { galley as command } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-diff-'))
const home = join(folder, 'home')
let galley: Galley
let client: Client
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
  const app = galley.app()
  client = createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) })
})
afterAll(async () => {
  await galley.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function write(name: string, columns: Record<string, TypeName>, lines: readonly string[], options: object = {}) {
  writeFileSync(join(folder, 'lines.csv'), `${Object.keys(columns).join(',')}\n${lines.map((l) => `${l}\n`).join('')}`)
  const made = recipe('r', (k) => void k.dataset(name, k.source('lines', csv('lines.csv', columns)) as never, options))
  const on = { folder, signal: new AbortController().signal, on: () => {} }
  await run(galley.ware, await galley.scope(), made, on)
}
const diff = async (before: string, after: string, key?: string) => {
  const stages: string[] = []
  const answer = await client.datasets.diff({ name: before, with: after, ...(key ? { key } : {}) })
  return { ...(await resultOf<VersionDiff>(answer, (stage) => stages.push(stage))), stages }
}

test('a key that is null is one like others: its row is neither gone nor new, and more than one of it is too many', async () => {
  const columns = { city: 'string', part: 'string', n: 'int64' } as const
  await write('parts', columns, [',,1', 'a,,2', 'a,b,3'])
  await write('parts', columns, [',,1', 'a,,5', ',c,4'])
  const { rows } = await diff('parts@1', 'parts@2', 'city,part')
  expect(rows).toMatchObject({ added: 1, removed: 1, changed: 1, same: 1, columns: { n: 1 } })
  expect(rows?.examples).toEqual({
    added: [{ key: { city: null, part: 'c' }, after: { n: '4' } }],
    removed: [{ key: { city: 'a', part: 'b' }, before: { n: '3' } }],
    changed: [{ key: { city: 'a', part: null }, before: { n: '2' }, after: { n: '5' } }],
  })
  await expect(diff('parts@1', 'parts@2', 'city')).rejects.toMatchObject({ code: 'DATASET_KEYS' })
})

test('rows by a key of two columns, columns that changed, and columns that came, went and grew', async () => {
  await write('a', { id: 'int32', day: 'string', x: 'float64', gone: 'string' }, [
    '1,mon,0.5,q',
    '1,tue,1,q',
    '2,mon,,q',
    '3,mon,4,q',
  ])
  await write('a', { id: 'int64', day: 'string', x: 'float64', fresh: 'int64' }, [
    '1,mon,0.5,9',
    '1,tue,2,9',
    '2,mon,3,9',
    '9,sun,4,9',
  ])
  const found = await diff('a@1', 'a@2', 'id,day')
  expect(found.columns).toEqual({
    added: ['fresh'],
    removed: ['gone'],
    retyped: [{ name: 'id', before: 'int32', after: 'int64' }],
  })
  expect(found.rows).toMatchObject({ added: 1, removed: 1, changed: 2, same: 1, columns: { x: 2 } })
  expect(found.rows?.examples).toEqual({
    added: [{ key: { id: '9', day: 'sun' }, after: { x: 4 } }],
    removed: [{ key: { id: '3', day: 'mon' }, before: { x: 4 } }],
    changed: [
      { key: { id: '1', day: 'tue' }, before: { x: 1 }, after: { x: 2 } },
      { key: { id: '2', day: 'mon' }, before: { x: null }, after: { x: 3 } },
    ],
  })
  expect(found.stages.length).toBeGreaterThan(0)
  await expect(diff('a@1', 'a@2', 'id')).rejects.toMatchObject({ code: 'DATASET_KEYS' })
  await expect(diff('a@1', 'a@2', 'idd')).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' })
  await expect(diff('a@1', 'a@7', 'id')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
  expect((await diff('a@1', 'a@2')).rows).toBeUndefined()
  // keys that only one side has may be one row's alone, too
  await write('twice', { k: 'int64', x: 'int64' }, ['1,1'])
  await write('twice', { k: 'int64', x: 'int64' }, ['1,1', '7,1', '7,2'])
  await expect(diff('twice@1', 'twice@2', 'k')).rejects.toMatchObject({ code: 'DATASET_KEYS' })
})

test('is cancelled when the caller goes', async () => {
  // so much that it is still at work when the caller goes
  const lines = (x: number) => Array.from({ length: 300_000 }, (_, i) => `${i},${i * x}`)
  for (const x of [1, 3]) await write('c', { id: 'int64', x: 'int64' }, lines(x))
  const gone = new AbortController()
  const answer = await client.datasets.diff({ name: 'c@1', with: 'c@2', key: 'id' }, { signal: gone.signal })
  gone.abort()
  await expect(resultOf(answer, () => {})).rejects.toMatchObject({
    code: expect.stringMatching(/CANCELLED|SERVER_UNREACHABLE/),
  })
})

test('files that both have are not compared by key; distributions are of all rows, and a shift is sure', async () => {
  const lines = (from: number, n: number, shift: number) =>
    Array.from(
      { length: n },
      (_, i) => `${from + i},${((i * 37) % 100) + shift},${i % 3 === 0 && shift === 0 ? 'a' : 'b'}`,
    )
  const options = { write: 'append', key: ['id'] }
  const columns = { id: 'int64', x: 'int64', c: 'string' } as const
  await write('log', columns, lines(0, 2000, 0), options)
  await write('log', columns, lines(2000, 1000, 60), options)
  const found = await diff('log@1', 'log@2')
  expect(found.files).toEqual({ shared: 1, before: 0, after: 1 })
  expect(found.rows).toMatchObject({ key: ['id'], added: 1000, removed: 0, changed: 0, same: 2000 })
  const [id, x, c] = found.shift
  expect([id?.test, x?.test, c?.test]).toEqual(['ks', 'ks', 'chi2'])
  // a third of the rows moved by 60 of 100: their distribution functions differ by 0.6 / 3
  expect(x?.statistic).toBeCloseTo(0.2, 1)
  expect(x?.probability).toBeLessThan(1e-6)
  expect(c?.probability).toBeLessThan(1e-6)
  const same = await diff('log@2', 'log@2')
  expect(same.rows).toMatchObject({ added: 0, removed: 0, changed: 0, same: 3000 })
  for (const s of same.shift) expect([s.statistic, s.probability, s.psi]).toEqual([0, 1, 0])
  const told = await command(home, 'datasets', 'diff', 'log@1', 'log@2')
  expect(told.out).toMatch(/1,000 added, 0 removed, 0 changed, 2,000 the same[\s\S]*\+ id=2000[\s\S]*x .*KS.*< 0.0001/)
}, 60_000)
