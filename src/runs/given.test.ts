import { expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import { count } from '../plan/aggregates.ts'
import { hours } from '../plan/durations.ts'
import { quantileBins } from '../plan/fits/bins.ts'
import { oneHot } from '../plan/fits/encode.ts'
import { impute } from '../plan/fits/impute.ts'
import type { Fit } from '../plan/fits/index.ts'
import { standardise } from '../plan/fits/scale.ts'
import { targetEncode } from '../plan/fits/target.ts'
import type { Table } from '../plan/table.ts'
import { gateMetrics } from './gate.ts'
import type { Kitchen } from './kitchen.ts'
import { recipe } from './recipe.ts'
import { byTime } from './split.ts'

type Orders = Table<{ id: 'int64'; at: 'timestamp'; city: 'string' }>
const any = (given: unknown) => given as never

test.each<[string, (k: Kitchen, t: Orders) => unknown, string, string]>([
  ['no name', (k, t) => k.step(any(t), any(undefined)), 'step() is given no name', "k.step('clean', …)"],
  ['no table', (k) => k.step('a', any(undefined)), "'a' is given no table", "k.step('a', orders."],
  [
    'a window',
    (k, t) => k.step('a', any(t.rolling({ by: 'id', on: 'at', over: hours(1) }, () => ({ n: count() })))),
    "'a' is given a rolling window, not a table",
    'asOf(window',
  ],
  ['a dataset', (k, t) => k.step('a', any(k.dataset('d', t))), "'a' is given a dataset, not a table", '.table'],
  ['no connector', (k) => k.source('x', any('x.csv')), "'x' is given nothing to read with", 'csv('],
  ['no columns', (k) => k.source('x', any(csv('x.csv', any(undefined)))), "'x' declares no columns", 'galley preview'],
  ['an option', (k, t) => k.dataset('d', t, any({ splits: {} })), "dataset 'd' has no option 'splits'", "mean 'split'"],
  [
    'a report',
    (k, t) => k.analyse(k.dataset('d', t), any({ targt: 'id' })),
    "analyse has no option 'targt'",
    "mean 'target'",
  ],
  [
    'no expectation',
    (k, t) => k.dataset('d', t, { expect: (r) => any([r.id.gt(0)]) }),
    'holds something else',
    'e.that(',
  ],
  [
    'no unit',
    (k, t) => k.dataset('d', t, { expect: (_, e) => [e.fresh('at', any(24))] }),
    'is a duration, not 24',
    'hours(24)',
  ],
  [
    'no list',
    (k, t) => k.dataset('d', t, { expect: (r, e) => [e.oneOf(r.city, any('Seoul'))] }),
    'takes a list of values',
    'isIn(',
  ],
])('%s: what a recipe gives is told', (_, declare, what, fix) => {
  const declared = () =>
    recipe('shop', (k) => {
      declare(k, k.source('orders', csv('orders.csv', { id: 'int64', at: 'timestamp', city: 'string' })))
    })
  expect(declared).toThrow(
    expect.objectContaining({ what: expect.stringContaining(what), fix: expect.stringContaining(fix) }),
  )
})

test('a gate tells which metrics there are', () => {
  const m = gateMetrics() as never as Readonly<Record<string, Readonly<Record<string, unknown>>>>
  expect(() => m['validate']?.['acu']).toThrow(expect.objectContaining({ what: "a gate sees no metric 'acu'", fix: "did you mean 'auc'?" })) // biome-ignore format: one line
  expect(() => m['valid']?.['auc']).toThrow(expect.objectContaining({ what: "a gate sees no part 'valid'" }))
  expect(m['validate']?.['auc']).toBeDefined()
})

test('of a target of texts, text is encoded without it', () => {
  const declared = (features: string[], fit: Fit[]) => () =>
    recipe('shop', (k) => {
      const t = k.source('orders', csv('orders.csv', { at: 'timestamp', city: 'string', kind: 'string' }))
      const split = byTime('at', { train: ['2026-01-01', '2026-02-01'], validate: ['2026-02-01', '2026-03-01'], test: ['2026-03-01', '2026-04-01'] }) // biome-ignore format: one line
      const d = k.dataset('d', t, { moment: 'at', split })
      k.train('m', d, any({ target: 'kind', features, fit, candidates: [{ trainer: 'gbdt', params: {} }] }))
    })
  expect(declared(['city'], [])).toThrow(expect.objectContaining({ fix: expect.stringContaining("ordinal(['city'])") }))
  expect(declared([], [targetEncode(['city'])])).toThrow(
    expect.objectContaining({ what: "targetEncode takes means of the target, and 'kind' is a string", fix: "encode by ordinal(['city']) or oneHot" }), // biome-ignore format: one line
  )
})

test.each<[string, () => Fit, string, string]>([
  ['text to scale', () => standardise(['city']), "'m' can't fit standardise: 'city' is a string", 'of the type'],
  ['text to bin', () => quantileBins(['city']), "can't fit quantileBins", 'of the type'],
  ['times to impute a mean of', () => impute(['at'], { with: 'mean' }), "can't fit impute", 'of the type'],
  ['an option', () => impute(['id'], any({ wiht: 'mean' })), "impute has no option 'wiht'", "mean 'with'"],
  [
    'an option of a coding',
    () => oneHot(['city'], any({ most: 3 })),
    "oneHot has no option 'most'",
    'use one of these',
  ],
  ['no list', () => standardise(any('id')), 'takes a list of columns', "['id']"],
])('%s: what a fit can not learn from is told when it is declared', (_, made, what, fix) => {
  const declared = () =>
    recipe('shop', (k) => {
      const t = k.source('orders', csv('orders.csv', { id: 'int64', at: 'timestamp', city: 'string', late: 'bool' }))
      const split = byTime('at', { train: ['2026-01-01', '2026-02-01'], validate: ['2026-02-01', '2026-03-01'], test: ['2026-03-01', '2026-04-01'] }) // biome-ignore format: one line
      const d = k.dataset('d', t, { moment: 'at', split })
      k.train('m', d, {
        target: 'late',
        features: ['id'],
        fit: [made()],
        candidates: [{ trainer: 'gbdt', params: {} }],
      })
    })
  expect(declared).toThrow(
    expect.objectContaining({ what: expect.stringContaining(what), fix: expect.stringContaining(fix) }),
  )
})
