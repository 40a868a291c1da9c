import { describe, expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
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
