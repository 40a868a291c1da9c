import { describe, expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import type { Expect } from '../data/quality/said.ts'
import type { BoolCol } from '../plan/columns/kinds.ts'
import { hours } from '../plan/durations.ts'
import { targetEncode } from '../plan/fits/target.ts'
import { recipeOf } from './declared.ts'
import type { Kitchen } from './kitchen.ts'
import { recipe } from './recipe.ts'
import { byTime } from './split.ts'
import { byCount } from './text.ts'

const gbdt = (params: Record<string, number> = {}) => ({ trainer: 'gbdt', params })

test('an error of a plan says where in the recipe it is', () => {
  const declared = () =>
    recipe('meals', (k) => {
      const orders = k.source('orders', csv('orders.csv', { district: 'string' }))
      k.step(
        'clean',
        orders.filter((r) => r.district.eq(45 as never)),
      )
    })
  expect(declared).toThrow(
    expect.objectContaining({
      code: 'PLAN_TYPE_MISMATCH',
      what: "45 can't stand where a string is expected",
      why: "it stands beside district in filter, in the recipe 'meals', after 'orders' is declared",
      fix: "put it between quotes: '45'; or read the text as a number: .cast('int64')",
    }),
  )
})

test('a condition that a split or an expectation drops is told: JavaScript keeps the last one of a && b', () => {
  const declared = (options: Parameters<Kitchen['dataset']>[2]) => () =>
    recipe('meals', (k) => {
      const t = k.source('orders', csv('orders.csv', { n: 'int64', m: 'int64', city: 'string' }))
      k.dataset('d', t, options as never)
    })
  const dropped = expect.objectContaining({ what: expect.stringContaining('does not use it: (n > 0)') })
  type R = { [c in 'n' | 'm']: { gt(x: number): BoolCol; isNull(): BoolCol } }
  const both = (r: R) => r.n.gt(0) && r.m.gt(0)
  expect(declared({ split: ((r: R) => ({ train: both(r) })) as never })).toThrow(dropped)
  expect(declared({ expect: ((r: R) => ({ good: both(r) })) as never })).toThrow(dropped)
  expect(declared({ expect: ((r: R, e: Expect<object>) => [e.that('good', both(r))]) as never })).toThrow(dropped)
  const fine = (r: R, e: Expect<object>) => [
    e.that('good', r.n.gt(0).and(r.m.gt(0))),
    e.notNull(r.n.gt(0)),
    e.range(r.m as never, { min: 0 }).quarantine(),
    e.key('n' as never),
  ]
  expect(declared({ expect: fine as never, split: ((r: R) => ({ a: r.n.gt(0), b: r.n.gt(0).not() })) as never })).not.toThrow() // biome-ignore format: one line
})

test('reasons stand in one order, however they were stored', () => {
  const counts = { impossible: 3, after: 6, duplicate: 191, before: 6 }
  const stored = { after: 6, before: 6, duplicate: 191, impossible: 3 }
  expect(byCount(counts)).toEqual(byCount(stored))
  expect(byCount(counts).map(([reason]) => reason)).toEqual(['duplicate', 'after', 'before', 'impossible'])
})

describe('what can be known to be wrong when a recipe is declared', () => {
  const spans = { train: ['2026-01-01', '2026-02-01'], validate: ['2026-02-01', '2026-03-01'], test: ['2026-03-01', '2026-04-01'] } as const // biome-ignore format: one line
  const declare =
    (change: {
      train?: Partial<Parameters<Kitchen['train']>[2]>
      serve?: Partial<Parameters<Kitchen['serve']>[2]>
      moment?: string
    }) =>
    () =>
      recipe('meals', (k) => {
        const columns = { at: 'local timestamp', x: 'float64', city: 'string', late: 'bool' } as const
        const orders = k.source('orders', csv('orders.csv', columns))
        const data = k.dataset('data', orders, {
          split: byTime('at', spans),
          moment: (change.moment ?? 'at') as 'at',
        })
        const model = k.train('model', data, {
          target: 'late',
          features: ['x'],
          candidates: [gbdt()],
          ...(change.train as object),
        })
        k.serve('live', model, { entry: 'orders', input: ['at', 'x', 'city'], ...change.serve })
      })
  test.each<[string, Parameters<typeof declare>[0], string, string]>([
    ['a number that is none', { train: { candidates: [gbdt({ leaves: Number.NaN })] } }, 'RECIPE_INVALID', "'candidates.0.params.leaves'"], // biome-ignore format: one line
    ['the target among the features', { train: { features: ['x', 'late'] as never } }, 'RECIPE_INVALID', "learn 'late' from 'late'"], // biome-ignore format: one line
    ['the target encoded by itself', { train: { fit: [targetEncode(['late'])] } }, 'RECIPE_INVALID', "learn 'late' from 'late'"], // biome-ignore format: one line
    ['a feature twice', { train: { features: ['x', 'x'] as never } }, 'RECIPE_INVALID', 'twice'],
    ['text as a feature beside a fit that reads it', { train: { features: ['x', 'city'] as never, fit: [targetEncode(['city'])] } }, 'RECIPE_INVALID', "'city' is a string"], // biome-ignore format: one line
    ['text as a feature', { train: { features: ['city'] as never } }, 'RECIPE_INVALID', "'city' is a string"],
    ['a target that is a time', { train: { target: 'at' as never } }, 'RECIPE_INVALID', "can't learn 'at'"], // biome-ignore format: one line
    ['a moment that is no column', { moment: 'att' }, 'PLAN_UNKNOWN_COLUMN', "'att'"],
    ['a moment that is no time', { moment: 'x' }, 'RECIPE_INVALID', "'x' is a float64"],
    ['an input that is no column', { serve: { input: ['at', 'citty'] } }, 'PLAN_UNKNOWN_COLUMN', "'citty'"],
    ['a negative lateness', { serve: { lateness: hours(-5) } }, 'RECIPE_INVALID', 'lateness'],
    ['a span of no time', { serve: { watch: { over: hours(0) } } }, 'RECIPE_INVALID', 'watch.over'],
    ['rows that are none', { serve: { watch: { rows: -5 } } }, 'RECIPE_INVALID', 'watch.rows'],
    ['a moment that is none', { serve: { warmUntil: 'soon' } }, 'PLAN_TYPE_MISMATCH', "'soon'"],
  ])('%s', (_, change, code, says) => {
    expect(declare({})).not.toThrow()
    expect(declare(change)).toThrow(expect.objectContaining({ code, what: expect.stringContaining(says) }))
  })
})

test('an option that csv() has not is refused', () => {
  expect(() => csv('a.csv', { x: 'string' }, { delimeter: ';' } as never)).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID', fix: "did you mean 'delimiter'?" }),
  )
})

