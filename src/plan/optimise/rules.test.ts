import { describe, expect, test } from 'vitest'
import { call, col } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import { printPlan } from '../print.ts'
import { optimise, RULES } from './index.ts'
import { FILTERS } from './testing/filters.ts'
import { OTHERS } from './testing/others.ts'
import { both, derive, filter, join, over, pick, sort, t } from './testing/samples.ts'

const EXAMPLES = { ...FILTERS, ...OTHERS }

/** The plan's operations with what they ask, top down, inputs in brackets. */
const shape = (n: Node): string =>
  printPlan(n)
    .split('\n')
    .filter((line) => !line.trim().startsWith('→'))
    .map((line) => line.replace(/ {2}/g, '·'))
    .join(' / ')

describe('each rule alone', () => {
  test('has examples', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(RULES.map((r) => r.name).sort())
  })
  for (const [name, examples] of Object.entries(EXAMPLES))
    for (const [what, before, after, options] of examples)
      test(`${name}: ${what}`, () => {
        const rules = RULES.filter((r) => r.name === name)
        const got = optimise(before, { ...options, rules })
        expect(shape(got)).toBe(shape(after ?? before))
        expect(got.schema).toEqual(before.schema)
        if (!after) expect(got).toBe(before)
      })
})

test('a node that two others read stays one', () => {
  const shared = derive(t, [['y', call('lower', col('s'))]])
  const root = build({ op: 'union', left: filter(shared, col('b')), right: filter(shared, over('i')) })
  const got = optimise(root) as unknown as { left: Node; right: Node }
  expect((got.left as Extract<Node, { op: 'filter' }>).input).toBe((got.right as Extract<Node, { op: 'filter' }>).input)
})

test('an as-of of a table that covers a rolling window keeps the cover', () => {
  const window = build({
    op: 'rolling',
    input: t,
    by: ['k'],
    on: 'at',
    over: 3_600_000_000,
    aggs: [['n', { fn: 'count', arg: null }]],
  })
  const table = derive(window, [['extra', over('n')]])
  const root = pick(build({ op: 'asof', left: t, right: table, by: [['k', 'k']], at: 'at', on: 'at' }), 'k', 'n')
  const got = optimise(root)
  expect(shape(got)).toContain('derive')
  expect(got.schema).toEqual(root.schema)
})

test('optimising what is optimised changes nothing', () => {
  const root = filter(sort(filter(join('inner'), both(over('y'), over('i')))), col('b'))
  const once = optimise(root)
  expect(optimise(once)).toBe(once)
})
