import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { GalleyError } from '../../base/errors.ts'
import { count, max } from '../../plan/aggregates.ts'
import { type Node, plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import { asBag, collect, testContext } from '../conformance/compare.ts'
import { createDuckdbEngine } from '../duckdb/index.ts'
import { isGaps } from '../engine.ts'
import { type Device, openDevice } from './device.ts'
import { createWebgpuEngine, type WebgpuOptions } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-device-'))
const host = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})
let device: Promise<Device> | undefined
const open = () => (device ??= openDevice())
/** An engine that must not leave a plan to the host, unless a test says so. */
const say = (why: string): never => {
  throw new Error(`it went to the host: ${why}`)
}
const make = (more: Partial<WebgpuOptions> = {}) => createWebgpuEngine({ host, open, memoryMiB: 256, say, ...more })

const COLUMNS = { id: 'int64', at: 'local timestamp', late: 'bool', city: 'string', delay: 'int32' } as const
const CITIES = "['Seoul', 'Busan', '대전', NULL]"
/** A Parquet file of so many rows. */
async function table(rows: number, columns = `(${CITIES})[1 + (i % 4)] AS city`) {
  const file = join(folder, `${rows}-${columns.length}.parquet`)
  await host.session(testContext(), (query) =>
    query(`COPY (SELECT i AS id, make_timestamp(978307200000000 + i * 60000000) AS at, i % 3 = 0 AS late, ${columns},
      (i % 500 - 100)::INTEGER AS delay FROM range(${rows}) t(i)) TO '${file}' (FORMAT parquet)`),
  )
  return scan({ kind: 'parquet', files: [file] }, COLUMNS)
}
type Table = Awaited<ReturnType<typeof table>>
const derived = (t: Table) =>
  t.derive((r) => ({ hour: r.at.hour(), bad: r.delay.gt(15).and(r.late), seoul: r.city.eq('Seoul') }))

async function both(engine: ReturnType<typeof make>, n: Node) {
  expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(host, n)))
}

test('the ledger has every byte: the columns that are read, packed, up; the results down', async () => {
  const rows = 10_000
  const n = derived(await table(rows)).select('hour', 'bad', 'seoul').node
  const prepared = make().prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  for await (const _ of (await prepared.run(ctx, 'batches')).batches());
  const bits = 4 * Math.ceil(rows / 32)
  // at in minutes; late; city and where it is missing; delay; what three kernels are told that put these at their width; then
  // the number of rows and the places of four inputs and three outputs
  const up = 2 * rows + bits + (rows + bits) + 2 * rows + 3 * 4 * 6 + 4 * (2 + 2 * 4 + 2 * 3)
  // whether a value failed; hour; bad; seoul and where it is missing
  const down = 4 + 8 * rows + bits + (bits + bits)
  expect(ctx.ledger.total()).toMatchObject({ up, down, readbacks: 1 })
})

test('with a filter two readbacks: how many rows are kept, then those alone', async () => {
  const t = await table(10_000)
  const n = t.filter((r) => r.delay.gt(390)).select('id').node
  const prepared = make().prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  let kept = 0
  for await (const batch of (await prepared.run(ctx, 'batches')).batches()) kept += batch.rows
  expect(kept).toBe(180)
  expect(ctx.ledger.total()).toMatchObject({ down: 8 + 8 * kept, readbacks: 2 })
})

test.each([0, 1, 31, 32, 33, 4096, 70_001])('%d rows, in segments of 5,000, agree with DuckDB', async (rows) => {
  const t = await table(rows)
  await both(make({ segment: 5000 }), derived(t).filter((r) => r.bad.or(r.seoul)).node)
  await both(make({ segment: 5000 }), derived(t).node)
})

test('a column without any value, and one that is not read', async () => {
  const t = await table(1000, 'NULL::VARCHAR AS city')
  await both(make(), derived(t).select('seoul', 'hour').node)
  await both(make(), t.filter((r) => r.city.isNull()).select('id').node)
})

test('more rows than one dispatch takes in one direction, and a million words', async () => {
  const rows = 4_300_000
  const t = await table(rows, "'w' || (i % 1000000) AS city")
  const engine = make({ segment: 2 ** 23, memoryMiB: 1024 })
  const n = t.filter((r) => r.id.mod(1_000_000).eq(7).and(r.city.ne('w8'))).select('id', 'city').node
  await both(engine, n)
}, 120_000)

