import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resolveSecret, secret } from '../../src/base/secrets.ts'
import type { Part } from '../../src/data/connectors/connector.ts'
import { csv } from '../../src/data/connectors/csv.ts'
import { parquet } from '../../src/data/connectors/parquet.ts'
import { bucketOf } from '../../src/data/connectors/s3/bucket.ts'
import { headOf } from '../../src/data/connectors/s3/objects.ts'
import { upload } from '../../src/data/connectors/s3/upload.ts'
import { type S3Options, s3, s3Connector } from '../../src/data/connectors/s3.ts'
import { snapshotContext } from '../../src/data/connectors/testing/context.ts'
import { KILLS, readElsewhere } from '../../src/data/connectors/testing/kills.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'

/*
 * moto's server: an S3 that is not ours. Between it and us stands a wire that can be cut and starved.
 */

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'galley-s3-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'duckdb') })
let moto: ChildProcess
let wire: Server
let port = 0
/** What the wire does to each connection: bytes that it lets through before it cuts, and bytes a second. */
let fault: { cut?: number; rate?: number } | undefined
let reach: S3Options

beforeAll(async () => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const motoPort = (free.address() as { port: number }).port
  await new Promise((resolve) => free.close(resolve))
  moto = spawn(join(dirname(python), 'moto_server'), ['-H', '127.0.0.1', '-p', String(motoPort)], { stdio: 'ignore' })
  wire = createServer((from) => through(from, motoPort))
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  port = (wire.address() as { port: number }).port
  process.env['GALLEY_ALLOW_PRIVATE'] = `127.0.0.1:${port}`
  process.env['GALLEY_SECRET_MOTO'] = 'testing:testing-secret'
  reach = { endpoint: `http://127.0.0.1:${port}`, credentials: secret('MOTO'), patience: 2 }
  for (let tries = 0; ; tries++)
    try {
      await bucket().ask({ method: 'PUT' })
      break
    } catch (error) {
      if (tries > 100) throw error
      await sleep(200)
    }
}, 60_000)
afterAll(async () => {
  wire?.close()
  moto?.kill('SIGKILL')
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

afterEach(() => {
  fault = undefined
})

function through(from: Socket, to: number): void {
  const server = dial(to, '127.0.0.1')
  const mine = fault
  let passed = 0
  from.pipe(server)
  server.on('data', (data) => {
    passed += data.length
    if (mine?.cut !== undefined && passed > mine.cut) {
      from.write(data.subarray(0, Math.max(0, mine.cut - (passed - data.length))), () => from.resetAndDestroy())
      server.destroy()
      return
    }
    from.write(data)
    if (mine?.rate === undefined) return
    server.pause()
    setTimeout(() => server.resume(), (data.length / mine.rate) * 1000)
  })
  server.on('end', () => from.end())
  for (const [a, b] of [[from, server], [server, from]] as const) a.on('error', () => b.destroy()).on('close', () => b.destroy()) // biome-ignore format: one line
}

const { signal } = testContext()
const bucket = (options: S3Options = reach) => bucketOf('interop', options as never, { signal, secret: resolveSecret })
const put = async (key: string, text: string | Uint8Array) => {
  await bucket().text({ method: 'PUT', key, body: Buffer.from(text) })
}
const lines = (from: number, n: number) => `id\n${Array.from({ length: n }, (_, i) => from + i).join('\n')}\n`
let last = 0
async function load(path: string, options: S3Options = {}, of: typeof csv = csv) {
  const kept = join(folder, `kept-${++last}`)
  mkdirSync(kept)
  const spec = s3(path, of, { id: 'int64' }, { ...reach, ...options })
  const parts: Part[] = []
  for await (const part of s3Connector.parts?.(spec, path, { signal, secret: resolveSecret }) ?? []) parts.push(part)
  return engine.session(testContext(), async (query) => {
    const got = await s3Connector.snapshot(spec, path, snapshotContext(query, kept, { parts }))
    const rows = await query(`SELECT id FROM read_parquet('${got.files[0]}') ORDER BY id`)
    return { parts, ids: rows.map((r) => Number(r['id'])) }
  })
}
const count = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

test('objects of a prefix, with odd keys and over several pages, are read; what changed has another identity', async () => {
  const keys = ['in/a b+c&d=1;e.csv', 'in/판매 #1%20?.csv', "in/it's (1)!*.csv", 'in/x~y.csv']
  for (const [i, key] of keys.entries()) await put(key, lines(i * 10, 10))
  const first = await load('s3://interop/in/*.csv')
  expect(first.ids).toEqual(count(40))
  await put('in/x~y.csv', lines(100, 10))
  const second = await load('s3://interop/in/*.csv')
  expect(second.ids).toEqual([...count(30), ...count(10, 100)])
  expect(second.parts.filter((p) => !first.parts.some((q) => q.id === p.id && q.identity === p.identity)).length).toBe(
    1,
  )
  for (let i = 0; i < 1100; i++) await put(`many/${i}.csv`, 'id\n1\n')
  const listed: string[] = []
  const spec = s3('s3://interop/many/', csv, { id: 'int64' }, reach)
  for await (const part of s3Connector.parts?.(spec, spec.path, { signal, secret: resolveSecret }) ?? []) listed.push(part.id) // biome-ignore format: one line
  expect(new Set(listed).size).toBe(1100)
}, 120_000)

test('a large file goes up in parts and comes back the same', async () => {
  const file = join(folder, 'large.csv')
  const text = lines(0, 3_000_000)
  writeFileSync(file, text)
  await upload(bucket(), 'large.csv', file, () => {})
  expect((await headOf(bucket(), 'large.csv'))?.bytes).toBe(Buffer.byteLength(text))
  expect((await load('s3://interop/large.csv')).ids.length).toBe(3_000_000)
  const temp = async () => join(folder, `temp-${++last}`)
  const target = 's3://interop/out/t.parquet'
  const request = {
    ...{ sql: 'SELECT range::BIGINT AS id FROM range(500)', target, options: { ...reach } as never },
    ...{ schema: [{ name: 'id', type: 'int64', nullable: true }] as const, open: () => Promise.reject(new Error('none')) }, // biome-ignore format: one line
  }
  const context = { signal, secret: resolveSecret, progress: () => {}, temp }
  expect(await engine.session(testContext(), (query) => s3Connector.write?.(request, { ...context, query }) as Promise<number>)).toBe(500) // biome-ignore format: one line
  expect((await load(target, {}, parquet as never)).ids).toEqual(count(500))
}, 120_000)

test('a wire that is cut or starved delays a reading; one that gives nothing ends it', async () => {
  await put('cut.csv', lines(0, 100_000))
  fault = { cut: 250_000 }
  expect((await load('s3://interop/cut.csv')).ids).toEqual(count(100_000))
  fault = { rate: 400_000 }
  expect((await load('s3://interop/cut.csv')).ids).toEqual(count(100_000))
  fault = { rate: 10 }
  await expect(load('s3://interop/cut.csv', { patience: 1, retries: 1, slowest: 100_000 })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' }) // biome-ignore format: one line
}, 120_000)

test(
  `readers killed ${KILLS} times: the next one gives the same rows`,
  async () => {
    for (let i = 0; i < 20; i++) await put(`killed/${i}.csv`, lines(i * 5000, 5000))
    const own = join(folder, 'killed')
    const path = 's3://interop/killed/*.csv'
    const spec = s3(path, csv, { id: 'int64' }, reach)
    for (let kill = 0; kill < KILLS; kill++) await readElsewhere(spec, path, own, (kill * 37) % 400)
    const files = (await readElsewhere(spec, path, own)) as string[]
    const list = files.map((f) => `'${f}'`).join(', ')
    const [found] = await engine.session(testContext(), (q) => q(`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM read_parquet([${list}])`)) // biome-ignore format: one line
    expect(found).toEqual({ n: '100000', ids: '100000' })
  },
  60_000 + KILLS * 20_000,
)

test(
  `writers killed ${KILLS} times: an object is as it was before, or whole`,
  async () => {
    const script = join(folder, 'writer.mjs')
    const at = (path: string) => new URL(`../../src/${path}`, import.meta.url).href
    writeFileSync(
      script,
      `import { resolveSecret } from '${at('base/secrets.ts')}'
import { bucketOf } from '${at('data/connectors/s3/bucket.ts')}'
import { upload } from '${at('data/connectors/s3/upload.ts')}'
const [key, file, options] = process.argv.slice(2)
const bucket = bucketOf('interop', JSON.parse(options), { signal: new AbortController().signal, secret: resolveSecret })
process.stdout.write('ready\\n')
await upload(bucket, key, file, () => {})
`,
    )
    const sizes = [20 << 20, 25 << 20]
    const file = join(folder, 'half')
    writeFileSync(file, Buffer.alloc(sizes[0] as number))
    await upload(bucket(), 'half', file, () => {})
    let alive = 0
    writeFileSync(file, Buffer.alloc(sizes[1] as number, 1))
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, ['--no-warnings', script, 'half', file, JSON.stringify(reach)], { stdio: ['ignore', 'pipe', 'inherit'] }) // biome-ignore format: one line
      const ended = new Promise((resolve) => child.on('close', resolve))
      await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended])
      await sleep((kill * 53) % 300)
      if (child.exitCode === null) alive++
      child.kill('SIGKILL')
      await ended
      expect(sizes).toContain((await headOf(bucket(), 'half'))?.bytes)
    }
    await upload(bucket(), 'half', file, () => {})
    expect((await headOf(bucket(), 'half'))?.bytes).toBe(sizes[1])
    expect(alive).toBeGreaterThan(0)
  },
  60_000 + KILLS * 20_000,
)
