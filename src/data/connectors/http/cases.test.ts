import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { resolveSecret, secret } from '../../../base/secrets.ts'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { build } from '../../../plan/nodes.ts'
import type { TypeName } from '../../../plan/types.ts'
import { type HttpOptions, http, httpConnector } from '../http.ts'
import { snapshotContext } from '../testing/context.ts'
import { KILLS } from '../testing/kills.ts'
import { sendFile, testWeb } from './testing.ts'

const web = await testWeb()
const folder = mkdtempSync(join(tmpdir(), 'galley-http-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  web.asked.length = 0
  web.answers.clear()
})

const ID = { id: 'int64' } as const
const csv = (rows: number) => Buffer.from(`id\n${Array.from({ length: rows }, (_, i) => 1_000_000 + i).join('\n')}\n`)
let last = 0
async function load(
  path: string,
  options: HttpOptions = {},
  signal = testContext().signal,
  columns: Record<string, TypeName> = ID,
) {
  const kept = join(folder, `kept-${++last}`)
  mkdirSync(kept)
  const spec = http(`${web.origin}${path}`, columns, { patience: 2, ...options })
  try {
    const got = await engine.session({ ...testContext(), signal }, (query) => httpConnector.snapshot(spec, spec.path, snapshotContext(query, kept, { signal }))) // biome-ignore format: one line
    expect(readdirSync(kept).map((n) => join(kept, n))).toEqual(got.files)
    const { files, schema } = got
    return (await collect(engine, build({ op: 'scan', from: { kind: 'parquet', files }, schema }))).map((r) => r[0])
  } catch (error) {
    expect(readdirSync(kept).filter((n) => n === 'fetched' || n === 'plain')).toEqual([])
    throw error
  }
}
const ids = (rows: number) => Array.from({ length: rows }, (_, i) => BigInt(1_000_000 + i))
const json = (response: ServerResponse, value: unknown, headers = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))

