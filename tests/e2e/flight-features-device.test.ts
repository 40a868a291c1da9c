import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { asBag, collect, testContext } from '../../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { build, type Node, plan } from '../../src/plan/nodes.ts'
import { type Table, table } from '../../src/plan/table.ts'
import { bindScans } from '../../src/plan/walk.ts'
import { wholePlan } from '../../src/runs/inline.ts'
import { AIRPORTS, FLIGHTS } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-features-'))
const host = createDuckdbEngine({ memoryMiB: 1024, threads: 2, temp: join(folder, 'tmp') })
const said: string[] = []
const engine = createWebgpuEngine({ host, memoryMiB: 1024, say: (why) => said.push(why) })
afterAll(async () => {
  await engine.close()
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The first week of the flights, with the impossible ones of all months, and the columns of a model. */
async function features(): Promise<{ node: Node; rows: number }> {
  const [flights, airports] = [join(folder, 'flights.parquet'), join(folder, 'airports.parquet')]
  const rows = await host.session(testContext(), async (query) => {
    await query(`COPY (SELECT * FROM read_csv('${AIRPORTS}')) TO '${airports}' (FORMAT parquet)`)
    const [written] = await query(
      `COPY (SELECT * FROM read_parquet('${FLIGHTS}') WHERE date < '2001-01-08' OR delay < -120) TO '${flights}' (FORMAT parquet)`,
    )
    return Number(written?.['Count'])
  })
  const recipe = flightDelay(flights, AIRPORTS)
  const node = bindScans(wholePlan(recipe, 'flight-features'), (from, { schema }) =>
    from.kind === 'source'
      ? build({ op: 'scan', from: { kind: 'parquet', files: [from.name === 'flights' ? flights : airports] }, schema })
      : undefined,
  )
  const all = table(node) as Table<Record<string, 'int64'>>
  const model = ['distance', 'minuteOfDay', 'weekday', 'lateOut', 'flightsOut', 'lateIn', 'flightsIn', 'origin', 'destination', 'late', 'date', 'at'] // biome-ignore format: one line
  return { node: all.select(...model).node, rows }
}

test("the recipe's features are computed inside the device's memory, row for row as DuckDB does", {
  timeout: 120_000,
}, async () => {
  const { node, rows } = await features()
  expect(rows).toBeGreaterThan(100_000)
  const prepared = engine.prepare(plan(node))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  const relation = await prepared.run(ctx, 'device')
  const total = ctx.ledger.total()
  // date, delay and distance; origin and destination as codes; a bit each for what is missing; some thousand airports
  const packed = rows * (3 * 8 + 2 * 4) + 5 * (rows / 8)
  expect(total.up).toBeLessThan(packed * 1.01 + 3400 * (4 + 8) + 4 * 4000)
  expect(total.down).toBeLessThan(4096)
  expect(total.readbacks).toBeLessThanOrEqual(2)
  relation.close()
  const want = asBag(await collect(host, node))
  expect(want.length).toBeGreaterThan(100_000)
  const got = asBag(await collect(engine, node))
  expect(got.length).toBe(want.length)
  expect(got.filter((line, i) => line !== want[i])).toEqual([])
  expect(said).toEqual([])
})
