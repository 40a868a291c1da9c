import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { call, col, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import { differences } from './conformance.ts'
import { profile } from './profile.ts'
import { access, close, context, duckdb, folder, onDevice } from './testing.ts'
import type { Profile } from './types.ts'

afterAll(close)

/** So many flights, in a file of their own. */
async function flightsOf(rows: number): Promise<Node> {
  const flights = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
  const types = { date: 'local timestamp', delay: 'int64', distance: 'int64', origin: 'string' } as const
  const file = join(folder, `flights-${rows}.parquet`)
  await duckdb.session(context(), (query) =>
    query(
      `COPY (SELECT date, delay, distance, origin FROM read_parquet('${flights}') LIMIT ${rows}) TO '${file}' (FORMAT parquet)`,
    ),
  )
  return scan({ kind: 'parquet', files: [file] }, types).derive((r) => ({ late: r.delay.gt(15) })).node
}

test('of flights no row goes up for a profile, and six readbacks bring it, however many they are', async () => {
  const of = async (rows: number) => {
    const table = await flightsOf(rows)
    const options = { target: 'late', calendar: 'date' }
    const there = await onDevice(table, rows, 1000, options)
    expect(there.elsewhere).toEqual([])
    expect(differences(there.found, await profile(table, access, options), { sampled: false })).toEqual([])
    return there.ledger.total()
  }
  const [some, more] = [await of(5000), await of(50_000)]
  expect([some.readbacks, more.readbacks]).toEqual([6, 6])
  // places of kernels, and a word for each text that is put in order
  expect(more.up).toBeLessThan(16_384)
  expect(more.up - some.up).toBeLessThan(2048)
}, 120_000)

test('where the processor sketches a column of a large table, the device is exact, and within what the sketch says of itself', async () => {
  const rows = 120_000
  const x = call('add', call('mul', col('distance'), lit('1000', 'int64')), call('mul', col('delay'), col('delay')))
  const own = call('add', x, call('mul', call('minute', col('date')), lit('7', 'int64')))
  const table = build({ op: 'derive', input: await flightsOf(rows), columns: [['x', own]] })
  const options = { target: 'late' }
  const there = (await onDevice(table, rows, 1000, options)).found
  const here = await profile(table, access, options)
  const of = (p: Profile) => {
    const number = p.columns.find((c) => c.name === 'x')
    const effect = p.target?.features.find((f) => f.column === 'x')
    return number?.number && effect ? { ...number, number: number.number, effect } : expect.unreachable()
  }
  const [exact, sketch] = [of(there), of(here)]
  expect([exact.number.quantileError, exact.distinctError]).toEqual([0, undefined])
  expect(sketch.number.quantileError).toBeGreaterThan(0)
  for (const [i, q] of exact.number.quantiles.entries())
    expect(Math.abs((q ?? 0) - (sketch.number.quantiles[i] ?? 0))).toBeLessThanOrEqual(sketch.number.quantileError)
  expect(Math.abs((exact.distinct ?? 0) / (sketch.distinct ?? 1) - 1)).toBeLessThan(4 * (sketch.distinctError ?? 0))
  for (const name of ['min', 'max', 'mean', 'stddev', 'zeros'] as const)
    expect(exact.number[name] ?? 0).toBeCloseTo(sketch.number[name] ?? 0, 3)
  expect(exact.histogram?.counts.reduce((a, b) => a + b, 0)).toBe(rows - (exact.histogram?.below ?? 0) - (exact.histogram?.above ?? 0)) // biome-ignore format: one line
  expect(exact.effect.bins.map((b) => b.count).reduce((a, b) => a + b, 0)).toBe(rows)
  expect(exact.effect.strength ?? 0).toBeCloseTo(sketch.effect.strength ?? 0, 1)
  const others = (p: Profile): Profile => ({
    ...p,
    columns: p.columns.filter((c) => c.name !== 'x'),
    target: p.target && { ...p.target, features: p.target.features.filter((f) => f.column !== 'x') },
  })
  expect(differences(others(there), others(here), { sampled: false })).toEqual([])
}, 120_000)
