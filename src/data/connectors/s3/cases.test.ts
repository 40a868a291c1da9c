import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { resolveSecret, secret } from '../../../base/secrets.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import type { Part } from '../connector.ts'
import { csv } from '../csv.ts'
import type { parquet } from '../parquet.ts'
import { type S3Options, s3, s3Connector } from '../s3.ts'
import { snapshotContext } from '../testing/context.ts'
import { bucketOf } from './bucket.ts'
import { patternOf } from './objects.ts'
import { signed } from './sign.ts'
import { testObjects } from './testing.ts'
import { upload } from './upload.ts'

const store = await testObjects()
const folder = mkdtempSync(join(tmpdir(), 'galley-s3-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  store.objects.clear()
  store.asked.length = 0
  store.odd = undefined
})

const AT = { endpoint: store.endpoint, region: 'eu-test-1', credentials: secret('S3_TEST'), patience: 2 } as const
const reach = { signal: testContext().signal, secret: resolveSecret }
let last = 0
async function load(
  path: string,
  options: S3Options = {},
  signal = reach.signal,
  of: typeof csv | typeof parquet = csv,
) {
  const kept = join(folder, `kept-${++last}`)
  mkdirSync(kept)
  const spec = s3(path, of as typeof csv, { id: 'int64' }, { ...AT, ...options })
  const parts: Part[] = []
  for await (const part of s3Connector.parts?.(spec, path, { ...reach, signal }) ?? []) parts.push(part)
  try {
    return await engine.session({ ...testContext(), signal }, async (query) => {
      const got = await s3Connector.snapshot(spec, path, snapshotContext(query, kept, { signal, parts }))
      const rows = await query(`SELECT id FROM read_parquet('${got.files[0]}')`)
      return { ...got, parts, ids: rows.map((r) => Number(r['id'])) }
    })
  } finally {
    // objects that were fetched go, whatever happened
    expect(readdirSync(kept).filter((n) => n.startsWith('object'))).toEqual([])
  }
}
const lines = (from: number, n: number) =>
  Buffer.from(`id\n${Array.from({ length: n }, (_, i) => from + i).join('\n')}\n`)
const count = (n: number) => Array.from({ length: n }, (_, i) => i)

