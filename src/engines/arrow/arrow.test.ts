import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { type Batch, batchOf, type Value, valueAt } from '../batch.ts'
import { source } from '../conformance/generate.ts'
import { createDuckdbEngine } from '../duckdb/index.ts'
import { isGaps, type Relation } from '../engine.ts'
import { createLedger } from '../ledger.ts'
import { evaluate } from '../reference/index.ts'
import { ipcStream, readIpc } from './index.ts'

const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-arrow-test') })
afterAll(() => duckdb.close())

const relationOf = (batches: readonly Batch[], schema: Schema): Relation => ({
  place: 'host',
  schema,
  rows: batches.reduce((n, b) => n + b.rows, 0),
  async *batches(columns) {
    for (const b of batches) {
      const kept = columns ? columns.map((c) => schema.findIndex((f) => f.name === c)) : schema.map((_, i) => i)
      yield {
        ...b,
        schema: kept.map((i) => schema[i] as Schema[number]),
        columns: kept.map((i) => b.columns[i] as Batch['columns'][number]),
      }
    }
  },
  close: () => {},
})

async function bytesOf(relation: Relation, ledger = createLedger(), columns?: readonly string[]): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  for await (const piece of ipcStream(relation, ledger, columns)) pieces.push(Buffer.from(piece))
  return new Uint8Array(Buffer.concat(pieces))
}

const valuesOf = (batches: Iterable<Batch>): Value[][] => {
  const rows: Value[][] = []
  for (const b of batches) for (let i = 0; i < b.rows; i++) rows.push(b.columns.map((c) => valueAt(c, i)))
  return rows
}

async function relation(n: Node): Promise<Relation> {
  const prepared = duckdb.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  const ctx = { scope: { workspace: 't', caller: 't' }, signal: new AbortController().signal, ledger: createLedger() }
  return prepared.run(ctx, 'batches')
}

const SCHEMA: Schema = [
  { name: 'b', type: 'bool', nullable: true },
  { name: 'i', type: 'int32', nullable: false, unit: 'min', description: '분', tags: ['personal', 'x'] },
  { name: 'l', type: 'int64', nullable: true },
  { name: 'f', type: 'float32', nullable: true },
  { name: 'd', type: 'float64', nullable: true },
  { name: 'm', type: { decimal: [18, 4] }, nullable: true },
  { name: 's', type: 'string', nullable: true },
  { name: 'y', type: 'bytes', nullable: true },
  { name: 'a', type: 'date', nullable: true },
  { name: 't', type: 'timestamp', nullable: true },
  { name: 'w', type: 'local timestamp', nullable: true },
  { name: 'u', type: 'duration', nullable: true },
  { name: 'v', type: { list: 'timestamp' }, nullable: true },
  { name: 'r', type: { struct: [['p', 'int64'], ['q', { list: 'string' }]] }, nullable: true }, // biome-ignore format: one line
]
const row = (...values: Value[]) => Object.fromEntries(SCHEMA.map((f, i) => [f.name, values[i] ?? null]))
const ROWS = [
  row(true, 1, 9007199254740993n, 1.5, Math.PI, -123456789012345678n, '김치 🥬', new Uint8Array([1, 0, 255]), -1, 5n, -5n, 7n, [1n, null], { p: 3n, q: ['a', null] }), // biome-ignore format: one line
  row(false, -2, -1n, Number.NaN, Number.POSITIVE_INFINITY, 99n, '', new Uint8Array(), 20000, 0n, 0n, -7n, [], null),
  row(null, 0),
  row(true, 3, 1n, 0, -0, 0n, '김치 🥬', null, null, null, null, null, null, { p: null, q: null }),
]

test('every type goes to Arrow and comes back, with nulls, units and tags', async () => {
  const bytes = await bytesOf(relationOf([batchOf(SCHEMA, ROWS.slice(0, 2)), batchOf(SCHEMA, ROWS.slice(2))], SCHEMA))
  const back = readIpc(bytes, createLedger())
  expect(back.schema).toEqual(SCHEMA)
  expect(back.rows).toBe(4)
  expect(valuesOf(back.batches())).toEqual(valuesOf([batchOf(SCHEMA, ROWS)]))
})