describe('a file', () => {
  test(`that is cut ${KILLS} times is read on from there, and is the same`, {
    timeout: 60_000 + KILLS * 30_000,
  }, async () => {
    const file = csv(50_000)
    for (let k = 0; k < KILLS; k++) {
      let cuts = 0
      web.asked.length = 0
      web.answers.set('/cut.csv', (q, s) => sendFile(file, q, s, ++cuts <= 3 ? 70_000 + k * 1000 : undefined))
      expect(await load('/cut.csv', { retries: 1 })).toEqual(ids(50_000))
      expect(web.asked.length).toBe(4)
      expect(web.asked.slice(1).every((a) => /bytes=[1-9]\d*-$/.test(a))).toBe(true)
    }
  })

  test('that changes meanwhile is read from the beginning', async () => {
    let asked = 0
    web.answers.set('/new.csv', (q, s) =>
      asked++ === 0 ? sendFile(csv(50_000), q, s, 90_000) : sendFile(csv(20), q, s),
    )
    expect(await load('/new.csv')).toEqual(ids(20))
    asked = 0
    // nothing says what it is, so no part of it is asked for
    web.answers.set('/plain.csv', (_, s) => {
      s.write(csv(10).subarray(0, asked++ === 0 ? 30 : undefined), () =>
        asked === 1 ? setTimeout(() => s.destroy(), 100) : s.end(),
      )
    })
    expect(await load('/plain.csv')).toEqual(ids(10))
    expect(web.asked.slice(-1)).toEqual(['/plain.csv'])
  })

  test('is compressed or not, CSV, JSON or Parquet', async () => {
    web.files.set('/x.csv.gz', gzipSync(csv(5)))
    expect(await load('/x.csv.gz')).toEqual(ids(5))
    web.answers.set('/sent', (_, s) => s.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(csv(5))))
    expect(await load('/sent')).toEqual(ids(5))
    web.files.set('/x.jsonl', Buffer.from('{"id": 9223372036854775807}\n'))
    expect(await load('/x.jsonl')).toEqual([9223372036854775807n])
    const parquet = join(folder, 'x.parquet')
    await engine.session(testContext(), (query) =>
      query(`COPY (SELECT 7::BIGINT AS id) TO '${parquet}' (FORMAT parquet)`),
    )
    web.files.set('/x.parquet', (await import('node:fs')).readFileSync(parquet))
    expect(await load('/x.parquet')).toEqual([7n])
  })

  test('that is too large, in plain too, or that comes too slowly, is given up', async () => {
    web.files.set('/big.csv', csv(5000))
    web.files.set('/bomb.gz', gzipSync(Buffer.alloc(5_000_000, '1')))
    for (const path of ['/big.csv', '/bomb.gz'])
      await expect(load(path, { mostBytes: 20_000 })).rejects.toMatchObject({ code: 'SOURCE_BROKEN', fix: expect.stringContaining('mostBytes') }) // biome-ignore format: one line
    web.answers.set('/hangs', () => {})
    web.answers.set('/half', (_, s) => void s.write('id\n'))
    web.answers.set('/drips', (_, s) => {
      const drip = setInterval(() => s.write('1'), 20)
      s.once('close', () => clearInterval(drip))
    })
    for (const path of ['/hangs', '/half', '/drips'])
      await expect(load(path, { retries: 1, patience: 0.2 })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    expect(web.asked.length).toBe(2 + 6)
  })

  test('that is not there, or not for us, is told; a busy server is asked again when it says', async () => {
    let busy = 0
    web.answers.set('/busy.csv', (q, s) => {
      if (++busy < 4)
        return void s
          .writeHead(busy === 1 ? 429 : 503, { 'retry-after': busy === 2 ? new Date().toUTCString() : '0' })
          .end()
      sendFile(csv(3), q, s)
    })
    const began = performance.now()
    expect(await load('/busy.csv')).toEqual(ids(3))
    expect(performance.now() - began).toBeLessThan(2000)
    web.answers.set('/secret', (_, s) => void s.writeHead(401).end())
    await expect(load('/secret')).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
    await expect(load('/nothing?key=abc')).rejects.toMatchObject({ code: 'SOURCE_MISSING', what: expect.not.stringContaining('abc') }) // biome-ignore format: one line
    web.files.set('/broken.csv', Buffer.from('id\nx\n'))
    await expect(load('/broken.csv')).rejects.toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining(`${web.origin}/broken.csv`) }) // biome-ignore format: one line
  })

  test('is known by what the server says of it; a stop ends it within a second', async () => {
    const state = async (path: string) => {
      const spec = http(`${web.origin}${path}`, ID)
      return (await httpConnector.fingerprint(spec, spec.path, { signal: testContext().signal, secret: resolveSecret }))
        .hash
    }
    web.files.set('/same.csv', csv(3))
    expect(await state('/same.csv')).toBe(await state('/same.csv'))
    const former = await state('/same.csv')
    web.files.set('/same.csv', csv(4))
    expect(await state('/same.csv')).not.toBe(former)
    web.answers.set('/unknown', (_, s) => void s.end('id\n1\n'))
    expect(await state('/unknown')).not.toBe(await state('/unknown'))
    web.answers.set('/hangs', () => {})
    const began = performance.now()
    await expect(load('/hangs', {}, AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

test('secrets go to the first origin only, and into no message', async () => {
  process.env['GALLEY_SECRET_HTTP_KEY'] = 'very-secret-key'
  const seen: unknown[] = []
  web.answers.set('/key', (q, s) => {
    seen.push([q.headers['authorization'], q.headers['x-own'], new URL(q.url ?? '', web.origin).searchParams.get('k')])
    s.writeHead(400).end()
  })
  const key = secret('HTTP_KEY')
  const failed = load('/key', { bearer: key, headers: { 'X-Own': key }, query: { k: key } })
  await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('very-secret') })
  expect(seen).toEqual([['Bearer very-secret-key', 'very-secret-key', 'very-secret-key']])
  await expect(load('/key', { headers: { Authorization: 'Bearer x' } })).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
  })
})

