import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { GalleyError } from '../../base/errors.ts'
import { count, mean, sum } from '../../plan/aggregates.ts'
import { hours } from '../../plan/durations.ts'
import { applied, bindFit, type FitRow, fitQueries } from '../../plan/fits/index.ts'
import { targetEncode } from '../../plan/fits/target.ts'
import { type Node, plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import type { Value } from '../batch.ts'
import { asBag, collect, line, testContext } from '../conformance/compare.ts'
import { createDuckdbEngine } from '../duckdb/index.ts'
import { isGaps, type Sink } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createRowEngine } from '../row/index.ts'
import { literalOf } from '../values.ts'
import { type Device, openDevice } from './device.ts'
import { createWebgpuEngine, type WebgpuOptions } from './index.ts'
import { type DeviceRelation, isOnDevice } from './table.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-tables-'))
const host = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})
let device: Promise<Device> | undefined
const open = () => (device ??= openDevice())
const said: string[] = []
/** An engine that must not leave a plan to the host. */
const make = (more: Partial<WebgpuOptions> = {}) =>
  createWebgpuEngine({ host, open, memoryMiB: 256, say: (why) => said.push(why), ...more })

const EVENTS = { id: 'int64', key: 'string', at: 'timestamp', yes: 'bool', n: 'int32' } as const
const PLACES = { place: 'string', degrees: 'float64' } as const
async function parquet(name: string, sql: string): Promise<{ kind: 'parquet'; files: string[] }> {
  const file = join(folder, `${name}.parquet`)
  await host.session(testContext(), (query) => query(`COPY (${sql}) TO '${file}' (FORMAT parquet)`))
  return { kind: 'parquet', files: [file] }
}
const events = async (rows: number, key = "'k' || (i % 97)") =>
  scan(
    await parquet(
      `events-${rows}-${key.length}`,
      `SELECT i AS id, ${key} AS key, make_timestamp(978307200000000 + (i * 7919 % 100000) * 60000000)::TIMESTAMPTZ AS at,
         CASE WHEN i % 5 > 0 THEN i % 3 = 0 END AS yes, (i % 500 - 100)::INTEGER AS n FROM range(${rows}) t(i)`,
    ),
    EVENTS,
  )
const places = async () =>
  scan(await parquet('places', "SELECT 'k' || i AS place, i / 7 AS degrees FROM range(50) t(i)"), PLACES)
type Events = Awaited<ReturnType<typeof events>>

async function both(engine: ReturnType<typeof make>, n: Node) {
  expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(host, n)))
}
async function run(engine: ReturnType<typeof make>, n: Node, sink: Sink) {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  return { relation: await prepared.run(ctx, sink), total: () => ctx.ledger.total() }
}
const joined = async (t: Events) => t.join(await places(), { key: 'place' })
const windows = (t: Events) =>
  t.asOf(
    t.rolling({ by: 'key', on: 'at', over: hours(30) }, (r) => ({ share: mean(r.yes), n30: count(), sum30: sum(r.n) })),
    { by: 'key', at: 'at' },
  )

test('joins, windows, latest rows, groups and sorts agree with DuckDB, and nothing went to the host', async () => {
  const t = await events(5000)
  const j = await joined(t)
  await both(make(), j.derive((r) => ({ more: r.degrees.times(r.n).plus(0.1).div(3) })).node)
  await both(make(), windows(t).node)
  await both(make(), windows(t.filter((r) => r.n.gt(50))).distinct().node)
  const latest = t.select('key', 'at', 'n').rename({ n: 'former' })
  await both(make(), t.asOf(latest, { by: 'key', at: 'at', on: 'at' }).node)
  await both(make(), j.aggregate(['key'], (r) => ({ rows: count(), all: sum(r.n) })).filter((r) => r.rows.gt(10)).node)
  const sorted = j.sort({ by: 'key', descending: true }, 'n', 'id').node
  expect((await collect(make(), sorted)).map(line)).toEqual((await collect(host, sorted)).map(line))
  expect(said).toEqual([])
})

test('a result stays on the device until it is read, and its bytes come down then', async () => {
  const t = await events(3000)
  const n = windows(t).select('id', 'share', 'n30').node
  const { relation, total } = await run(make(), n, 'device')
  expect(isOnDevice(relation)).toBe(true)
  const { table } = relation as DeviceRelation
  expect(table.rows).toBe(3000)
  expect(relation.rows).toBe(3000)
  expect(table.columns.map((c) => [c.field.name, c.rep, c.validity !== null])).toEqual([
    ['id', 'vec2u', false],
    ['share', 'vec2u', true],
    ['n30', 'vec2u', false],
  ])
  // marks alone so far: what a kernel leaves to say that it ran
  expect(total()).toMatchObject({ readbacks: 1 })
  expect(total().down).toBeLessThan(64)
  const before = total().down
  const seen: unknown[] = []
  for await (const batch of relation.batches(['n30', 'share'])) {
    expect(batch.schema.map((f) => f.name)).toEqual(['n30', 'share'])
    seen.push(batch.rows)
  }
  expect(seen).toEqual([3000])
  expect(total().down - before).toBe(3 * 8 * 3000 + 4 * Math.ceil(3000 / 32))
  relation.close()
  await both(make(), n)
})

test('what goes up are the columns that are read, and a few words about them', async () => {
  const rows = 20_000
  const t = await events(rows)
  const { relation, total } = await run(make(), windows(t).select('id', 'share').node, 'device')
  // id, key, at, in as few bytes as hold them; yes and where it is missing
  const columns = rows * (2 + 1 + 4) + 2 * 4 * Math.ceil(rows / 32)
  expect(total().up).toBeGreaterThan(columns)
  expect(total().up).toBeLessThan(columns * 1.03)
  relation.close()
})

