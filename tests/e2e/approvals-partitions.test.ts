import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, keys, type Partitioned, partitioned } from '../../src/index.ts'
import { work } from '../../src/runs/worker.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const SHOPS = ['seoul', 'busan', 'jeju', 'ulsan']
const prices = (n: number) => writeFileSync(join(w.folder, 'prices.csv'), `shop,price\n${SHOPS.map((s) => `${s},${n}\n`).join('')}`) // biome-ignore format: one line
/** Each shop's prices are agreed to by itself; those of Ulsan need nobody. */
const made = (name: string): Partitioned =>
  partitioned(name, { shop: keys(SHOPS) }, (k, { shop }) => {
    const all = k.source(`${name}-new`, csv('prices.csv', { shop: 'string', price: 'int64' }))
    const own = k.step(`${name}-own`, all.filter((r) => shop.holds(r.shop))) // biome-ignore format: one line
    const shown = () => k.dataset(`${name}-shops`, own)
    if (shop.id === 'ulsan') shown()
    else k.approve(`${name}-ok`, own, { ask: 'Agreed?' }, shown)
  })
const worker = async (name: string) =>
  work(w.galley.ware, await w.galley.scope(), { tags: [], signal, on: () => {}, say: () => {}, untilEmpty: true, load: async () => made(name) }) // biome-ignore format: one line
const queued = async (name: string) =>
  (await w.client.jobs.queue({ body: { recipe: { format: 1, name, file: join(w.folder, `${name}.ts`) }, folder: w.folder, tags: ['recipe-files'] } as never })).number // biome-ignore format: one line
const job = async (number: number) => (await w.client.jobs.get({ job: number })).status
const runs = async (name: string) => Object.fromEntries((await w.client.runs.list({ recipe: name })).items.toReversed().map((r) => [`${r.number} ${r.partition}`, r.status])) // biome-ignore format: one line
const asked = async (recipe: string) => new Map((await w.client.approvals.list({})).items.filter((a) => a.recipe === recipe).map((a) => [a.partition, a.number])) // biome-ignore format: one line

test('each partition of a job that waits goes on with what was asked of it, in any order; one that is refused keeps no other from it', async () => {
  prices(1)
  const number = await queued('sold')
  await worker('sold')
  expect(await runs('sold')).toEqual({ '1 seoul': 'waiting', '2 busan': 'waiting', '3 jeju': 'waiting', '4 ulsan': 'done' }) // biome-ignore format: one line
  expect(await job(number)).toBe('waiting')
  const of = await asked('sold')
  prices(2)
  const approve = (shop: string) => w.client.approvals.approve({ approval: of.get(shop) ?? 0, body: {} })
  expect((await approve('busan')).jobs).toEqual([number])
  await worker('sold')
  expect(await job(number)).toBe('waiting')
  expect(await runs('sold')).toEqual({ '1 seoul': 'waiting', '2 busan': 'done', '3 jeju': 'waiting', '4 ulsan': 'done' }) // biome-ignore format: one line
  await w.client.approvals.reject({ approval: of.get('seoul') ?? 0, body: {} })
  await worker('sold')
  expect(await job(number)).toBe('waiting')
  expect((await approve('jeju')).jobs).toEqual([number])
  await worker('sold')
  expect(await w.rows('sold-shops').then((rows) => rows.toSorted())).toEqual(['busan,1', 'jeju,1', 'ulsan,1'])
  expect(await runs('sold')).toMatchObject({ '1 seoul': 'failed', '2 busan': 'done', '3 jeju': 'done', '4 ulsan': 'done' }) // biome-ignore format: one line
  expect(await w.client.jobs.get({ job: number })).toMatchObject({ status: 'failed', error: { code: 'APPROVAL_REJECTED' } }) // biome-ignore format: one line
  // tried again, it is asked of the new prices alone
  await w.client.jobs.retry({ job: number, body: {} })
  await worker('sold')
  expect(await job(number)).toBe('waiting')
  expect(Object.values(await runs('sold')).toSorted()).toEqual(['done', 'done', 'done', 'failed', 'waiting'])
})

test('a job that is cancelled, by itself or by one of its runs, leaves none that waits', async () => {
  prices(3)
  const first = await queued('dropped')
  await worker('dropped')
  await w.client.jobs.cancel({ job: first, body: {} })
  const second = await queued('dropped')
  await worker('dropped')
  expect(await job(second)).toBe('waiting')
  const waiting = (await w.client.runs.list({ recipe: 'dropped', status: 'waiting' })).items
  expect(waiting).toHaveLength(3)
  await w.client.runs.cancel({ run: waiting[0]?.id ?? '', body: {} })
  expect([await job(first), await job(second)]).toEqual(['cancelled', 'cancelled'])
  expect((await w.client.runs.list({ recipe: 'dropped', status: 'waiting' })).items).toEqual([])
})
