import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { push } from '../../src/data/connectors/push.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { run } from '../../src/runs/runner.ts'
import { createClient } from '../../src/sdk/index.ts'
import { ended, start } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-push-'))
const home = join(folder, 'home')
let g: Galley
let url = ''
let close: () => Promise<void> = async () => {}
beforeAll(async () => {
  g = await openGalley({ ...readConfig({}), home, log: 'silent' })
  await g.store.workspaces.ensure('other')
  const server = await g.listen({ port: 0 })
  url = server.url
  close = server.close
}, 60_000)
afterAll(async () => {
  await close()
  await g.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Record<string, unknown>
}
const post = (path: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }))
    })
    call.on('error', reject)
    call.end(body)
  })
const JSONL = { 'content-type': 'application/jsonl' }
const batch = (n: number) => Array.from({ length: 10 }, (_, i) => `{"id": ${n * 10 + i}, "city": "서울"}`).join('\n')
const sends = (key: string, text: string, more: Record<string, string> = {}) =>
  post('/v1/sources/orders/batches', text, { ...JSONL, 'idempotency-key': key, ...more })
const orders = recipe('orders', (k) => {
  const t = k.source('orders', push('orders', { id: 'int64', city: 'string' }))
  k.dataset('log', t, {})
})
const once = async () => {
  const { signal } = new AbortController()
  await run(g.ware, await g.scope(), orders, { folder, signal, on: () => {} })
  const client = createClient({ url, fetch: (r) => fetch(r) })
  const page = await client.datasets.rows({ name: 'log', limit: 500 })
  return page.items.map((r) => Number(r['id']))
}
const command = (...args: string[]) => ended(start(home, args, { GALLEY_URL: url }))