test('no rows, no batches, some of the columns', async () => {
  expect(readIpc(await bytesOf(relationOf([], SCHEMA)), createLedger())).toMatchObject({ rows: 0, schema: SCHEMA })
  const some = await bytesOf(relationOf([batchOf(SCHEMA, ROWS)], SCHEMA), createLedger(), ['s', 'i'])
  expect(valuesOf(readIpc(some, createLedger()).batches())).toEqual(ROWS.map((r) => [r['s'], r['i']]))
})

test('what DuckDB gives goes through Arrow unchanged: 100 generated tables', async () => {
  await fc.assert(
    fc.asyncProperty(source(), async (n) => {
      const back = readIpc(await bytesOf(await relation(n)), createLedger())
      expect(valuesOf(back.batches())).toEqual(evaluate(n))
    }),
    { numRuns: 100, seed: 7 },
  )
})

test('numbers and times are not copied, and what is copied is counted', async () => {
  const numbers = SCHEMA.filter((f) => ['i', 'l', 'f', 'd', 'a', 't', 'w', 'u'].includes(f.name))
  const batch = batchOf(numbers, ROWS)
  const [out, into] = [createLedger(), createLedger()]
  const pieces: Uint8Array[] = []
  for await (const piece of ipcStream(relationOf([batch], numbers), out)) pieces.push(piece)
  for (const c of batch.columns) {
    if (c.kind !== 'fixed') throw new Error(c.kind)
    expect(pieces.some((p) => p.buffer === c.values.buffer)).toBe(true)
  }
  expect(out.total()).toMatchObject({ copied: 0, bytesOut: pieces.reduce((n, p) => n + p.byteLength, 0) })
  const bytes = new Uint8Array(Buffer.concat(pieces))
  const [back] = [...readIpc(bytes, into).batches()]
  for (const c of back?.columns ?? []) expect(c.kind === 'fixed' && c.values.buffer).toBe(bytes.buffer)
  expect(into.total()).toMatchObject({ copied: 0, bytesIn: bytes.byteLength })

  const others = SCHEMA.filter((f) => ['b', 'm', 's'].includes(f.name))
  const counted = createLedger()
  await bytesOf(relationOf([batchOf(others, ROWS)], others), counted)
  // a byte of bits, four decimals of 16, five offsets and the text twice
  expect(counted.total().copied).toBe(1 + 64 + 20 + 2 * Buffer.byteLength('김치 🥬'))
})

test('what DuckDB gives is a copy, and counted as one', async () => {
  const n = build({ op: 'scan', from: { kind: 'rows', rows: [['1', 'x', '1.50']] }, schema: [{ name: 'i', type: 'int64', nullable: true }, { name: 's', type: 'string', nullable: true }, { name: 'm', type: { decimal: [9, 2] }, nullable: true }] }) // biome-ignore format: one line
  const prepared = duckdb.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  const ledger = createLedger()
  const ctx = { scope: { workspace: 't', caller: 't' }, signal: new AbortController().signal, ledger }
  const given = await prepared.run(ctx, 'batches')
  for await (const _ of given.batches());
  expect(ledger.total().copied).toBe(8 + 4 + 8)
})

test('bytes that are no Arrow, or cut short, give one clear error', async () => {
  const good = await bytesOf(relationOf([batchOf(SCHEMA, ROWS)], SCHEMA))
  expect(() => readIpc(new Uint8Array(), createLedger())).toThrowError('Arrow')
  expect(() => readIpc(new TextEncoder().encode('a,b\n1,2\n'), createLedger())).toThrowError('Arrow')
  let refused = 0
  for (let cut = 0; cut < good.length; cut += 3)
    try {
      const whole = valuesOf(readIpc(good.slice(0, cut), createLedger()).batches())
      // a stream may end without its end mark, and before its first batch
      expect([0, ROWS.length]).toContain(whole.length)
    } catch (error) {
      expect((error as { code?: string }).code, String(error)).toBe('SOURCE_BROKEN')
      refused++
    }
  expect(refused).toBeGreaterThan(good.length / 6)
  expect(() => readIpc(good.slice(0, good.length - 60), createLedger())).toThrowError(
    expect.objectContaining({ why: expect.stringContaining('it was cut') }),
  )
})

