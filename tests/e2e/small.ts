import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../../src/base/config.ts'
import type { Scope } from '../../src/base/scope.ts'
import { byTime, count, csv, hours, logistic, mean, minutes, recipe, sum } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { type LiveEndpoint, openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { type RunResult, run } from '../../src/runs/runner.ts'

export interface Variant {
  /** Orders heavier than this are refused, in history and by the endpoint. */
  readonly heaviest?: number
  /** Joins the couriers' grades from a second file. */
  readonly graded?: boolean
  /** What of an order feeds the windows. */
  readonly bonus?: number
  /** How long the courier's last order took is a feature too. */
  readonly last?: boolean
}

/** Orders of three months, one an hour; written to `orders.csv`. */
export function writeOrders(folder: string, options: { last?: string } = {}): void {
  const lines = ['placed,weight,courier,minutes']
  for (let i = 0; i < 2000; i++) {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
    lines.push(`${at},${(i % 13) + 1},c${i % 3},${20 + ((i * 7) % 50)}`)
  }
  if (options.last) lines.push(options.last)
  writeFileSync(join(folder, 'orders.csv'), `${lines.join('\n')}\n`)
}

export const writeCouriers = (folder: string, rows: readonly string[]): void =>
  writeFileSync(join(folder, 'couriers.csv'), `cid,grade\n${rows.join('\n')}\n`)

/** A recipe with a window that is fed: how late each courier was in the last twelve hours. */
export const orders = ({ heaviest = 1000, graded = false, bonus = 0, last = false }: Variant = {}) =>
  recipe('small', (k) => {
    const raw = k.source(
      'orders',
      csv('orders.csv', { placed: 'local timestamp', weight: 'float64', courier: 'string', minutes: 'int64' }),
    )
    const kept = raw.reject((r) => r.weight.gt(heaviest), 'too heavy', { when: 'always' })
    const couriers = graded ? k.source('couriers', csv('couriers.csv', { cid: 'string', grade: 'int64' })) : undefined
    const joined = couriers ? kept.join(couriers, { courier: 'cid' }) : kept
    const o = joined
      .derive((r) => ({ late: r.minutes.gt(45), at: r.placed.toInstant() }))
      .derive((r) => ({ known: r.at.plus(minutes(r.minutes)), doubled: r.minutes.times(2).plus(bonus) }))
    const w = o.rolling({ by: 'courier', on: 'known', over: hours(12) }, (r) => ({
      lateness: mean(r.late),
      n: count(),
      total: sum(r.doubled),
    }))
    const windows = o.asOf(w, { by: 'courier', at: 'at' })
    const lately = o.select('courier', 'known', 'minutes').rename({ minutes: 'lastTook', known: 'lastKnown' })
    const both = windows.asOf(lately, { by: 'courier', at: 'at', on: 'lastKnown' })
    const data = k.dataset('small-features', last ? both : windows, {
      moment: 'at',
      split: byTime('placed', {
        train: ['2026-01-01', '2026-02-20'],
        validate: ['2026-02-20', '2026-03-10'],
        test: ['2026-03-10', '2026-05-01'],
      }),
    })
    const features = ['weight', 'lateness', 'n', 'total', ...(last ? ['lastTook'] : [])]
    const model = k.train('small-model', data, {
      target: 'late',
      features: features as ['n'],
      candidates: [logistic()],
    })
    k.serve('small', model, { entry: 'orders', input: ['placed', 'courier', 'weight'], watch: { rows: 10 } })
  })

export interface Kitchen {
  readonly g: Galley
  readonly scope: Scope
  readonly warnings: [string, Record<string, unknown>][]
  run(variant?: Variant): Promise<RunResult>
  /** Opens the endpoint in this process, past the hub. */
  open(): Promise<LiveEndpoint>
}

/** A data folder of its own in `folder`, and the small recipe over the files there. */
export async function kitchen(folder: string): Promise<Kitchen> {
  const g = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent' })
  const scope = await g.scope()
  const warnings: Kitchen['warnings'] = []
  const note = (message: string, fields: Record<string, unknown> = {}) => void warnings.push([message, fields])
  const log = { debug: () => {}, info: () => {}, warn: note, error: note }
  return {
    g,
    scope,
    warnings,
    run: (variant) =>
      run(g.ware, scope, orders(variant), { folder, signal: new AbortController().signal, on: () => {} }),
    open: () => openEndpoint({ store: g.store, duckdb: g.duckdb, scope, clock: g.clock, log }, 'small'),
  }
}