test.each([
  [
    'GET',
    '/test.txt',
    { range: 'bytes=0-9' },
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT',
    '/test%24file.text',
    { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET',
    '/?lifecycle',
    {},
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'GET',
    '/?max-keys=2&prefix=J',
    {},
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
])("signs %s %s as AWS's documentation of Signature Version 4 does", (method, path, headers, payload, signature) => {
  const keys = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
  const url = new URL(path, 'https://examplebucket.s3.amazonaws.com')
  const about = { method, url, headers, payload, region: 'us-east-1', keys, now: Date.UTC(2013, 4, 24) }
  expect(signed(about)['authorization']).toContain(`Signature=${signature}`)
})

test('patterns of keys', () => {
  const matching = (pattern: string, ...keys: string[]) => keys.filter(patternOf(pattern).matches)
  expect(matching('in/*.csv', 'in/a.csv', 'in/b/a.csv', 'in/.csv', 'out/a.csv')).toEqual(['in/a.csv', 'in/.csv'])
  expect(matching('in/**/x?.csv', 'in/x1.csv', 'in/a/b/x2.csv', 'in/x.csv')).toEqual(['in/x1.csv', 'in/a/b/x2.csv'])
  expect(matching('in/', 'in/', 'in/a', 'in/b/c', 'inn/a')).toEqual(['in/a', 'in/b/c'])
  expect(patternOf('a(b)/c+d/*.csv').prefix).toBe('a(b)/c+d/')
})

test('objects with odd keys are listed page by page and read; one alone is read without a list', async () => {
  const keys = ['in/a b+c&d.csv', "in/it's (1).csv", 'in/판매 #1%20?.csv', 'in/x=1~é.csv', 'in/z!*.csv']
  for (const [i, key] of keys.entries()) store.objects.set(key, lines(i * 10, 10))
  store.objects.set('in/none.txt', Buffer.from('x'))
  const got = await load('s3://bucket/in/*.csv')
  expect(got.ids.sort((a, b) => a - b)).toEqual(count(50))
  expect(store.asked.filter((a) => a === 'LIST').length).toBe(3)
  store.asked.length = 0
  store.objects.set('one.csv', lines(0, 3))
  expect((await load('s3://bucket/one.csv')).ids).toEqual([0, 1, 2])
  expect(store.asked).toEqual(['HEAD one.csv', 'GET one.csv'])
})

test('what is cut is read on from there; what changed meanwhile, or is not what its checksum says, is told', async () => {
  const whole = lines(0, 50_000)
  store.objects.set('big.csv', whole)
  let cuts = 0
  store.odd = (asked, response) => {
    if (!asked.startsWith('GET') || cuts === 5) return false
    cuts++
    const from = Number(/bytes=(\d+)-/.exec(asked)?.[1] ?? 0)
    const range = from > 0 ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': whole.length - from, ...range })
    response.write(whole.subarray(from, from + 40_000), () => setTimeout(() => response.destroy(), 50))
    return true
  }
  expect((await load('s3://bucket/big.csv')).ids).toEqual(count(50_000))
  expect(cuts).toBe(5)
  expect(store.asked.filter((a) => /bytes=[1-9]/.test(a)).length).toBe(5)
  store.odd = (asked) => {
    if (asked === 'GET big.csv') store.objects.set('big.csv', lines(7, 50_000))
    return false
  }
  await expect(load('s3://bucket/big.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING', what: expect.stringContaining('changed while it was read') }) // biome-ignore format: one line
  const { etag } = { etag: '"0123456789abcdef0123456789abcdef"' }
  store.odd = (asked, response) => {
    const body = asked.startsWith('GET') ? lines(0, 3) : undefined
    response.writeHead(200, { etag, 'content-length': 9 }).end(body)
    return true
  }
  await expect(load('s3://bucket/big.csv')).rejects.toMatchObject({ code: 'SOURCE_BROKEN', why: expect.stringContaining('checksum') }) // biome-ignore format: one line
}, 30_000)

test('a busy store is asked again; one that does not let us in, or has nothing, is told with its own word', async () => {
  store.objects.set('a.csv', lines(0, 3))
  let busy = 0
  store.odd = (_, response) => {
    if (busy++ % 2 === 1) return false
    response.writeHead(503, { 'retry-after': '0' }).end('<Error><Code>SlowDown</Code></Error>')
    return true
  }
  expect((await load('s3://bucket/a.csv')).ids).toEqual([0, 1, 2])
  store.odd = undefined
  await expect(load('s3://bucket/b.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
  await expect(load('s3://bucket/in/*.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
  await expect(load('s3://other/in/*.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING', what: expect.stringContaining('NoSuchBucket') }) // biome-ignore format: one line
  process.env['GALLEY_SECRET_S3_WRONG'] = 'TESTID:another-secret-key'
  const wrong = await load('s3://bucket/in/*.csv', { credentials: secret('S3_WRONG') }).catch((e: unknown) => e)
  expect(wrong).toMatchObject({ code: 'SOURCE_REFUSED', what: expect.stringContaining('SignatureDoesNotMatch') })
  expect(JSON.stringify(wrong)).not.toContain('another-secret-key')
  process.env['GALLEY_SECRET_S3_NONE'] = 'no keys'
  await expect(load('s3://bucket/a.csv', { credentials: secret('S3_NONE') })).rejects.toMatchObject({ code: 'SECRET_INVALID' }) // biome-ignore format: one line
  await expect(load('s3://bucket/a.csv', { endpoint: 'http://127.0.0.2:9', retries: 0 })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' }) // biome-ignore format: one line
  await expect(load('s3://bucket/a/../b.csv')).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
  expect(() => s3('bucket/a', csv, {})).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
  expect(() => s3('s3://bucket/a', csv, {}, { brokenFiles: 'skip' as never })).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' })) // biome-ignore format: one line
})

test('a broken object is told by its name, or set aside; a reading that is stopped ends within a second', async () => {
  store.objects.set('in/a.csv', lines(0, 3))
  store.objects.set('in/b.csv', Buffer.from('id\n1\nx\n'))
  store.objects.set('in/c.csv', Buffer.from(''))
  await expect(load('s3://bucket/in/*.csv')).rejects.toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining('s3://bucket/in/b.csv') }) // biome-ignore format: one line
  const got = await load('s3://bucket/in/*.csv', { brokenFiles: 'quarantine' })
  expect([got.ids, got.rejected]).toEqual([[0, 1, 2], { 'broken file': 2 }])
  store.odd = (asked, response) => {
    if (!asked.startsWith('GET')) return false
    response.writeHead(200, { 'content-length': 100 }).write('id\n')
    return true
  }
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 300)
  const began = performance.now()
  await expect(load('s3://bucket/in/*.csv', { patience: 60 }, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' }) // biome-ignore format: one line
  expect(performance.now() - began).toBeLessThan(1300)
})

test('a file is stored as a whole or not at all, in one request or in parts', async () => {
  const bucket = bucketOf('bucket', AT, reach)
  const file = join(folder, 'large')
  const body = Buffer.alloc((20 << 20) + 7, 'galley ')
  writeFileSync(file, body)
  const seen: number[] = []
  await upload(bucket, 'out/large +1', file, (p) => void seen.push(p.done))
  expect(store.objects.get('out/large +1')?.equals(body)).toBe(true)
  expect(seen.at(-1)).toBe(body.length)
  // a part that fails for good: what was there stays, and the upload is given up
  store.odd = (asked, response) => {
    if (asked !== 'PUT out/large +1' || store.asked.filter((a) => a === asked).length < 6) return false
    response.writeHead(400).end('<Error><Code>EntityTooLarge</Code></Error>')
    return true
  }
  writeFileSync(file, Buffer.alloc(body.length, 'other '))
  await expect(upload(bucket, 'out/large +1', file, () => {})).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
  expect(store.objects.get('out/large +1')?.equals(body)).toBe(true)
  expect(store.asked).toContain('DELETE out/large +1')
  // an error after the answer began
  store.odd = (asked, response) => {
    if (asked !== 'POST out/odd' || store.asked.filter((a) => a === asked).length < 2) return false
    response.writeHead(200).end('<Error><Code>InternalError</Code></Error>')
    return true
  }
  await expect(upload(bucket, 'out/odd', file, () => {})).rejects.toMatchObject({ why: expect.stringContaining('InternalError') }) // biome-ignore format: one line
})

test('tables are written in the format of the key', async () => {
  const request = {
    ...{ sql: 'SELECT range::BIGINT AS id FROM range(5)', target: 's3://bucket/out/t.csv', options: { ...AT } },
    ...{
      schema: [{ name: 'id', type: 'int64', nullable: true }] as const,
      open: () => Promise.reject(new Error('none')),
    },
  }
  const temp = async () => join(folder, `temp-${++last}`)
  const rows = await engine.session(
    testContext(),
    (query) => s3Connector.write?.(request, { ...reach, query, progress: () => {}, temp }) as Promise<number>,
  )
  expect([rows, store.objects.get('out/t.csv')?.toString()]).toEqual([5, 'id\n0\n1\n2\n3\n4\n'])
  expect(readdirSync(folder).filter((n) => n.startsWith('temp-'))).toEqual([])
  expect(readFileSync(join(folder, 'large')).length).toBeGreaterThan(0)
})