test('a plan with a join is run in three readbacks, the result among them', async () => {
  const { relation, total } = await run(make(), windows(await joined(await events(2000)) as never).filter((r) => r.n30.lt(5)).node, 'batches') // biome-ignore format: one line
  for await (const _ of relation.batches());
  expect(total().readbacks).toBe(3)
})

test('target encoding is fitted and applied on the device, out of fold', async () => {
  const t = await events(4000)
  const encode = targetEncode(['key'])
  const about = { target: 'yes', moment: 'at' }
  const found = new Map<string, FitRow[]>()
  for (const [name, query] of fitQueries(encode, t.node, about)) {
    await both(make(), query)
    const rows = await collect(make(), query)
    const named = rows.map((row) => query.schema.map((f, i) => [f.name, literalOf(row[i] as Value, f.type)] as const))
    found.set(
      name,
      named.map((row) => Object.fromEntries(row)),
    )
  }
  const bound = bindFit(encode, found, t.node.schema, about)
  await both(make(), bound.training(t.node))
  await both(make(), applied((await events(500, "'k' || (i % 120)")).node, bound.serving))
  expect(said).toEqual([])
})

test('no rows, one row, keys that are all missing, and one key for all', async () => {
  for (const rows of [0, 1]) {
    const t = await events(rows)
    await both(make(), windows(t).node)
    await both(make(), (await joined(t)).node)
    await both(make(), t.join(await places(), { key: 'place' }, { how: 'left' }).sort('id').node)
  }
  await both(make(), windows(await events(500, 'NULL::VARCHAR')).node)
  await both(make(), (await joined(await events(500, 'NULL::VARCHAR'))).node)
  await both(make(), windows(await events(3000, "'k1'")).node)
})

test('texts are put in order by their bytes: a hundred thousand of them', async () => {
  const t = await events(100_000, 'chr(9000 + (i * 7919 % 50000)::INTEGER % 20000) || (i * 31 % 100003)')
  const n = t.select('key', 'id').sort('key').limit(300).node
  expect((await collect(make(), n)).map(line)).toEqual((await collect(host, n)).map(line))
})

test('a value that fails in the middle of a plan is told as DuckDB tells it', async () => {
  const t = (await events(300)).derive((r) => ({ big: r.id.plus(1).times(4_000_000_000_000_000).times(100) }))
  const n = t.join(await places(), { key: 'place' }).node
  const told = (engine: ReturnType<typeof make> | typeof host) => collect(engine, n).catch((e: unknown) => String(e))
  const failed: string[] = []
  expect(await told(make({ failed: (why) => failed.push(why) }))).toBe(await told(host))
  expect(failed).toEqual(['a value failed: the processor says which'])
  const device = run(make(), n, 'device')
  await expect(device).rejects.toMatchObject({ code: 'VALUE_INVALID' })
})

test('too little memory for whole tables: the host runs the plan, and it is said', async () => {
  const t = await events(40_000)
  const why: string[] = []
  await both(make({ memoryMiB: 1, say: (w) => why.push(w) }), windows(t).node)
  expect(why).toEqual([expect.stringContaining('would be held')])
})

test('engines of the host leave nothing on a device, and say so', async () => {
  const node = scan({ kind: 'rows', rows: [['1']] }, { id: 'int64' }).node
  for (const engine of [host, createReferenceEngine(), createRowEngine()]) {
    const prepared = engine.prepare(plan(node))
    if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
    await expect(prepared.run(testContext(), 'device')).rejects.toMatchObject({ code: 'ENGINE_GAP' })
  }
})

test('without a device nothing can stay on it', async () => {
  const none = async (): Promise<Device> => {
    throw new GalleyError('DEVICE_MISSING', { what: 'there is no graphics device', why: 'no driver' })
  }
  const engine = make({ open: none, say: () => {} })
  const n = windows(await events(100)).node
  await expect(run(engine, n, 'device')).rejects.toMatchObject({ code: 'DEVICE_MISSING', why: 'no driver' })
  await both(engine, n)
})

test('what the device refuses in the middle goes to the host, whole; what stays goes up again', async () => {
  const t = await events(300)
  const n = windows(t).sort('id').node
  const real = await open()
  const why: string[] = []
  const want = asBag(await collect(host, n))
  for (let nth = 1; nth < 60; nth += 7) {
    let calls = 0
    const gpu = new Proxy(real.gpu, {
      get(target, name) {
        const own = Reflect.get(target, name) as unknown
        if (name === 'createBuffer')
          // a buffer that is invalid, as one is for which there is no memory
          return (d: GPUBufferDescriptor) =>
            target.createBuffer(++calls === nth && !d.mappedAtCreation ? { ...d, usage: 0 } : d)
        return typeof own === 'function' ? own.bind(target) : own
      },
    })
    const engine = make({ open: async () => ({ ...real, gpu }), say: (w) => why.push(w) })
    const { relation } = await run(engine, n, 'device')
    const made = asBag(await collect({ ...engine, prepare: () => ({ ...host.prepare(plan(n)), run: async () => relation }) as never }, n)) // biome-ignore format: one line
    expect(made).toEqual(want)
  }
  expect(why.length).toBeGreaterThan(2)
})

test('plans run at once on one device', async () => {
  const engine = make()
  const t = await events(2000)
  await Promise.all([10, 20, 30].map((k) => both(engine, windows(t.filter((r) => r.n.gt(k))).node)))
})
