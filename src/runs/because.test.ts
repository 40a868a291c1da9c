import { describe, expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import { mean } from '../plan/aggregates.ts'
import { hours } from '../plan/durations.ts'
import { scan } from '../plan/table.ts'
import { because, diffRecipes, type KeyParts } from './because.ts'
import { recipe } from './recipe.ts'
import type { Recipe } from './specs.ts'

const orders = (o: { late?: number; keep?: number; more?: boolean; spec?: object } = {}): Recipe =>
  recipe('orders', (k) => {
    const raw = k.source('orders', csv('orders.csv', { city: 'string', minutes: 'int64' }))
    const clean = k.step('clean', raw.filter((r) => r.minutes.ge(o.keep ?? 0)).derive((r) => ({ late: r.minutes.gt(o.late ?? 15), twice: r.minutes.times(2) }))) // biome-ignore format: one line
    k.dataset(
      'known',
      clean.derive((r) => ({ sure: r.late.and(r.twice.gt(1)) })),
    )
    if (o.more) k.dataset('more', clean)
  })

/** As it is read from the store. */
const stored = (r: Recipe): Recipe => JSON.parse(JSON.stringify(r)) as Recipe
const stepIn = (r: Recipe, id: string) => r.steps.find((s) => s.id === id) as Recipe['steps'][number]
const parts = (p: Partial<KeyParts> = {}): KeyParts => ({ galley: '1', kind: 'table', spec: 'a', code: 'c', inputs: [['orders', 'h']], ...p }) // biome-ignore format: one line

type Odd = ReturnType<typeof oddly>
type Verbs = (t: Odd) => unknown
const oddly = () => scan({ kind: 'source', name: 'raw' }, { id: 'int64', v: 'int64', at: 'timestamp' })
const lately = (span: number) => (t: Odd) => t.asOf(t.rolling({ by: 'id', on: 'at', over: hours(span) }, (r) => ({ late: mean(r.v) })), { by: 'id', at: 'at' }) // biome-ignore format: one line

describe('why a step runs again', () => {
  const [was, now] = [stored(orders()), orders({ late: 20, keep: 1 })]
  const why = (p: Partial<KeyParts>, id = 'clean', after = now) =>
    because(stepIn(after, id), parts(p), { parts: parts(), step: stepIn(was, id) })

  test('a definition that changed is told by its column, rows by their verb', () => {
    expect(why({ spec: 'b' })).toEqual([
      "column 'late' changed its definition: minutes > 15 → minutes > 20",
      'rows are chosen by another filter: minutes ≥ 0 → minutes ≥ 1',
    ])
  })

  test('inputs, the code, the release, what stands for a source, and nothing', () => {
    const same = stored(orders())
    expect(why({ inputs: [['orders', 'other']] }, 'clean', same)).toEqual(["'orders' changed"])
    expect(why({ inputs: [['cities', 'h']] }, 'clean', same)).toEqual(["it reads 'cities' now", "it reads 'orders' no more"]) // biome-ignore format: one line
    expect(why({ code: 'd' }, 'clean', same)).toEqual(["Galley's own code for a step of the kind table changed"])
    expect(why({ code: 'd', galley: '2' }, 'clean', same)).toEqual(['Galley is 2, and was 1'])
    expect(why({ spec: 'b' }, 'orders', same)).toEqual(['what it reads has changed'])
    expect(why({}, 'clean', same)).toEqual([])
  })
})

test('recipes differ by step: what a plan means, options by their place', () => {
  expect(diffRecipes(stored(orders()), orders())).toEqual([])
  const [before, after] = [stored(orders()), orders({ late: 20, more: true })]
  expect(diffRecipes(before, after)).toEqual([
    {
      step: 'clean',
      change: 'changed',
      changes: ["column 'late' changed its definition: minutes > 15 → minutes > 20"],
    },
    { step: 'more', change: 'added', changes: [] },
  ])
  expect(diffRecipes(after, before).map((s) => `${s.step} ${s.change}`)).toEqual(['clean changed', 'more removed'])
  const fewer = { ...before, steps: before.steps.map((s) => (s.id === 'known' ? { ...s, spec: { ...(s.spec as object), moment: 'at' } } : s)) } // biome-ignore format: one line
  expect(diffRecipes(before, fewer)).toEqual([{ step: 'known', change: 'changed', changes: ['moment: null → "at"'] }])
})

test('names that JavaScript has for every object are names as others', () => {
  const typed = (columns: Record<string, 'int64'>) =>
    recipe('odd', (k) => {
      k.source('odd', csv('odd.csv', columns))
    })
  const both = diffRecipes(stored(typed({ id: 'int64' })), typed({ id: 'int64', constructor: 'int64' } as never))
  expect(both).toEqual([{ step: 'odd', change: 'changed', changes: ['columns.constructor: nothing → "int64"'] }])
})

test.each<[string, Verbs, Verbs, string]>([
  [
    'the order of columns',
    (t) => t.select('id', 'v'),
    (t) => t.select('v', 'id'),
    'its columns stand in another order: v, id',
  ],
  [
    'what is said of a column',
    (t) => t.describe({ v: { unit: 'KRW' } }),
    (t) => t,
    "column 'v' is described otherwise",
  ],
  ['the order of verbs', (t) => t.sort('v').limit(2).filter((r) => r.v.gt(1)), (t) => t.filter((r) => r.v.gt(1)).sort('v').limit(2), 'its verbs stand in another order, which may choose other rows'], // biome-ignore format: one line
  ['a column that a rejection reads', (t) => t.reject((r) => r.v.gt(1), 'much'), (t) => t.derive((r) => ({ v: r.v.times(2) })).reject((r) => r.v.gt(1), 'much'), "rows are chosen by 'reject 'much' (always) where"], // biome-ignore format: one line
  ['the span of a window', lately(48), lately(12), "column 'late' changed its definition: mean(v) by id over 2 d before at → mean(v) by id over 12 h before at"], // biome-ignore format: one line
])('a plan that is another by %s', (_, before, after, says) => {
  const made = (f: Verbs) =>
    recipe('odd', (k) => {
      k.dataset('made', f(k.source('raw', csv('odd.csv', { id: 'int64', v: 'int64', at: 'timestamp' }))) as never)
    })
  expect(diffRecipes(stored(made(before)), made(after))[0]?.changes).toContainEqual(expect.stringContaining(says))
})

test('an expectation that came is counted', () => {
  const made = (most: readonly number[]) =>
    recipe('odd', (k) => {
      const raw = k.source('raw', csv('odd.csv', { id: 'int64', v: 'int64' }))
      k.dataset('made', raw, { expect: (r, e) => most.map((max) => e.range(r.v, { max })) })
    })
  const [found] = diffRecipes(stored(made([1])), made([1, 2]))
  expect(found?.changes).toEqual([expect.stringContaining('expect changed: 1 of them, and now 2')])
})
