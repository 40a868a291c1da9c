import { execFile } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, daily, hourly, keys, type Partitioned, partitioned } from '../../src/index.ts'
import { backfill } from '../../src/runs/partitions/backfill.ts'
import { newestPartitions, partitionStates } from '../../src/runs/partitions/states.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const COLUMNS = { id: 'int64', at: 'timestamp', shop: 'string' } as const
const NOW = Date.parse('2026-11-24T03:00:00Z')

/** Orders of days and shops, each written by the partition of its own. */
const orders = (name: string, file: string, least = 0): Partitioned =>
  partitioned(name, { day: daily('2026-11-20', { zone: 'Asia/Seoul' }), shop: keys(['seoul', 'busan']) }, (k, { day, shop }) => {
    const raw = k.source(`${name}-lines`, csv(file, COLUMNS))
    k.dataset(name, raw.filter((r) => day.holds(r.at).and(shop.holds(r.shop)).and(r.id.ge(least))))
  }) // biome-ignore format: one line
const states = async (made: Partitioned, range: object = {}) =>
  Object.fromEntries(
    (await partitionStates(w.galley.store, await w.galley.scope(), made, { now: NOW, ...range })).map((p) => [p.partition, p.state]), // biome-ignore format: one line
  )
const filled = async (made: Partitioned, partitions: readonly string[], keepGoing = false) =>
  backfill(w.galley.ware, await w.galley.scope(), made, partitions, { folder: w.folder, signal, on: () => {}, keepGoing, filled: () => {} }) // biome-ignore format: one line

test('each run replaces its own partition alone, also by nothing; what was declared otherwise is told', async () => {
  const file = join(w.folder, 'orders.csv')
  writeFileSync(
    file,
    'id,at,shop\n1,2026-11-20T00:00:00+09:00,seoul\n2,2026-11-20T23:59:59+09:00,busan\n3,2026-11-21T00:00:00+09:00,seoul\n',
  )
  const made = orders('orders', file)
  expect(await states(made, { last: '2026-11-22' })).toEqual({
    '2026-11-20/seoul': 'missing',
    '2026-11-20/busan': 'missing',
    '2026-11-21/seoul': 'missing',
    '2026-11-21/busan': 'missing',
  })
  // the first that is run has no rows
  expect(
    await filled(made, ['2026-11-21/busan', '2026-11-20/seoul', '2026-11-20/busan', '2026-11-21/seoul']),
  ).toHaveLength(4)
  // id, shop and day: days since 1970
  const all = async () => (await w.rows('orders')).map((line) => line.split(',').toSpliced(1, 1).join()).toSorted()
  const three = ['1,seoul,20777', '2,busan,20777', '3,seoul,20778']
  expect(await all()).toEqual(three)
  expect(new Set(Object.values(await states(made, { last: '2026-11-22' })))).toEqual(new Set(['done']))

  const other = orders('orders', file, 2)
  expect(await states(other, { last: '2026-11-21' })).toEqual({
    '2026-11-20/seoul': 'changed',
    '2026-11-20/busan': 'changed',
  })
  await filled(other, ['2026-11-20/seoul'])
  expect(await all()).toEqual(three.slice(1))
  expect(await states(other, { last: '2026-11-21' })).toEqual({
    '2026-11-20/seoul': 'done',
    '2026-11-20/busan': 'changed',
  })
  // late rows: a partition that is run again is the same but for them
  appendFileSync(file, '4,2026-11-20T12:00:00+09:00,busan\n')
  await filled(other, ['2026-11-20/busan', '2026-11-20/busan'])
  expect((await all()).map((line) => line.split(',')[0])).toEqual(['2', '3', '4'])
})

test('one that fails stops the others, or is told when all have been tried', async () => {
  const file = join(w.folder, 'broken.csv')
  writeFileSync(file, 'id,at,shop\n1,2026-11-20T12:00:00Z,seoul\n9,2026-11-21T12:00:00Z,seoul\n')
  const made = partitioned('broken', { day: daily('2026-11-20') }, (k, { day }) => {
    const own = k.source('broken-lines', csv(file, COLUMNS)).filter((r) => day.holds(r.at))
    k.dataset('broken', own, { expect: (r) => ({ small: r.id.lt(5) }) })
  })
  const days = ['2026-11-20', '2026-11-21', '2026-11-22']
  await expect(filled(made, days)).rejects.toMatchObject({ code: 'QUALITY_FAILED' })
  expect(await states(made)).toEqual({ '2026-11-20': 'done', '2026-11-21': 'failed', '2026-11-22': 'missing', '2026-11-23': 'missing' }) // biome-ignore format: one line
  const all = await filled(made, days, true)
  expect(all.map((f) => f.error?.code)).toEqual([undefined, 'QUALITY_FAILED', undefined])
  expect(await states(made)).toMatchObject({ '2026-11-21': 'failed', '2026-11-22': 'done' })
})

