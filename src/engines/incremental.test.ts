import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, lag, mean, over, rowNumber, sum } from '../plan/aggregates.ts'
import { hours } from '../plan/durations.ts'
import type { Literal } from '../plan/expr.ts'
import { type Delta, deltaPlan } from '../plan/incremental.ts'
import { build, type Node } from '../plan/nodes.ts'
import { printPlan } from '../plan/print.ts'
import { scan } from '../plan/table.ts'
import { bindScans, nodes, rewrite } from '../plan/walk.ts'
import type { Value } from './batch.ts'
import { asBag } from './conformance/compare.ts'
import { plans } from './conformance/generate.ts'
import { evaluate } from './reference/index.ts'
import { keyOf } from './values.ts'

type Rows = readonly (readonly Literal[])[]

const bind = (n: Node, old: Rows, fresh: Rows): Node =>
  bindScans(n, (from, s) => {
    const rows =
      from.kind === 'new' ? fresh : from.kind === 'old' ? old : from.kind === 'source' ? [...old, ...fresh] : undefined
    return rows && build({ op: 'scan', from: { kind: 'rows', rows }, schema: s.schema })
  })

/** Brings a former result up to date as a delta says. */
function apply(root: Node, d: Delta, old: Rows, fresh: Rows): Value[][] {
  const before = evaluate(bind(root, old, []))
  if (d.mode === 'nothing') return before
  if (d.mode === 'recompute') return evaluate(bind(root, old, fresh))
  const rows = evaluate(bind(d.plan, old, fresh))
  if (d.mode === 'append') return [...before, ...rows]
  const touched = new Set(evaluate(bind(d.touched, old, fresh)).map(keyOf))
  const keys = d.keys.map((k) => root.schema.findIndex((f) => f.name === k))
  return [...before.filter((r) => !touched.has(keyOf(keys.map((i) => r[i] as Value)))), ...rows]
}

test('a delta applied gives what the whole plan gives: 1,000 generated plans (seed 20010102)', () => {
  const modes = new Map<string, number>()
  fc.assert(
    fc.property(plans, fc.nat(24), (root, cut) => {
      const first = [...nodes(root)].find((n) => n.op === 'scan')
      if (first?.op !== 'scan' || first.from.kind !== 'rows') return
      const { rows } = first.from
      const open = rewrite(root, (n) => (n === first ? build({ ...first, from: { kind: 'source', name: 'in' } }) : n))
      const [old, fresh] = [rows.slice(0, cut), rows.slice(cut)]
      const d = deltaPlan(open, 'in')
      modes.set(d.mode, (modes.get(d.mode) ?? 0) + 1)
      const attempt = (f: () => Value[][]) => {
        try {
          return asBag(f())
        } catch (error) {
          return (error as { code?: string }).code === 'VALUE_INVALID' ? undefined : Promise.reject(error)
        }
      }
      const want = attempt(() => evaluate(bind(open, old, fresh)))
      if (want !== undefined)
        expect(
          attempt(() => apply(open, d, old, fresh)),
          printPlan(open),
        ).toEqual(want)
    }),
    { numRuns: 1000, seed: 20010102 },
  )
  expect(modes.get('append')).toBeGreaterThan(100)
  expect(modes.get('upsert')).toBeGreaterThan(20)
})

const t = scan({ kind: 'source', name: 'in' }, { k: 'string', at: 'timestamp', x: 'int64' })
const names = scan({ kind: 'source', name: 'names' }, { id: 'string', name: 'string' })
const window = t.rolling({ by: 'k', on: 'at', over: hours(2) }, (r) => ({ n: count(), m: mean(r.x) }))
const HOUR = 3_600_000_000

test('partitions that come in the order of time: windows and as-of parts append', () => {
  const hour = fc.tuple(
    fc.constantFrom('a', 'b'),
    fc.nat(11).map((h) => String(h * HOUR)),
    fc.nat(9).map(String),
  )
  const root = t.asOf(window, { by: 'k', at: 'at' }).node
  const d = deltaPlan(root, 'in', { inOrder: true })
  expect(d.mode).toBe('append')
  expect(deltaPlan(root, 'in').mode).toBe('recompute')
  fc.assert(
    fc.property(fc.array(hour), fc.array(hour), (old, later) => {
      const fresh = later.map(([k, at, x]) => [k, String(Number(at) + 12 * HOUR), x] as const)
      expect(asBag(apply(root, d, old, fresh))).toEqual(asBag(evaluate(bind(root, old, fresh))))
      const own = deltaPlan(window.node, 'in', { inOrder: true })
      expect(asBag(apply(window.node, own, old, fresh))).toEqual(asBag(evaluate(bind(window.node, old, fresh))))
    }),
    { numRuns: 200, seed: 4 },
  )
})

test('each verb says how its result grows', () => {
  const mode = (n: Node) => deltaPlan(n, 'in').mode
  expect(mode(t.filter((r) => r.x.gt(1)).derive((r) => ({ y: r.x.times(2) })).node)).toBe('append')
  expect(mode(t.aggregate(['k'], (r) => ({ s: sum(r.x) })).filter((r) => r.s.gt(3)).node)).toBe('upsert')
  expect(mode(t.aggregate([], (r) => ({ s: sum(r.x) })).node)).toBe('recompute')
  expect(
    mode(t.window({ by: 'k', order: 'at' }, (r) => ({ p: lag(r.x), n: rowNumber(), all: over(count()) })).node),
  ).toBe('upsert')
  expect(mode(t.distinct().node)).toBe('append')
  expect(mode(t.join(names.select('id'), { k: 'id' }).node)).toBe('append')
  expect(mode(names.join(t, { id: 'k' }).node)).toBe('append')
  expect(mode(names.join(t, { id: 'k' }, { how: 'left' }).node)).toBe('recompute')
  expect(mode(names.node)).toBe('nothing')
  expect(mode(t.sort('x').node)).toBe('recompute')
  const dropped = deltaPlan(t.aggregate(['k'], (r) => ({ s: sum(r.x) })).select('s').node, 'in')
  expect(dropped).toMatchObject({ mode: 'recompute', reason: expect.stringContaining('the keys k') })
})