test('no private place is read, whether named, led to, or told as a next page', async () => {
  const { port } = new URL(web.origin)
  for (const to of [
    'http://169.254.169.254/latest/meta-data/',
    `http://localhost:${port}/x`,
    `http://[::1]:${port}/`,
    'file:///etc/passwd',
  ]) {
    // biome-ignore format: one line
    web.answers.set('/leads', (_, s) => void s.writeHead(302, { location: to }).end())
    await expect(load('/leads')).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    web.answers.set('/pages', (_, s) => void json(s, { data: [{ id: 1 }], next: to }))
    await expect(load('/pages', { pages: { rows: '/data' } })).rejects.toMatchObject({ code: expect.stringMatching(/^(ADDRESS|SOURCE)_REFUSED$/) }) // biome-ignore format: one line
  }
  const allowed = process.env['GALLEY_ALLOW_PRIVATE']
  delete process.env['GALLEY_ALLOW_PRIVATE']
  web.asked.length = 0
  await expect(load('/same.csv')).rejects.toMatchObject({ code: 'ADDRESS_REFUSED', fix: expect.stringContaining(`GALLEY_ALLOW_PRIVATE=127.0.0.1:${port}`) }) // biome-ignore format: one line
  process.env['GALLEY_ALLOW_PRIVATE'] = allowed
  expect(web.asked).toEqual([])
})

describe('pages of an answer', () => {
  const all = Array.from({ length: 25 }, (_, i) => ({ id: i }))
  const want = all.map((r) => BigInt(r.id))
  const serve = (page: (q: URLSearchParams, response: ServerResponse) => void) =>
    web.answers.set('/rows', (q, s) => page(new URL(q.url ?? '', web.origin).searchParams, s))
  const slice = (from: number, size = 10) => all.slice(from, from + size)

  test('follow each other by a link, an address, a number, an offset or a cursor', async () => {
    const from = (q: URLSearchParams) => Number(q.get('from') ?? 0)
    serve((q, s) => json(s, slice(from(q)), from(q) < 20 ? { link: `<${web.origin}/rows?from=0>; rel="first", </rows?from=${from(q) + 10}>; rel="next"` } : {})) // biome-ignore format: one line
    expect(await load('/rows', { pages: { next: 'link' } })).toEqual(want)
    serve((q, s) => json(s, { data: slice(from(q)), links: { next: from(q) < 20 ? `?from=${from(q) + 10}` : null } }))
    expect(await load('/rows', { pages: { rows: '/data', next: '/links/next' } })).toEqual(want)
    serve((q, s) => json(s, slice((Number(q.get('p')) - 1) * 10)))
    expect(await load('/rows', { pages: { page: 'p' } })).toEqual(want)
    serve((q, s) => json(s, slice(Number(q.get('o')), Number(q.get('n')))))
    expect(await load('/rows', { pages: { offset: 'o', size: 10 }, query: { n: 10 } })).toEqual(want)
    serve((q, s) => json(s, { d: slice(Number(q.get('c') ?? 0)), meta: { c: Number(q.get('c') ?? 0) < 20 ? Number(q.get('c') ?? 0) + 10 : null } })) // biome-ignore format: one line
    expect(await load('/rows', { pages: { rows: '/d', cursor: 'c', at: '/meta/c' } })).toEqual(want)
    serve((_, s) => json(s, []))
    expect(await load('/rows', { pages: { page: 'p' } })).toEqual([])
  })

  test('are whole or read again, keep all digits, and are no circle', async () => {
    let asked = 0
    serve((q, s) => {
      const text = JSON.stringify(slice((Number(q.get('p')) - 1) * 10)).replace('"id":24', '"id":9223372036854775807')
      if (asked++ % 2 === 1) return void s.end(text)
      // half a page, by a connection that ends or by a length that is not kept
      s.write(text.slice(0, text.length / 2), () => setTimeout(() => s.destroy(), 100))
    })
    expect(await load('/rows', { pages: { page: 'p' } })).toEqual([...want.slice(0, 24), 9223372036854775807n])
    serve((_, s) => json(s, { data: slice(0), next: '/rows' }))
    await expect(load('/rows', { pages: { rows: '/data' } })).rejects.toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining('do not end') }) // biome-ignore format: one line
    serve((_, s) => json(s, { data: 1 }))
    await expect(load('/rows', { pages: { rows: '/data' } })).rejects.toMatchObject({ what: expect.stringContaining('no list') }) // biome-ignore format: one line
    serve((_, s) => void s.end('<html>'))
    await expect(load('/rows', { pages: {} })).rejects.toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining('JSON') }) // biome-ignore format: one line
  })
})
