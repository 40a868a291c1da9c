import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataset, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

test('a stream whose version is removed meanwhile ends with that, and not as damage', { timeout: 60_000 }, async () => {
  const { client } = w
  for (let d = 0; d < 4; d++) {
    const lines = Array.from({ length: 30_000 }, (_, j) => `${j},d${d},${d}`)
    await w.write('log', lines, { write: 'append' })
  }
  const { bytes } = await client.datasets.export({ name: 'log', format: 'arrow' })
  const pieces = (bytes as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  await pieces.next()
  await resultOf(await client.datasets.compact({ name: 'log', body: {} }), () => {})
  await client.datasets.retain({ name: 'log', body: { keep: 1 } })
  const rest = async () => {
    for (;;) if ((await pieces.next()).done) return
  }
  await expect(rest()).rejects.toMatchObject({ code: 'DATASET_UNKNOWN', message: expect.stringContaining('log@4 was removed while its rows were read') }) // biome-ignore format: one line
})

test('a page after somebody was forgotten skips no row: its cursor is refused', async () => {
  const { client } = w
  const lines = Array.from({ length: 20 }, (_, j) => `${j},d,1`)
  await w.write('people', lines, { write: 'append' })
  const { next } = await client.datasets.rows({ name: 'people', limit: 10 })
  await resultOf(await client.datasets.forget({ name: 'people', body: { key: 'id', value: '3' } }), () => {})
  const after = client.datasets.rows({ name: 'people', limit: 10, cursor: next ?? '' })
  await expect(after).rejects.toMatchObject({ code: 'REQUEST_INVALID', fix: 'begin again without a cursor' })
  const again = await client.datasets.rows({ name: 'people', limit: 3 })
  expect(again.items.map((r) => r['id'])).toEqual([0, 1, 2])
  expect((await client.datasets.rows({ name: 'people', limit: 2, cursor: again.next ?? '' })).items.map((r) => r['id'])).toEqual([4, 5]) // biome-ignore format: one line
})

test('what a run under way reads, or a job that waits names, is kept; once it has ended it goes', async () => {
  const { client, galley, folder } = w
  for (let i = 1; i <= 4; i++) await w.write('prices', [`${i},d,${i}`])
  const made = (reference: string) =>
    recipe(`shops-${reference.replace('@', '-')}`, (k) => {
      const read = k.source('read', dataset(reference, { id: 'int64' }))
      const fresh = k.step('few', read)
      k.approve('ok', fresh, { ask: 'Well?' }, () => k.dataset('shop', read))
    })
  const about = { folder, signal, on: () => {} }
  const first = await run(galley.ware, await galley.scope(), made('prices'), about)
  await w.write('prices', ['5,d,5'])
  const { number } = await client.jobs.queue({ body: { recipe: made('prices@2') as never, folder } })
  const retained = await client.datasets.retain({ name: 'prices', body: { keep: 1 } })
  expect(retained.kept).toEqual([
    { version: 5, why: 'it is the newest' },
    { version: 4, why: `the run #${first.number} reads it and is under way` },
    { version: 2, why: `the job #${number} reads it and is under way` },
  ])
  await client.jobs.cancel({ job: `${number}`, body: {} })
  const [asked] = (await client.approvals.list({ status: 'open' })).items
  await client.approvals.approve({ approval: asked?.number ?? 0, body: {} })
  await run(galley.ware, await galley.scope(), made('prices'), { ...about, resume: first.id })
  expect(await w.rows('shop')).toEqual(['4'])
  const again = await client.datasets.retain({ name: 'prices', body: { keep: 1 } })
  expect(again.removed.map((v) => v.version)).toEqual([2, 4])
  // one that names what is gone says what there is
  await expect(run(galley.ware, await galley.scope(), made('prices@3'), about)).rejects.toMatchObject({
    code: 'DATASET_UNKNOWN',
    what: "there is no version 3 of the dataset 'prices'",
    why: 'it was removed: its only version is 5',
  })
})