test('rows of another partition are refused; a whole that would be lost, and what would be added twice', async () => {
  const file = join(w.folder, 'orders.csv')
  const made = (options: object, more: (r: never) => object = () => ({})) =>
    partitioned('others', { hour: hourly('2026-11-20T00') }, (k) => {
      k.dataset('others', k.source('others-lines', csv(file, COLUMNS)).derive(more as never), options)
    })
  expect(() => made({ write: 'full' })).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', why: expect.stringContaining('last alone') })) // biome-ignore format: one line
  expect(() => made({ write: 'append' })).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
  const own = partitioned('others', { shop: keys(['seoul', 'busan']) }, (k) => {
    k.dataset('others', k.source('others-lines', csv(file, COLUMNS)))
  })
  await expect(filled(own, ['seoul'])).rejects.toMatchObject({
    code: 'DATASET_PARTITIONS',
    why: `their 'shop' is 'busan', and the partition that is computed is 'seoul'`,
  })
  const shifted = partitioned('others', { day: daily('2026-11-20') }, (k) => {
    k.dataset('others', k.source('others-lines', csv(file, COLUMNS)).derive((r) => ({ day: r.at.toLocal('UTC').toDate() }))) // biome-ignore format: one line
  })
  await expect(filled(shifted, ['2026-11-22'])).rejects.toMatchObject({
    why: expect.stringMatching(/^their 'day' is '2026-11-\d\d', and the partition that is computed is '2026-11-22'$/),
  })
  expect(newestPartitions(own, NOW)).toEqual(['seoul', 'busan'])
  expect(newestPartitions(made({}), NOW)).toEqual(['2026-11-24T02'])
  expect(() => own.of('jeju')).toThrow(expect.objectContaining({ code: 'PARTITION_UNKNOWN' }))
  expect(() => own.of('seoul/x')).toThrow(expect.objectContaining({ code: 'PARTITION_UNKNOWN' }))
  expect(() => partitioned('none', {}, () => {})).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
  const twice = { day: daily('2026-11-20'), month: daily('2026-11-20') }
  expect(() => partitioned('twice', twice, () => {})).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
})

test('partitions that are run again and are as they were give no new version, in whatever order', async () => {
  const file = join(w.folder, 'again.csv')
  writeFileSync(
    file,
    'id,at,shop\n1,2026-11-20T12:00:00Z,seoul\n2,2026-11-21T12:00:00Z,seoul\n3,2026-11-22T12:00:00Z,busan\n',
  )
  const made = partitioned('again', { day: daily('2026-11-20') }, (k, { day }) => {
    k.dataset('again', k.source('again-lines', csv(file, COLUMNS)).filter((r) => day.holds(r.at)))
  }) // biome-ignore format: one line
  await filled(made, ['2026-11-20', '2026-11-21', '2026-11-22'])
  const newest = async () => (await w.galley.store.datasets.find(await w.galley.scope(), 'again'))?.version
  expect(await newest()).toBe(3)
  await filled(made, ['2026-11-21', '2026-11-20', '2026-11-22'])
  expect(await newest()).toBe(3)
})

test('a partition whose run was killed is none that runs', async () => {
  const made = partitioned('killed', { shop: keys(['a']) }, (k) => {
    k.source('killed-lines', csv('nowhere.csv', COLUMNS))
  })
  const script = join(w.folder, 'begins.ts')
  const of = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url)))
  writeFileSync(
    script,
    `import { readConfig } from ${of('base/config')}
import { openGalley } from ${of('main')}
const { ware, scope } = await openGalley(readConfig())
await ware.store.runs.start(await scope(), { recipe: 'killed', recipeHash: 'h', partition: 'a' })
process.kill(process.pid, 'SIGKILL')
`,
  )
  const begun = promisify(execFile)(process.execPath, [script], { env: { ...process.env, GALLEY_HOME: w.home } })
  await expect(begun).rejects.toMatchObject({ signal: 'SIGKILL' })
  expect(await states(made)).toEqual({ a: 'failed' })
  const listed = async (status: 'failed' | 'running') => (await w.client.runs.list({ recipe: 'killed', status })).items.map((r) => r.status) // biome-ignore format: one line
  expect([await listed('failed'), await listed('running')]).toEqual([['failed'], []])
}, 60_000)
