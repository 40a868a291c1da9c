import { expect, test } from 'vitest'
import type { Schema } from '../../../plan/types.ts'
import { batchOf, type Value } from '../../batch.ts'
import { createLedger } from '../../ledger.ts'
import { Dictionary } from '../gather.ts'
import { Transfers } from '../transfers.ts'
import { PRELUDE } from '../wgsl/prelude.ts'
import { Job, read, write } from './job.ts'
import { columnOf } from './numbers.ts'
import { RANDOM } from './random.ts'
import { summarise } from './stats.ts'
import { testDevice } from './testing.ts'
import { release, upload } from './upload.ts'

const SCHEMA: Schema = [
  { name: 'late', type: 'float64', nullable: true },
  { name: 'i', type: 'int32', nullable: false },
  { name: 'b', type: 'bool', nullable: true },
  { name: 'city', type: 'string', nullable: true },
]
const CITIES = ['Seoul', 'Busan', '대전']
const rowsOf = (count: number): Record<string, Value>[] =>
  Array.from({ length: count }, (_, i) => ({
    // the first piece misses nothing
    late: i > 70 && i % 3 === 0 ? null : i * 0.5,
    i: i - 50,
    b: i % 4 === 0 ? null : i % 3 === 0,
    city: i % 5 === 4 ? null : (CITIES[i % 3] ?? ''),
  }))

test.each([
  [0, 32],
  [1, 32],
  [64, 32],
  [1000, 64],
  [1000, 1 << 20],
])('%d rows in pieces of %d: the same columns, and every byte in the ledger', async (count, piece) => {
  const device = await testDevice()
  const ledger = createLedger()
  const transfers = new Transfers(device, ledger, 2 ** 26)
  const rows = rowsOf(count)
  const relation = {
    place: 'host' as const,
    schema: SCHEMA,
    rows: count,
    close: () => {},
    async *batches(names: readonly string[] = []) {
      const some = names.flatMap((name) => SCHEMA.filter((f) => f.name === name))
      for (let at = 0; at < count; at += 45) yield batchOf(some, rows.slice(at, at + 45))
    },
  }
  const words = new Dictionary([])
  const table = await upload(relation, device, transfers, words, ['city', 'late', 'i', 'b'], piece)
  expect([table.rows, table.columns.map((c) => c.field.name)]).toEqual([count, ['city', 'late', 'i', 'b']])
  const bits = Math.ceil(count / 32)
  const up = 4 * count + 4 * bits + 8 * count + 4 * (count > 70 ? bits : 0) + 4 * count + 8 * bits
  if (count > 1) expect(ledger.total()).toMatchObject({ up, down: 0, readbacks: 0 })

  const numbers = (name: string) => rows.flatMap((r) => (r[name] === null ? [] : [Number(r[name])]))
  for (const [i, made] of (await summarise(table, ['late', 'i', 'b'])).entries()) {
    const own = numbers(['late', 'i', 'b'][i] as string)
    const mean = own.length === 0 ? null : own.reduce((a, b) => a + b, 0) / own.length
    expect([made.finite, made.missing]).toEqual([own.length, count - own.length])
    if (mean === null) expect(made.mean).toBe(null)
    else expect(made.mean).toBeCloseTo(mean, 6)
  }
  if (count > 0) {
    const { values, validity } = columnOf(table, 'city')
    const job = new Job(table)
    const got = await job.download([
      { from: values.buffer, at: values.at, words: count },
      ...(validity ? [{ from: validity.buffer, at: validity.at, words: bits }] : []),
    ])
    const there = (i: number) => validity === null || (((got[count + (i >>> 5)] ?? 0) >>> (i & 31)) & 1) === 1
    for (const [i, r] of rows.entries()) expect(there(i) ? words.list[got[i] ?? 0] : null).toBe(r['city'])
    job.close()
  }
  release(table)
  transfers.close()
})

test('what the device does not hold is refused by name', async () => {
  const schema: Schema = [{ name: 'raw', type: 'bytes', nullable: false }]
  const device = await testDevice()
  const transfers = new Transfers(device, createLedger(), 2 ** 20)
  const relation = { place: 'host' as const, schema, rows: 0, close: () => {}, async *batches() {} }
  await expect(upload(relation, device, transfers, new Dictionary([]))).rejects.toMatchObject({
    ...{ code: 'VALUE_INVALID', what: expect.stringContaining('"raw"') },
  })
})

test('counted random words are those of Philox 2×32', async () => {
  // Random123's kat_vectors
  const cases = [
    [0, 0, 0, 0xff1dae59, 0x6cd10df2],
    [0xffffffff, 0xffffffff, 0xffffffff, 0x2c3f628b, 0xab4fd7ad],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0xdd7ce038, 0xf62a4c12],
  ]
  const device = await testDevice()
  const transfers = new Transfers(device, createLedger(), 2 ** 20)
  const job = new Job({ device, transfers })
  const out = job.buffer(6)
  const code = `${PRELUDE}${RANDOM}
fn main(i: u32) {
  if (i >= 3u) { return; }
  let x = philox(vec2u(given[i * 3u], given[i * 3u + 1u]), given[i * 3u + 2u]);
  out[i * 2u] = x.x; out[i * 2u + 1u] = x.y;
}`
  await job.run(code, { given: read(job.words(...cases.flatMap((c) => c.slice(0, 3)))), out: write(out) }, 3)
  const got = await job.download([{ from: out, at: 0, words: 6 }])
  expect(Array.from(got)).toEqual(cases.flatMap((c) => c.slice(3)))
  job.close()
  transfers.close()
})
