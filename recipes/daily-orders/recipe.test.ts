import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { type TestServer, testServer } from '../../src/data/connectors/postgres/testing.ts'
import { collect } from '../../src/engines/conformance/compare.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { build } from '../../src/plan/nodes.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import { dailyOrders } from './recipe.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-daily-orders-'))
let shop: TestServer
let galley: Galley
beforeAll(async () => {
  shop = await testServer()
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
  await shop.sql(`CREATE TABLE orders (id bigint PRIMARY KEY, placed timestamptz, updated timestamptz, customer bigint,
    status text, amount numeric(12, 2), coupon text)`)
}, 60_000)
afterAll(async () => {
  await galley.close()
  await shop.close()
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

/** Orders of one day, so many days ago. */
const place = (from: number, to: number, daysAgo: number, amount = 'i * 1.5') =>
  shop.sql(`INSERT INTO orders SELECT i, now() - interval '${daysAgo} days', now() - interval '${daysAgo} days', i % 7 + 1, 'placed', ${amount}, 'SPRING'
    FROM generate_series(${from}, ${to}) AS i`)

/** A morning: what the run read, and what it published. */
async function morning() {
  const { outputs, cached } = await run(galley.ware, await galley.scope(), dailyOrders(shop.connection), {
    ...{ folder: home, signal: new AbortController().signal, on: () => {} },
  })
  const { rows, stood } = outputs.get('order-changes') as SourceOutput
  const orders = outputs.get('orders-daily') as DatasetOutput
  const told = orders.verdicts.filter((v) => !v.passed).map((v) => v.title)
  return { read: cached.includes('order-changes') ? 0 : rows - (stood?.[0] ?? 0), orders, version: orders.version, rows: orders.rows, rejected: orders.rejected, told } // biome-ignore format: one line
}

async function orderOf(o: DatasetOutput, id: bigint): Promise<readonly unknown[] | undefined> {
  const rows = await collect(
    galley.duckdb,
    build({ op: 'scan', from: { kind: 'parquet', files: o.files }, schema: o.schema }),
  )
  return rows.find((r) => r[0] === id)
}

test('a week of mornings: what changed is read, a bad day is stopped, and what the shop mends is mended', async () => {
  await place(1, 100, 3)
  expect(await morning()).toMatchObject({ read: 100, version: 1, rows: 100, rejected: {}, told: ['updated is at most 36 h old'] }) // biome-ignore format: one line

  // a day later: thirty new ones, two of the old sent, and three that nobody can have meant
  await place(101, 130, 1)
  await shop.sql("UPDATE orders SET status = 'sent', updated = now() - interval '1 day' WHERE id IN (5, 6)")
  await shop.sql('UPDATE orders SET amount = -1 WHERE id IN (101, 102, 103)')
  const second = await morning()
  expect(second).toMatchObject({ read: 32, version: 2, rows: 127, rejected: { 'amount is at least 0, in 90 % of the rows': 3 }, told: [] }) // biome-ignore format: one line
  expect((await orderOf(second.orders, 5n))?.[4]).toBe('sent')

  // an order of a till that was offline comes two days late, and behind the greatest time that was read
  await place(131, 131, 2)
  expect(await morning()).toMatchObject({ read: 1, version: 3, rows: 128 })

  // overnight the shop drops a column and adds another
  await shop.sql('ALTER TABLE orders DROP COLUMN coupon; ALTER TABLE orders ADD COLUMN channel text')
  await shop.sql(
    `INSERT INTO orders SELECT i, now(), now(), 1, 'placed', 10, 'web' FROM generate_series(132, 140) AS i`,
  )
  const fourth = await morning()
  expect(fourth).toMatchObject({ read: 9, version: 4, rows: 137 })
  expect((await orderOf(fourth.orders, 140n))?.at(-1)).toBeNull()

  // a bad day: a job of the shop has turned the sign of half of all amounts
  await shop.sql('UPDATE orders SET amount = -amount, updated = now() WHERE id % 2 = 0')
  await expect(morning()).rejects.toMatchObject({ code: 'QUALITY_FAILED', why: expect.stringContaining('amount is at least 0') }) // biome-ignore format: one line
  const scope = await galley.scope()
  expect(await galley.store.datasets.get(scope, 'orders-daily')).toMatchObject({ version: 4, rows: 137 })

  // it is mended in the shop, and the same command goes on
  await shop.sql('UPDATE orders SET amount = abs(amount), updated = now() WHERE amount < 0')
  const mended = await morning()
  expect(mended).toMatchObject({ version: 5, rows: 140, rejected: {} })
  expect((await orderOf(mended.orders, 2n))?.[5]).toBe(300n)

  // nothing changed, and nothing is read or published
  expect(await morning()).toMatchObject({ read: 0, version: 5, rows: 140 })

  // twice as many orders as ever before: somebody has to look first
  await place(141, 400, 0)
  await expect(morning()).rejects.toMatchObject({ code: 'QUALITY_FAILED', why: expect.stringContaining('400 rows') })
  expect((await galley.store.datasets.get(scope, 'orders-daily')).version).toBe(5)
}, 180_000)