test('what recipes share is a function of the kitchen: declared as often as it is called, under names that it is given', () => {
  const cleaned = (k: Kitchen, name: string) => {
    const read = k.source(`${name}-read`, csv(`${name}.csv`, { id: 'int64', n: 'int64' }))
    return k.step(
      name,
      read.filter((r) => r.n.gt(0)),
    )
  }
  const both = recipe('both', (k) => {
    k.dataset('all', cleaned(k, 'north').union(cleaned(k, 'south')))
  })
  expect(both.steps.map((s) => s.id)).toEqual(['north-read', 'north', 'south-read', 'south', 'all'])
  expect(() => recipe('twice', (k) => void [cleaned(k, 'north'), cleaned(k, 'north')])).toThrow(
    expect.objectContaining({ what: "two steps are named 'north-read'" }),
  )
})

test('a recipe as data whose steps read each other in a circle is refused', () => {
  const made = recipe('circle', (k) => {
    const a = k.step(
      'a',
      k.source('s', csv('s.csv', { n: 'int64' })).filter((r) => r.n.gt(0)),
    )
    k.step(
      'b',
      a.filter((r) => r.n.gt(1)),
    )
  })
  const steps = made.steps.map((s) => (s.id === 'a' ? { ...s, inputs: ['b'] } : s))
  expect(() => recipeOf({ ...made, steps })).toThrow(
    expect.objectContaining({
      code: 'RECIPE_INVALID',
      why: expect.stringContaining('no step before it has that name'),
    }),
  )
})
