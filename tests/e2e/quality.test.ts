import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import type { Scope } from '../../src/base/scope.ts'
import { csv, hours, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { run } from '../../src/runs/runner.ts'
import { createClient } from '../../src/sdk/index.ts'

let folder: string
let g: Galley
let scope: Scope
const client = () => createClient({ url: 'http://in.process', fetch: (request) => g.app().fetch(request) })
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galley-quality-'))
  g = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent' })
  scope = await g.scope()
})
afterAll(async () => {
  await g.close()
  rmSync(folder, { recursive: true, force: true })
})

const write = (name: string, lines: readonly string[]) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
const orders = (strict = false) =>
  recipe('shop', (k) => {
    const raw = k.source('raw', csv('orders.csv', { id: 'int64', city: 'string', price: 'float64', at: 'timestamp' }))
    const cities = k.source('cities', csv('cities.csv', { name: 'string' }))
    k.dataset('orders', raw, {
      expect: (r, e) => [
        e.unique('id').quarantine(),
        e.references('city', cities, 'name').quarantine(),
        e.range(r.price, { min: 0 }),
        e.notNull(r.price, { mostly: 0.9 }).warn(),
        ...(strict ? [e.fresh('at', hours(1))] : []),
      ],
    })
  })
const said: string[] = []
const go = (strict = false) =>
  run(g.ware, scope, orders(strict), {
    folder,
    signal: new AbortController().signal,
    on: (event) => {
      if (event.type === 'said') said.push(event.text)
    },
  })

describe('a dataset with expectations', { timeout: 180_000 }, () => {
  test('rows that break a quarantining one are set aside with its title, a warning lets the run go on', async () => {
    write('cities.csv', ['name', 'Seoul', 'Busan'])
    const good = Array.from({ length: 8 }, (_, i) => `${i},Seoul,${i},2026-01-01 00:00:00Z`)
    write('orders.csv', ['id,city,price,at', ...good, '7,Busan,9,2026-01-01 00:00:00Z', '9,Jeju,1,', '10,Busan,,'])
    await go()
    const version = await g.store.datasets.get(scope, 'orders')
    expect(version.rows).toBe(9)
    expect(version.details).toMatchObject({
      rejected: { 'id is unique': 1, 'city is in name of cities': 1 },
      rejectedFile: expect.stringContaining('rejected.parquet'),
    })
    expect(said.join('\n')).toContain('price is not null, in 90 % of the rows: 1 row of 9')
    const check = await client().quality.show({ name: 'orders' })
    expect(check).toMatchObject({ version: 1, passed: true, metrics: { rows: 9, nulls: { city: 0 } } })
    expect(check.verdicts.map((v) => [v.title, v.severity, v.passed, v.failed, v.rows])).toEqual([
      ['id is unique', 'quarantine', true, 1, 10],
      ['city is in name of cities', 'quarantine', true, 1, 10],
      ['price is at least 0', 'stop', true, 0, 9],
      ['price is not null, in 90 % of the rows', 'warn', false, 1, 9],
    ])
  })

  test('one that stops names the expectation, the count and the first rows, and is kept in the history', async () => {
    write('orders.csv', ['id,city,price,at', '1,Seoul,-5,', '2,Busan,-6,', '3,Busan,6,'])
    await expect(go()).rejects.toMatchObject({
      code: 'QUALITY_FAILED',
      why: 'price is at least 0: 2 rows of 3 (first [id=1, price=-5.0] [id=2, price=-6.0])',
      details: { failed: { 'price is at least 0': 2 } },
    })
    expect((await g.store.datasets.get(scope, 'orders')).version).toBe(1)
    const history = await client().quality.history({ name: 'orders', expectation: 'price is at least 0' })
    expect(history.items.map((c) => [c.version, c.passed, c.verdicts[0]?.failed])).toEqual([
      [null, false, 2],
      [1, true, 0],
    ])
    expect(await client().quality.show({ name: 'orders', version: 1 })).toMatchObject({ version: 1 })
    await expect(client().quality.history({ name: 'orders', expectation: 'none' })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    })
    // one that was renamed since is found behind many checks that have it not, and its pages are of those that have it
    const check = (title: string, version: number) => ({ dataset: 'renamed', version, run: 'r', passed: true, verdicts: [{ title, severity: 'stop', passed: true, rows: 1, failed: 0, examples: [] }], metrics: { rows: 1, columns: {} }, anomalies: [] }) // biome-ignore format: one line
    for (let v = 1; v <= 80; v++) await g.store.quality.record(scope, check(v <= 3 ? `old "name'` : 'new', v) as never)
    const asked = { name: 'renamed', expectation: `old "name'` }
    const old = await client().quality.history({ ...asked, limit: 2 })
    expect(old.items.map((c) => c.version)).toEqual([3, 2])
    const rest = await client().quality.history({ ...asked, limit: 2, cursor: old.next })
    expect(rest.items.map((c) => [c.version, c.verdicts.length])).toEqual([[1, 1]])
    await expect(client().quality.history({ name: 'renamed', expectation: 'older' })).rejects.toMatchObject({ code: 'USAGE_INVALID', why: "it has 'new'" }) // biome-ignore format: one line
    await expect(client().quality.history({ name: 'nothing' })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    const first = await client().quality.history({ name: 'orders', limit: 1 })
    expect(first.items).toHaveLength(1)
    expect((await client().quality.history({ name: 'orders', limit: 1, cursor: first.next })).items[0]?.version).toBe(1)
  })

  test('what was fresh is asked again on the next run, though nothing changed', async () => {
    const now = new Date(g.clock.now()).toISOString().slice(0, 19).replace('T', ' ')
    write('orders.csv', ['id,city,price,at', `1,Seoul,1,${now}Z`])
    const before = (await client().quality.history({ name: 'orders' })).items.length
    await go(true)
    await go(true)
    expect((await client().quality.history({ name: 'orders' })).items).toHaveLength(before + 2)
    write('orders.csv', ['id,city,price,at', '1,Seoul,1,2020-01-01 00:00:00Z'])
    await expect(go(true)).rejects.toMatchObject({ code: 'QUALITY_FAILED', why: expect.stringContaining('h old') })
  })

  test('a figure that is far from those of former versions is told, kept, and stops nothing', async () => {
    const metrics = { rows: 1000, nulls: { city: 0 }, means: { price: 5 } }
    const former = { dataset: 'orders', version: 1, run: 'r', passed: true, verdicts: [], metrics, anomalies: [] }
    for (let i = 0; i < 20; i++) await g.store.quality.record(scope, former)
    write('orders.csv', ['id,city,price,at', '1,Seoul,5,2026-01-01 00:00:00Z', '2,Busan,5,2026-01-01 00:00:00Z'])
    await go()
    expect(said.at(-1)).toMatch(/^unusual: rows 2, usually 1000 \([0-9]+ versions of this weekday\)$/)
    expect((await client().quality.show({ name: 'orders' })).anomalies).toMatchObject([
      { metric: 'rows', column: null, value: 2, usual: 1000 },
    ])
  })
})
