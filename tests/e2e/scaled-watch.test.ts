import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { byTime, csv, impute, logistic, ordinal, recipe, standardise } from '../../src/index.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import type { Alert } from '../../src/runs/alerts.ts'
import { run } from '../../src/runs/runner.ts'
import { kitchen, writeOrders } from './small.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-scaled-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Features that fits put something else in the place of, and a text that one is made of. */
const scaled = recipe('scaled', (k) => {
  const orders = k.source(
    'orders',
    csv('orders.csv', { placed: 'local timestamp', weight: 'float64', courier: 'string', minutes: 'int64' }),
  )
  const data = k.dataset(
    'orders-scaled',
    orders.derive((r) => ({ late: r.minutes.gt(45), hour: r.placed.hour(), who: r.courier.upper() })),
    {
      split: byTime('placed', {
        train: ['2026-01-01', '2026-02-20'],
        validate: ['2026-02-20', '2026-03-10'],
        test: ['2026-03-10', '2026-04-01'],
      }),
    },
  )
  const model = k.train('late-scaled', data, {
    target: 'late',
    features: ['weight', 'hour'],
    fit: [impute(['weight'], { with: 'mean' }), standardise(['weight', 'hour']), ordinal(['courier', 'who'])],
    candidates: [logistic()],
  })
  k.serve('scaled', model, { entry: 'orders', input: ['placed', 'weight', 'courier'] })
})

test('the rows that a model learnt from are no shift, whatever fits put in the place of features', async () => {
  mkdirSync(join(folder, 'home'))
  writeOrders(folder)
  const { g, scope } = await kitchen(folder)
  try {
    await run(g.ware, scope, scaled, { folder, signal: new AbortController().signal, on: () => {} })
    const { store, duckdb, clock, ware } = g
    const live = await openEndpoint({ store, duckdb, scope, clock, log: ware.log }, 'scaled')
    const records = Array.from({ length: 1200 }, (_, i) => ({
      placed: new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString().slice(0, 19),
      weight: (i % 13) + 1,
      courier: `c${i % 3}`,
    }))
    await live.predict(records)
    const { status, columns } = live.monitor.verdict()
    expect(columns.map((c) => c.name)).toEqual(['weight', 'hour', 'courierCode', 'whoCode', 'courier', 'score'])
    expect(status).toBe('ok')
    await live.close()
    // two weeks of what was never heavy, and one that is not over
    const told: Alert[] = []
    const alerts = { send: (alert: Alert) => void told.push(alert), settled: async () => {} }
    const heavy = records.map((r) => ({ ...r, weight: 50 }))
    let now = Date.now()
    const later = { ...clock, now: () => now }
    const open = () => openEndpoint({ store, duckdb, scope, clock: later, log: ware.log, alerts }, 'scaled')
    const asked = await open()
    for (const rows of [heavy, heavy, heavy.slice(0, 1)]) {
      now += 7 * 86_400_000
      await asked.predict(rows)
    }
    await asked.close()
    // as after a crash: all of the log is read anew
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      if (path.endsWith('monitor.json')) rmSync(join(folder, path))
    await (await open()).close()
    const shift = { kind: 'drift', workspace: 'default', endpoint: 'scaled', model: 'late-scaled@1', column: 'weight', rows: 1200 } // biome-ignore format: one line
    expect(told).toMatchObject([shift, { ...shift, from: (told[0] as { to?: string } | undefined)?.to }])
    expect((await store.windows.list(scope, 'scaled')).items.length).toBeGreaterThan(told.length)
  } finally {
    await g.close()
  }
}, 60_000)
