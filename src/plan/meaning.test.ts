import { describe, expect, test } from 'vitest'
import { diffPlans } from './diff.ts'
import { col } from './expr.ts'
import { deltaPlan } from './incremental.ts'
import { build, type Node, plan } from './nodes.ts'
import { printPlan } from './print.ts'
import { scan } from './table.ts'
import { hashPlan } from './walk.ts'

const from = (name: string) =>
  scan({ kind: 'source', name }, { k: 'string', at: 'timestamp', v: 'int64', a: 'bool', b: 'bool' })
const t = from('t')
const diff = (x: { readonly node: Node }, y: { readonly node: Node }) => diffPlans(plan(x.node), plan(y.node))
const SAME = { added: [], removed: [], changed: [], rows: { added: [], removed: [] } }

describe('what differs in meaning is told, and nothing else', () => {
  test('which rows a limit keeps', () => {
    expect(diff(t.sort('v').limit(10), t.sort('at').limit(10)).rows).toEqual({
      added: ['limit 10 of sort by at'],
      removed: ['limit 10 of sort by v'],
    })
    expect(diff(t.sort('v').limit(10), t.sort('v').limit(10))).toEqual(SAME)
  })

  test('how far back an as-of part looks', () => {
    const asOf = (within: number) => build({ op: 'asof', left: t.node, right: from('r').select('k', 'at', 'v').rename({ v: 'seen' }).node, by: [['k', 'k']], at: 'at', on: 'at', within }) // biome-ignore format: one line
    const found = diffPlans(plan(asOf(3_600_000_000)), plan(asOf(9 * 3_600_000_000)))
    expect(found.changed.map((c) => c.column)).toContain('seen')
  })

  test('the other side of a union, keys that are no columns of the result', () => {
    const with2 = (n: number) =>
      t.union(
        from('u')
          .derive((r) => ({ v: r.v.times(n) }))
          .select('k', 'at', 'v', 'a', 'b') as unknown as typeof t,
      )
    expect(diff(with2(2), with2(3)).changed.map((c) => c.column)).toEqual(['v'])
    const lowered = t.derive((r) => ({ k: r.k.lower() }))
    expect(diff(t.distinct().select('v'), lowered.distinct().select('v')).rows.added).toHaveLength(1)
  })

  test('one condition after the other is both of them together', () => {
    const both = t.filter((r) => r.a.and(r.b))
    expect(
      diff(
        both,
        t.filter((r) => r.a).filter((r) => r.b),
      ),
    ).toEqual(SAME)
    expect(
      diff(
        both,
        t.filter((r) => r.a),
      ).rows.removed,
    ).toEqual(['filter b'])
  })
})

describe('parts that are used again', () => {
  const doubled = (times: number): Node => {
    let n: Node = t.select('v').node
    for (let i = 0; i < times; i++) n = build({ op: 'union', left: n, right: n })
    return n
  }

  test('are hashed once: equal plans hash equally, shared or not', () => {
    const [twice, again] = [t.select('v').node, from('t').select('v').node]
    const shared = build({ op: 'union', left: twice, right: twice })
    expect(hashPlan(plan(shared))).toBe(hashPlan(plan(build({ op: 'union', left: twice, right: again }))))
    const began = performance.now()
    hashPlan(plan(doubled(14)))
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('are told once, and can not be too many', () => {
    expect(printPlan(doubled(3)).split('\n').length).toBeLessThan(20)
    expect(printPlan(doubled(3))).toContain('(as above)')
    expect(() => doubled(18)).toThrowError(expect.objectContaining({ code: 'PLAN_INVALID' }))
  })
})

test('a part whose rows change in place is computed anew where others see it as of a moment', () => {
  const right: Node = build({
    op: 'aggregate',
    input: t.node,
    by: ['k'],
    aggs: [['last', { fn: 'max', arg: col('at') }]],
  })
  const n = build({
    op: 'asof',
    left: from('probe').select('k', 'at').node,
    right,
    by: [['k', 'k']],
    at: 'at',
    on: 'last',
  })
  expect(deltaPlan(n, 't', { inOrder: true }).mode).toBe('recompute')
  const limited = build({ op: 'asof', left: from('probe').select('k', 'at').node, right: t.sort('v').limit(5).node, by: [['k', 'k']], at: 'at', on: 'at' }) // biome-ignore format: one line
  expect(deltaPlan(limited, 't', { inOrder: true }).mode).toBe('recompute')
  const plainly = build({
    op: 'asof',
    left: from('probe').select('k', 'at').node,
    right: t.node,
    by: [['k', 'k']],
    at: 'at',
    on: 'at',
  })
  expect(deltaPlan(plainly, 't', { inOrder: true }).mode).toBe('nothing')
})
