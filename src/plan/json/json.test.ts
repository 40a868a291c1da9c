import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { count, sum } from '../aggregates.ts'
import { diffPlans } from '../diff.ts'
import { hours } from '../durations.ts'
import { call, col, type Expr, lit } from '../expr.ts'
import { build, type Node, plan } from '../nodes.ts'
import { scan } from '../table.ts'
import { hashPlan, nodes } from '../walk.ts'
import { loadPlan, savePlan } from './index.ts'

const sales = scan(
  { kind: 'source', name: 'sales' },
  { id: 'int64', shop: 'string', at: 'timestamp', price: 'decimal(9, 2)', tags: 'string[]' },
)
const shops = scan({ kind: 'source', name: 'shops' }, { name: 'string', city: 'string' })
const cleaned = sales.reject((r) => r.price.le(0), 'free', { when: 'training' }).join(shops, { shop: 'name' })
const busy = cleaned.rolling({ by: 'city', on: 'at', over: hours(3) }, () => ({ n: count() }))
const whole = cleaned
  .asOf(busy, { by: 'city', at: 'at' })
  .window({ by: 'shop', order: 'at' }, (r) => ({
    before: { window: { fn: 'lag', arg: r.price.expr, offset: 1 }, gives: 'int64' },
  }))
  .unnest('tags')
  .describe({ price: { unit: 'KRW', tags: ['personal'] } })

test('a plan comes back from JSON as it was; shared nodes stay shared', () => {
  for (const root of [
    whole.node,
    sales.union(sales).distinct().sort('id').limit(3).node,
    sales.aggregate(['shop'], (r) => ({ s: sum(r.price) })).node,
  ]) {
    const saved = JSON.parse(JSON.stringify(savePlan(plan(root)))) as unknown
    const back = loadPlan(saved)
    expect(hashPlan(back)).toBe(hashPlan(plan(root)))
    expect(JSON.stringify(savePlan(back))).toBe(JSON.stringify(saved))
    const ofTree = loadPlan(JSON.parse(JSON.stringify(plan(root))))
    expect([hashPlan(ofTree), [...nodes(ofTree.root)].length]).toEqual([hashPlan(plan(root)), [...nodes(root)].length])
  }
  const twice = sales.union(sales).node
  expect(savePlan(plan(twice)).nodes).toHaveLength(2)
})

describe('plans of former formats', () => {
  const folder = new URL('../../../tests/fixtures/plans/', import.meta.url)
  for (const file of readdirSync(folder))
    test(file, () => {
      const old = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { root: Node }
      expect(loadPlan(old).root.schema).toEqual(old.root.schema)
    })
})

const good = () =>
  JSON.parse(JSON.stringify(savePlan(plan(whole.node)))) as { format: number; nodes: Record<string, unknown>[] }
const broken = (change: (p: ReturnType<typeof good>) => void): unknown => {
  const p = good()
  change(p)
  return p
}

/** Literal rows of one column, and a select over it. */
const ids = (rows: unknown, nullable = true) => ({
  op: 'scan',
  from: { kind: 'rows', rows },
  schema: [{ name: 'id', type: 'int64', nullable }],
})
const selecting = (e: unknown) => ({
  format: 2,
  nodes: [ids([]), { op: 'select', input: 0, columns: [['x', e]] }],
})
const yes = lit(true, 'bool')

