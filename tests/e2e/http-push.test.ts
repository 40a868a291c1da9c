import { afterAll, beforeAll, expect, test } from 'vitest'
import { testWeb } from '../../src/data/connectors/http/testing.ts'
import { http, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import { openWritten, signal, type Written } from './datasets.ts'

const web = await testWeb()
let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(async () => {
  await w.close()
  await web.close()
})

test('a recipe asks a server for what it needs and holds to its own conditions; a step that needs more asks anew', async () => {
  const all = Array.from({ length: 40 }, (_, i) => ({ id: i, at: `2026-01-${String(1 + (i % 30)).padStart(2, '0')}T00:00:00Z`, note: `n${i}` })) // biome-ignore format: one line
  web.answers.set('/orders', (request, response) => {
    const query = new URL(request.url ?? '/', web.origin).searchParams
    // by day, whatever the hour: rows come that were not asked for
    const since = (query.get('since') ?? '').slice(0, 10)
    const fields = query.get('fields')?.split(',') ?? ['id', 'at', 'note']
    const rows = all.filter((r) => r.at >= since).map((r) => Object.fromEntries(fields.map((f) => [f, r[f as 'note']])))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows))
  })
  const columns = { id: 'int64', at: 'timestamp', note: 'string' } as const
  const push = { columns: 'fields', where: { since: ['>=', 'at'] } } as const
  const late = (more: boolean) =>
    recipe('orders', (k) => {
      const orders = k.source('orders', http(`${web.origin}/orders`, columns, { push }))
      k.dataset('late', orders.filter((r) => r.at.gt('2026-01-20T06:00:00Z')).select('id'))
      if (more)
        k.dataset(
          'notes',
          orders.filter((r) => r.at.gt('2026-01-20T06:00:00Z')),
        )
    })
  const go = async (more: boolean) => {
    web.asked.length = 0
    const { outputs } = await run(w.galley.ware, await w.galley.scope(), late(more), {
      folder: w.folder,
      signal,
      on: () => {},
    })
    return outputs.get('orders') as SourceOutput
  }
  const first = await go(false)
  expect(web.asked).toContain('/orders?fields=id%2Cat&since=2026-01-20T06%3A00%3A00Z')
  expect(first).toMatchObject({ pushed: ['2 of 3 columns', 'at >= 2026-01-20T06:00:00Z'] })
  const want = all.filter((r) => r.at > '2026-01-20T06:00:00Z').map((r) => String(r.id))
  expect(first.rows).toBeGreaterThan(want.length)
  expect(await w.rows('late')).toEqual(want)
  expect((await go(true)).pushed).toEqual(['at >= 2026-01-20T06:00:00Z'])
  expect((await w.rows('notes')).map((r) => r.split(',')[2])).toEqual(want.map((id) => `n${id}`))
}, 60_000)
