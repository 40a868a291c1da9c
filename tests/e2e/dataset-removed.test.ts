import { afterAll, beforeAll, expect, test } from 'vitest'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, type Written } from './datasets.ts'

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