test('a recipe makes its sources known; what is pushed is answered once, and read by runs exactly once', async () => {
  expect(await sends('"a"', batch(0))).toMatchObject({ status: 404, text: expect.stringContaining('SOURCE_UNKNOWN') })
  const file = join(folder, 'orders.ts')
  writeFileSync(file, "import { push, recipe } from 'galley'\nexport default recipe('orders', (k) => {\n  k.dataset('log', k.source('orders', push('orders', { id: 'int64', city: 'string' })), {})\n})\n") // biome-ignore format: one line
  const before = await command('sources', 'check', file)
  expect([before.code, before.out]).toEqual([4, expect.stringContaining("there is no push source 'orders'")])
  expect(await command('sources', 'open', file)).toMatchObject({ code: 0, out: expect.stringContaining('orders') })
  const empty = await command('sources', 'check', file)
  expect([empty.code, empty.out]).toEqual([0, expect.stringMatching(/! reachable +nothing was pushed to it yet: .*galley push orders FILE/)]) // biome-ignore format: one line
  const unread = await command('preview', 'orders')
  expect([unread.code, unread.out]).toEqual([0, expect.stringMatching(/nothing was pushed to it yet[\s\S]*push\('orders', \{\n {2}"id": 'int64'/)]) // biome-ignore format: one line
  await expect(once()).rejects.toMatchObject({
    code: 'DATASET_EMPTY',
    fix: 'push to it first: galley push orders FILE',
  })

  const first = await sends('"a"', batch(0))
  expect([first.status, first.headers['idempotent-replayed']]).toEqual([200, undefined])
  expect(JSON.parse(first.text)).toMatchObject({ source: 'orders', batch: 1, key: 'a', rows: 10, broken: 0 })
  const second = await sends('a', batch(0))
  expect([second.status, second.headers['idempotent-replayed'], second.text]).toEqual([200, 'true', first.text])
  expect(await sends('"a"', batch(1))).toMatchObject({ status: 422, text: expect.stringContaining('BATCH_DIFFERS') })
  expect(await once()).toEqual(Array.from({ length: 10 }, (_, i) => i))

  await sends('"b"', batch(1))
  await sends('"c"', batch(2))
  expect(await once()).toEqual(Array.from({ length: 30 }, (_, i) => i))
  expect(await once()).toEqual(Array.from({ length: 30 }, (_, i) => i))
}, 60_000)

test('requests that are none are refused by their status', async () => {
  const status = async (a: Promise<Answer>, code: string) => {
    const { status, text } = await a
    expect(JSON.parse(text)).toMatchObject({ code })
    return status
  }
  expect(await status(post('/v1/sources/orders/batches', batch(3), JSONL), 'REQUEST_INVALID')).toBe(400)
  expect(await status(sends('"x', batch(3)), 'REQUEST_INVALID')).toBe(400)
  expect(await status(sends('"x"', batch(3), { 'content-type': 'text/html' }), 'MEDIA_TYPE_REFUSED')).toBe(415)
  expect(await status(sends('"x"', batch(3), { 'content-encoding': 'br' }), 'MEDIA_TYPE_REFUSED')).toBe(415)
  const large = Buffer.alloc((64 << 20) + 1, 0x20)
  expect(await status(sends('"x"', large.toString()), 'BODY_TOO_LARGE')).toBe(413)
  expect(await status(sends('"x"', large.toString(), { 'transfer-encoding': 'chunked' }), 'BODY_TOO_LARGE')).toBe(413)
  expect(await status(sends('"x"', batch(3), { 'x-galley-workspace': 'other' }), 'SOURCE_UNKNOWN')).toBe(404)
  expect(await status(sends('"x"', '{"id": "x"}'), 'SOURCE_BROKEN')).toBe(422)
  const { paths } = (await (await fetch(`${url}/v1/openapi.json`)).json()) as { paths: Record<string, { post: unknown }> } // biome-ignore format: one line
  expect(paths['/v1/sources/{name}/batches']?.post).toMatchObject({
    parameters: [
      { name: 'name', in: 'path' },
      { name: 'idempotency-key', in: 'header' },
    ],
    requestBody: { content: { 'text/csv': {}, 'application/jsonl': {} } },
  })
}, 60_000)

test('files are pushed by the command line, the same file once; batches are listed page by page', async () => {
  const file = join(folder, 'more.csv')
  writeFileSync(file, 'id,city\n100,부산\nx,대구\n')
  const pushed = await command('push', 'orders', file)
  expect([pushed.code, pushed.out]).toEqual([0, expect.stringMatching(/batch 4 {2}1 row\n {2}set aside: .* 1\n/)])
  expect((await command('push', 'orders', file)).out).toContain('was taken in before')
  expect((await command('push', 'orders', file, '--key', 'a "quoted" \\ key', '--json')).out).toContain(
    JSON.stringify('a "quoted" \\ key'),
  )
  expect(await command('push', 'orders', file, '--key', 'a')).toMatchObject({ code: 1 })
  const page = JSON.parse((await command('sources', 'batches', 'orders', '--limit', '2', '--json')).out)
  expect(page.items.map((b: { batch: number }) => b.batch)).toEqual([5, 4])
  const next = await command('sources', 'batches', 'orders', '--limit', '3', '--cursor', page.next)
  expect([next.code, next.out]).toEqual([0, expect.stringMatching(/\n *3 +c .*\n *2 +b .*\n *1 +a /)])
  const misspelt = join(folder, 'misspelt.jsonl')
  writeFileSync(misspelt, '{"id": 1, "ctiy": "x"}\n')
  const refused = await command('push', 'orders', misspelt)
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("did you mean 'city' for 'ctiy'?")])
  expect((await command('sources', 'ls')).out).toContain('orders')
  expect((await command('sources', 'batches', 'order')).err).toContain("did you mean 'orders'?")
  expect(await once()).toContain(100)
  const rejected = await command('datasets', 'rejected', 'orders', '--json')
  expect(rejected.out).toContain('대구')
}, 120_000)