test('a file that is cut is said to be cut, wherever', () => {
  const table = tableFromArrays({ a: [1, 2, 3], b: ['x', 'y', 'z'] })
  const file = tableToIPC(table, { format: 'file' }) as Uint8Array
  expect(readIpc(file, createLedger()).rows).toBe(3)
  for (let n = 6; n < file.length; n++)
    expect(() => readIpc(file.slice(0, n), createLedger()), String(n)).toThrowError(
      expect.objectContaining({ code: 'SOURCE_BROKEN', why: expect.stringContaining('it was cut') }),
    )
})

test('a batch that promises more than it brings is refused', async () => {
  const schema = SCHEMA.filter((f) => f.name === 'l' || f.name === 's')
  const good = await bytesOf(relationOf([batchOf(schema, ROWS)], schema))
  const view = new DataView(good.buffer)
  // the length of the record batch and of its nodes: 64-bit fours in its metadata
  for (let at = 0; at + 8 <= good.length; at += 8)
    if (view.getBigInt64(at, true) === 4n) view.setBigInt64(at, 1n << 40n, true)
  expect(() => valuesOf(readIpc(good, createLedger()).batches())).toThrowError('shorter than it says')
})

/**
 * Reads all of it: the rows, or the code of what is said of it. Fails when that takes long or much memory. The machine may
 * have paused: what seems long is read again.
 */
function readHostile(bytes: Uint8Array, what: string, again = 3): number | string {
  const before = process.memoryUsage()
  const began = performance.now()
  let answer: number | string
  try {
    answer = valuesOf(readIpc(bytes, createLedger()).batches()).length
  } catch (error) {
    answer = (error as { code?: string }).code ?? String(error)
  }
  const took = performance.now() - began
  const after = process.memoryUsage()
  if (took >= 100 && again > 0) return readHostile(bytes, what, again - 1)
  expect(took, what).toBeLessThan(100)
  expect(after.heapUsed + after.external - before.heapUsed - before.external, what).toBeLessThan(64 * 2 ** 20)
  return answer
}

test('bytes made to harm are refused at once: 6,000 truncations, bit flips and large counts', async () => {
  const stream = await bytesOf(relationOf([batchOf(SCHEMA, ROWS), batchOf(SCHEMA, ROWS.slice(1))], SCHEMA))
  const words = tableToIPC(tableFromArrays({ w: ['a', 'b', 'a'], v: [1, 2, 3] }), { format: 'file' }) as Uint8Array
  // what the machine does beside this must not count
  readHostile(stream, 'warm')
  readHostile(words, 'warm')
  const random = fc.sample(fc.nat(2 ** 31 - 1), { numRuns: 9000, seed: 11 })
  let k = 0
  const pick = (below: number): number => (random[k++ % random.length] as number) % below
  const seen = new Map<number | string, number>()
  for (let i = 0; i < 6000; i++) {
    const bytes = (i % 2 === 0 ? stream : words).slice()
    const at = pick(bytes.length)
    const view = new DataView(bytes.buffer)
    if (i % 3 === 0) bytes[at] = (bytes[at] as number) ^ (1 << pick(8))
    else if (i % 3 === 1 && at + 4 <= bytes.length)
      view.setInt32(at - (at % 4), [-8, -1, 2 ** 31 - 1, 2 ** 24, 0][pick(5)] as number, true)
    const variant = i % 3 === 2 ? bytes.slice(0, at) : bytes
    const answer = readHostile(variant, `variant ${i}`)
    seen.set(answer, (seen.get(answer) ?? 0) + 1)
  }
  // where a number of rows is broken, fewer rows are as good as many
  for (const answer of seen.keys()) if (answer !== 'SOURCE_BROKEN') expect(answer).toBeTypeOf('number')
  expect(seen.get('SOURCE_BROKEN')).toBeGreaterThan(2000)
})
