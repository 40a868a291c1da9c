import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { cutEdges, EDGES } from '../../../engines/webgpu/learn/edges.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import type { Schema } from '../../../plan/types.ts'
import { binEdges, sampleOf, sampleRows } from '../bins.ts'
import { randomOf, relationOf } from '../conformance.ts'

const SCHEMA: Schema = [
  { name: 'x', type: 'float64', nullable: true },
  { name: 'skew', type: 'float64', nullable: false },
  { name: 'odd', type: 'float64', nullable: true },
  { name: 'f', type: 'float32', nullable: true },
  { name: 'i', type: 'int32', nullable: false },
  { name: 'l', type: 'int64', nullable: false },
  { name: 'b', type: 'bool', nullable: true },
  { name: 'none', type: 'float64', nullable: true },
  { name: 'y', type: 'bool', nullable: false },
]
const NAMES = SCHEMA.map((f) => f.name).slice(0, -1)
const ODD = [0, -0, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, -2.225073858507201e-308, 1 / 0, -1 / 0, 1.7976931348623157e308, -1.7976931348623157e308, 1, 1.0000000000000002, 1e16, -1e16, 3e-5] // biome-ignore format: one line

function rowsOf(count: number): Record<string, Value>[] {
  const random = randomOf(count)
  return Array.from({ length: count }, (_, i) => ({
    x: i % 13 === 0 ? null : random() * 2 - 1,
    // a few values fill bins alone, between many that do not
    skew: random() < 0.3 ? 5 : random() < 0.2 ? 0.25 : random() ** 6 * 10,
    odd:
      i % 17 === 0
        ? null
        : (ODD[Math.floor(random() * ODD.length)] ?? 0) * (random() < 0.5 ? 1 : Math.floor(random() * 9)),
    f: i % 7 === 0 ? null : Math.fround(random() ** 3),
    i: Math.floor(random() * 700 - 350),
    l: BigInt(Math.floor(random() * 2 ** 50)) * 4096n + 1n,
    b: i % 3 === 0 ? null : random() < 0.5,
    none: null,
    y: random() < 0.5,
  }))
}

test.each([
  [1, 255, 1e9],
  [33, 255, 1e9],
  [5000, 255, 1e9],
  [5000, 2, 1e9],
  [20_000, 64, 1e9],
  [20_000, 100, 3000],
])('%d rows, %d bins, a sample of %d at most: the edges of the host', async (count, maxBins, cap) => {
  const rows = rowsOf(count)
  const { table, relation } = await onDevice(SCHEMA, rows)
  const sample = sampleOf(count, NAMES.length, 7, cap)
  const job = new Job(table)
  const made = await cutEdges(job, table, NAMES, maxBins, sample)
  const got = await job.download([
    { from: made.counts, at: 0, words: NAMES.length },
    { from: made.keys, at: 0, words: NAMES.length * EDGES * 2 },
  ])
  const keys = new BigUint64Array(got.slice(NAMES.length).buffer)
  const back = (key: bigint) => new Float64Array(BigUint64Array.of(key >> 63n ? key ^ (1n << 63n) : BigInt.asUintN(64, ~key)).buffer)[0] // biome-ignore format: one line
  const hash = (value: number) => {
    let h = value | 0
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return (h ^ (h >>> 16)) >>> 0
  }
  const kept = rows.filter((_, i) => hash(i ^ sample.salt) < sample.bound)
  expect(kept.length).toBe(sample.rows)
  for (const [f, name] of NAMES.entries()) {
    const values = Float64Array.from(kept, (r) => (r[name] === null ? Number.NaN : Number(r[name])))
    const own = Array.from({ length: got[f] ?? 0 }, (_, e) => back(keys[f * EDGES + e] ?? 0n))
    expect([name, own]).toEqual([name, Array.from(binEdges(values, maxBins), (e) => e + 0)])
  }
  job.close()
  relation.close()
})

test('the sample that is told from row numbers is the one that reading keeps', async () => {
  const rows = rowsOf(21_000)
  const features = Array.from({ length: 900 }, () => 'i')
  const { columns } = await sampleRows(relationOf(SCHEMA, rows), features, 'y', 3, new AbortController().signal)
  const { rows: kept } = sampleOf(rows.length, features.length, 3)
  expect(kept).toBe(columns[0]?.length)
  expect(kept).toBeLessThan(10_001)
})