test('with little memory it computes in smaller segments; what does not fit at all says what to raise', async () => {
  const t = await table(70_001)
  await both(make({ memoryMiB: 1 }), derived(t).filter((r) => r.bad).node)
  await both(make({ memoryMiB: 1 }), t.aggregate(['city'], (r) => ({ n: count(), most: max(r.delay) })).node)
  await expect(collect(make({ memoryMiB: 1, segment: 70_001 }), derived(t).node)).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    fix: expect.stringContaining('memoryMiB'),
  })
})

test('a value that fails is told as DuckDB tells it', async () => {
  const t = await table(5000)
  const n = t.derive((r) => ({ big: r.id.plus(1).times(4_000_000_000_000_000) })).node
  const told = (engine: ReturnType<typeof make> | typeof host) => collect(engine, n).catch((e: unknown) => String(e))
  expect(await told(make())).toBe(await told(host))
})

test('plans run at once on one device', async () => {
  const engine = make({ segment: 1000 })
  const t = await table(4096)
  await Promise.all([1, 2, 3, 4].map((k) => both(engine, derived(t).filter((r) => r.delay.gt(k * 50)).node)))
})

test('where there is no device, or it was lost, the plan runs on the host, and it is said', async () => {
  const t = await table(4096)
  const n = derived(t).filter((r) => r.bad).node
  const said: string[] = []
  const none = async (): Promise<Device> => {
    throw new GalleyError('DEVICE_MISSING', { what: 'there is no graphics device', why: 'no driver' })
  }
  await both(make({ open: none, say: (why) => said.push(why) }), n)
  expect(said).toEqual(['no driver'])

  let opened = 0
  const own = async () => {
    opened++
    return openDevice()
  }
  const engine = make({ open: own, say: (why) => said.push(why) })
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ready = await prepared.run(testContext(), 'batches')
  await engine.close() // ends the device under the relation
  await new Promise((resolve) => setTimeout(resolve, 50))
  let rows = 0
  for await (const batch of ready.batches()) rows += batch.rows
  expect(rows).toBe((await collect(host, n)).length)
  expect(said).toHaveLength(2)
  await both(engine, n)
  expect(opened).toBe(2)
})

test('what the device refuses goes to the host: a kernel that is too deep, and memory that is not there', async () => {
  const t = await table(1000)
  const real = await open()
  const said: string[] = []
  const refusing = (what: 'buffer' | 'pipeline', nth: number): Device => {
    let calls = 0
    const gpu = new Proxy(real.gpu, {
      get(target, name) {
        const own = Reflect.get(target, name) as unknown
        if (what === 'buffer' && name === 'createBuffer')
          // a buffer that is invalid, as one is for which there is no memory
          return (d: GPUBufferDescriptor) =>
            target.createBuffer(++calls === nth && !d.mappedAtCreation ? { ...d, usage: 0 } : d)
        if (what === 'pipeline' && String(name).startsWith('createComputePipeline'))
          return () => {
            throw new Error('too deep')
          }
        return typeof own === 'function' ? own.bind(target) : own
      },
    })
    return { ...real, gpu }
  }
  const plans = [
    derived(t).node,
    derived(t).filter((r) => r.bad).node,
    t.aggregate(['city'], (r) => ({ n: count(), most: max(r.id) })).node,
  ]
  for (const n of plans) {
    for (let nth = 1; nth < 14; nth++)
      await both(make({ open: async () => refusing('buffer', nth), say: (why) => said.push(why) }), n)
    await both(make({ open: async () => refusing('pipeline', 0), say: (why) => said.push(why) }), n)
  }
  expect(said.length).toBeGreaterThan(20)
})

test('lists of any length, and chains whose values double at each step', async () => {
  const t = await table(100)
  let doubled = t.select('id')
  for (let k = 0; k < 40; k++) doubled = doubled.derive((r) => ({ id: r.id.plus(r.id).minus(r.id) })) as typeof doubled
  await both(make(), doubled.node)
  const many = Array.from({ length: 700 }, (_, i) => i * 3)
  await both(make(), t.filter((r) => r.id.isIn(many)).node)
})

test('rows of a table whose first column is not held are counted', async () => {
  const odd = scan({ kind: 'rows', rows: [['AQ==', '1'], ['Ag==', '2']] }, { raw: 'bytes', id: 'int64' }) // biome-ignore format: one line
  await both(make(), odd.aggregate([], () => ({ n: count() })).node)
})

test('a signal ends it', async () => {
  const prepared = make({ segment: 100 }).prepare(plan(derived(await table(70_001)).node))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const controller = new AbortController()
  const relation = await prepared.run({ ...testContext(), signal: controller.signal }, 'batches')
  setTimeout(() => controller.abort(), 100)
  const read = async () => {
    for await (const _ of relation.batches());
  }
  await expect(read()).rejects.toMatchObject({ code: 'CANCELLED' })
})
