/// <reference types="@webgpu/types" />
import { afterAll, expect, test } from 'vitest'
import { call, col, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { valueAt } from '../batch.ts'
import { collect, testContext } from '../conformance/compare.ts'
import { rowsOf } from '../conformance/vectors.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { DeviceFault } from './device.ts'
import { createWebgpuEngine } from './index.ts'
import { testDevice } from './learn/testing.ts'
import { DeviceMemory } from './memory.ts'
import { BeyondGuess, FailedOnDevice } from './run.ts'

const host = createReferenceEngine()
const said: string[] = []
const engine = createWebgpuEngine({ host, open: testDevice, memoryMiB: 256, say: (why) => void said.push(why) })
afterAll(() => expect(said).toEqual([]))

const numbers = (count: number) =>
  rowsOf(
    { id: 'int64', k: 'int64', x: 'float64' },
    Array.from({ length: count }, (_, i) => [String(i), String(i % 7), i % 5 === 0 ? null : i / 4]),
  )
const counted = (input: Node, ...by: string[]): Node =>
  build({ op: 'aggregate', input, by, aggs: [['n', { fn: 'count', arg: null }]] })
const under = (input: Node, limit: number): Node =>
  build({ op: 'filter', input, predicate: call('lt', col('id'), lit(String(limit), 'int64')) })

test('results of few rows and of many come down together, and rows that were started are proved with them', async () => {
  const ctx = testContext()
  const data = under(numbers(6000), 5500)
  const started = await engine.start(plan(data), ctx, { guesses: true })
  const scan = engine.scan(started.relation, data)
  expect(ctx.ledger.total()).toMatchObject({ down: 0, readbacks: 0 })
  // more groups than a small result has room for until it is known how many there are
  const queries = [counted(scan), counted(scan, 'k'), counted(scan, 'id', 'x'), counted(under(scan, 0), 'k')]
  const batches = await engine.together(queries.map(plan), ctx, [started])
  expect(ctx.ledger.total().readbacks).toBe(2)
  const same = [counted(data), counted(data, 'k'), counted(data, 'id', 'x'), counted(under(data, 0), 'k')]
  for (const [i, batch] of batches.entries()) {
    const rows = Array.from({ length: batch.rows }, (_, r) => batch.columns.map((c) => valueAt(c, r)))
    expect(rows).toEqual(await collect(host, same[i] as Node))
  }

  // a part whose rows are known takes no more room than these
  const part = await engine.start(plan(under(scan, 100)), ctx, { guesses: true, rows: 100 })
  expect(part.relation.table).toMatchObject({ rows: 100, count: null })
  const bytes = new Set(part.relation.table.columns.flatMap((c) => [c.values.buffer, ...(c.validity ? [c.validity.buffer] : [])])) // biome-ignore format: one line
  expect([...bytes].reduce((n, b) => n + b.size, 0)).toBeLessThan((100 * 24 + 64) * 1.1)
  const read = []
  for await (const batch of part.relation.batches(['x']))
    for (let r = 0; r < batch.rows; r++) read.push(batch.columns.map((c) => valueAt(c, r)))
  expect(read).toEqual((await collect(host, under(data, 100))).map(([, , x]) => [x]))
  const own = engine.scan(part.relation, under(data, 100))
  const [groups] = await engine.together([plan(counted(own, 'k'))], ctx, [part])
  expect(groups?.rows).toBe(7)
  for (const made of [scan, own]) engine.forget(made)
  for (const made of [started, part]) made.relation.close()
})

test('a join that gives more rows than it is given is told when it is proved, and is right when it asks', async () => {
  const ctx = testContext()
  const right = build({ op: 'select', input: numbers(14), columns: [['k', col('k')], ['y', col('id')]] }) // biome-ignore format: one line
  for (const how of ['inner', 'left'] as const) {
    const joined = build({ op: 'join', how, left: numbers(50), right, on: [['k', 'k']] })
    const started = await engine.start(plan(joined), ctx, { guesses: true })
    const scan = engine.scan(started.relation, joined)
    const query = plan(counted(scan))
    await expect(engine.together([query], ctx, [started])).rejects.toThrow(BeyondGuess)
    started.relation.close()
    const again = await engine.start(plan(joined), ctx, { guesses: false })
    engine.swap(scan, again.relation)
    const [batch] = await engine.together([query], ctx, [again])
    expect(batch && valueAt(batch.columns[0] as (typeof batch.columns)[number], 0)).toBe(100n)
    engine.forget(scan)
    again.relation.close()
  }
})

test('a value that fails in rows that were started is told when they are proved', async () => {
  const ctx = testContext()
  const failing = build({ op: 'derive', input: numbers(9), columns: [['z', call('intDiv', col('id'), col('k'))]] })
  const started = await engine.start(plan(failing), ctx, { guesses: true })
  const scan = engine.scan(started.relation, failing)
  await expect(engine.together([plan(counted(scan, 'z'))], ctx, [started])).rejects.toThrow(FailedOnDevice)
  engine.forget(scan)
  started.relation.close()
})

test('a buffer that the device refuses, whichever: it is told, or nothing came of it', async () => {
  const real = await testDevice()
  const data = under(numbers(900), 700)
  const expected = await collect(host, counted(data, 'k'))
  let told = 0
  for (let nth = 1; nth < 30; nth++) {
    let calls = 0
    const gpu = new Proxy(real.gpu, {
      get(target, name) {
        const own = Reflect.get(target, name) as unknown
        if (name === 'createBuffer')
          return (d: GPUBufferDescriptor) =>
            target.createBuffer(!d.mappedAtCreation && ++calls === nth ? { ...d, usage: 0 } : d)
        return typeof own === 'function' ? own.bind(target) : own
      },
    })
    const refusing = createWebgpuEngine({
      host,
      open: async () => ({ ...real, gpu, memory: new DeviceMemory() }),
      memoryMiB: 256,
    })
    const ctx = testContext()
    try {
      const started = await refusing.start(plan(data), ctx, { guesses: true })
      const scan = refusing.scan(started.relation, data)
      const part = await refusing.start(plan(under(scan, 500)), ctx, { guesses: true, rows: 500 })
      const own = refusing.scan(part.relation, under(data, 500))
      const batches = await refusing.together([plan(counted(scan, 'k')), plan(counted(own))], ctx, [started, part])
      const rows = batches.map((b) => Array.from({ length: b.rows }, (_, r) => b.columns.map((c) => valueAt(c, r))))
      expect(rows).toEqual([expected, [[500n]]])
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(DeviceFault)
      told++
    }
  }
  expect(told).toBeGreaterThan(10)
})