describe('hostile plans', () => {
  const deep = (depth: number): unknown => {
    let e: unknown = { op: 'col', name: 'id' }
    for (let i = 0; i < depth; i++) e = { op: 'call', fn: 'neg', args: [e] }
    return e
  }
  test.each<[string, () => unknown, string, string]>([
    ['not an object', () => 7, 'PLAN_INVALID', 'not an object'],
    ['null', () => null, 'PLAN_INVALID', 'not an object'],
    ['no format', () => ({ root: {} }), 'PLAN_INVALID', 'format number'],
    ['from the future', () => ({ format: 99, nodes: [] }), 'PLAN_FORMAT_NEWER', 'format 99'],
    ['empty', () => ({ format: 2, nodes: [] }), 'PLAN_INVALID', 'empty'],
    ['an unknown verb', () => broken((p) => (p.nodes[0] = { op: 'exec', cmd: 'rm' })), 'PLAN_INVALID', 'nodes[0].op'],
    [
      'a cycle',
      () => broken((p) => ((p.nodes[1] as { input: number })['input'] = 5)),
      'PLAN_INVALID',
      'names no node before it',
    ],
    ['a missing input', () => ({ format: 2, nodes: [{ op: 'distinct' }] }), 'PLAN_INVALID', 'nodes[0].input'],
    [
      'prototype pollution',
      () =>
        JSON.parse(
          '{"format":2,"nodes":[{"op":"scan","from":{"kind":"rows","rows":[]},"schema":[],"__proto__":{"x":1}}]}',
        ),
      'PLAN_INVALID',
      '__proto__',
    ],
    [
      'a field with no meaning',
      () => broken((p) => (p.nodes[0] = { ...p.nodes[0], sql: 'drop' })),
      'PLAN_INVALID',
      "'sql'",
    ],
    [
      'an unknown function',
      () => ({
        format: 2,
        nodes: [ids([]), { op: 'filter', input: 0, predicate: { op: 'call', fn: 'constructor', args: [] } }],
      }),
      'PLAN_INVALID',
      'nodes[1].predicate.fn',
    ],
    [
      'a column that is not there',
      () => ({ format: 2, nodes: [ids([]), { op: 'filter', input: 0, predicate: { op: 'col', name: 'idd' } }] }),
      'PLAN_UNKNOWN_COLUMN',
      'nodes[1]',
    ],
    [
      'a wrong type',
      () => ({
        format: 2,
        nodes: [
          { op: 'scan', from: { kind: 'rows', rows: [] }, schema: [{ name: 'id', type: 'money', nullable: true }] },
        ],
      }),
      'PLAN_INVALID',
      'schema[0].type',
    ],
    ['a value of another type', () => ({ format: 2, nodes: [ids([['1; drop']])] }), 'PLAN_INVALID', 'rows[0][0]'],
    [
      'a case of three entries',
      () => selecting({ op: 'case', when: [[yes, col('id'), yes]], otherwise: col('id') }),
      'PLAN_INVALID',
      'columns[0][1].when[0]',
    ],
    [
      'a constant without a value',
      () => selecting({ op: 'lit', type: 'int64' }),
      'PLAN_INVALID',
      'columns[0][1].value',
    ],
    ['a float32 without room', () => selecting(lit(1e300, 'float32')), 'PLAN_INVALID', 'columns[0][1].value'],
    ['a null where none may be', () => ({ format: 2, nodes: [ids([[null]], false)] }), 'PLAN_INVALID', 'rows[0][0]'],
    ['very deep', () => ({ format: 2, nodes: [deep(100_000)] }), 'PLAN_INVALID', 'nested deeper'],
    [
      'a million nodes',
      () => ({
        format: 2,
        nodes: Array.from({ length: 1_000_000 }, (_, i) =>
          i === 0 ? { op: 'scan', from: { kind: 'rows', rows: [] }, schema: [] } : { op: 'distinct', input: i - 1 },
        ),
      }),
      'PLAN_INVALID',
      'more than',
    ],
    [
      'a tower of verbs',
      () => ({
        format: 2,
        nodes: Array.from({ length: 5000 }, (_, i) => (i === 0 ? ids([]) : { op: 'distinct', input: i - 1 })),
      }),
      'PLAN_INVALID',
      'on top of each other',
    ],
  ])('%s', (_, make, code, says) => {
    expect(() => loadPlan(make())).toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(says) }),
    )
  })

  test('whatever is done to a plan, reading it gives a plan or one clear error', () => {
    const paths: (readonly (string | number)[])[] = []
    const collect = (value: unknown, path: readonly (string | number)[]): void => {
      paths.push(path)
      if (value !== null && typeof value === 'object')
        for (const [k, v] of Object.entries(value)) collect(v, [...path, Array.isArray(value) ? Number(k) : k])
    }
    collect(good(), [])
    fc.assert(
      fc.property(fc.constantFrom(...paths.filter((p) => p.length > 0)), fc.jsonValue(), (path, value) => {
        const p = good() as unknown as Record<string | number, unknown>
        let at = p
        for (const step of path.slice(0, -1)) at = at[step] as typeof at
        at[path.at(-1) as string | number] = value
        try {
          expect(loadPlan(p).root.schema.length).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^PLAN_/)
        }
      }),
      { numRuns: 2000, seed: 3 },
    )
  })

  test('a tower of expressions is refused where it is built', () => {
    expect(() =>
      sales.derive((r) => {
        let x = r.id
        for (let i = 0; i < 600; i++) x = x.plus(1)
        return { x }
      }),
    ).toThrowError('inside each other')
    let e: Expr = col('id')
    for (let i = 0; i < 300; i++) e = call('add', e, lit('1', 'int64'))
    expect(build({ op: 'derive', input: sales.node, columns: [['x', e]] }).schema.at(-1)?.type).toBe('int64')
  })
})

test('a diff tells what changed in meaning', () => {
  const before = sales
    .filter((r) => r.price.gt(0))
    .derive((r) => ({ late: r.id.gt(15), twice: r.id.times(2) }))
    .derive((r) => ({ sum: r.twice.plus(1) }))
  const after = sales
    .filter((r) => r.price.gt(1))
    .derive((r) => ({ late: r.id.gt(15), twice: r.id.times(3), extra: r.id }))
    .derive((r) => ({ sum: r.twice.plus(1) }))
    .drop('tags')
  expect(diffPlans(before.toPlan(), after.toPlan())).toEqual({
    added: ['extra'],
    removed: ['tags'],
    changed: [
      { column: 'twice', before: '(id × 2)', after: '(id × 3)', because: [] },
      { column: 'sum', before: '(twice + 1)', after: '(twice + 1)', because: ['twice'] },
    ],
    rows: { added: ['filter (price > 1)'], removed: ['filter (price > 0)'] },
  })
  // written in another way, meaning the same
  const one = sales.derive((r) => ({ a: r.id.plus(1), b: r.id.plus(2) }))
  const two = sales
    .derive((r) => ({ b: r.id.plus(2) }))
    .derive((r) => ({ a: r.id.plus(1) }))
    .select('id', 'shop', 'at', 'price', 'tags', 'a', 'b')
  expect(diffPlans(one.toPlan(), two.toPlan())).toEqual({
    added: [],
    removed: [],
    changed: [],
    rows: { added: [], removed: [] },
  })
})
