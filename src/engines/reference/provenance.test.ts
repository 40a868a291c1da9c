import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Expr } from '../../plan/expr.ts'
import { lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { printPlan } from '../../plan/print.ts'
import { sourceRows } from '../../plan/provenance.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import { collectSound, line } from '../conformance/compare.ts'
import { plans } from '../conformance/generate.ts'
import { literalOf } from '../values.ts'
import { createReferenceEngine } from './index.ts'

const reference = createReferenceEngine()

const rowsOf = (root: Node) => collectSound(reference, root)

test('computed from the rows that are named alone, the chosen row is the same', async () => {
  let [compared, fewer] = [0, 0]
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(), async (root, pick) => {
      if ([...nodes(root)].some((n) => n.op === 'limit')) return
      const before = await rowsOf(root)
      if (!before || before.length === 0) return
      const row = before[pick % before.length] ?? []
      const is = root.schema.flatMap((f, i): Expr[] => {
        const value = row[i] ?? null
        if (typeof f.type === 'object' || f.type === 'bytes' || f.type === 'float64' || f.type === 'float32') return []
        const column: Expr = { op: 'col', name: f.name }
        return value === null
          ? [{ op: 'call', fn: 'isNull', args: [column] }]
          : [{ op: 'call', fn: 'eq', args: [column, lit(literalOf(value, f.type), f.type)] }]
      })
      const chosen = is.reduce<Expr>((a, b) => ({ op: 'call', fn: 'and', args: [a, b] }), lit(true, 'bool'))
      const found = sourceRows(root, chosen)
      const kept = new Map<Node, Node>()
      for (const { scan, rows } of found) {
        const alone = await rowsOf(rows)
        if (!alone) return
        const literals = alone.map((r) => r.map((v, i) => literalOf(v, scan.schema[i]?.type)))
        if (scan.from.kind === 'rows' && literals.length < scan.from.rows.length) fewer++
        kept.set(scan, build({ op: 'scan', from: { kind: 'rows', rows: literals }, schema: scan.schema }))
      }
      const none = (scan: Node) => build({ op: 'scan', from: { kind: 'rows', rows: [] }, schema: scan.schema })
      const after = await rowsOf(bindScans(root, (_, scan) => kept.get(scan) ?? none(scan)))
      if (!after) return
      expect(after.map(line), printPlan(root)).toContain(line(row))
      compared++
    }),
    { numRuns: Number(process.env['GALLEY_TEST_RUNS'] ?? 400) },
  )
  expect(compared).toBeGreaterThan(150)
  expect(fewer).toBeGreaterThan(50)
})

test('rows of a group by a float are those of −0 and 0 alike', async () => {
  const scan = build({ op: 'scan', from: { kind: 'rows', rows: [[0], [-0], [1]] }, schema: [{ name: 'x', type: 'float64', nullable: true }] }) // biome-ignore format: one line
  const root = build({ op: 'aggregate', input: scan, by: ['x'], aggs: [['n', { fn: 'count', arg: null }]] })
  const [found] = sourceRows(root, { op: 'call', fn: 'eq', args: [{ op: 'col', name: 'n' }, lit('2', 'int64')] })
  expect(await rowsOf(found?.rows ?? expect.unreachable())).toHaveLength(2)
})

test('what keeps rows out is named where a verb below looks at them: without, they would come through', async () => {
  const schema = [{ name: 'k', type: 'int64', nullable: true }] as const
  const [all, out] = [[1, 2, 3], [2]].map((ks) => build({ op: 'scan', from: { kind: 'rows', rows: ks.map((k) => [String(k)]) }, schema })) // biome-ignore format: one line
  const over = (input: Node) => build({ op: 'window', input, by: [], order: [{ by: { op: 'col', name: 'k' }, descending: false }], columns: [['n', { fn: 'rowNumber' }]] }) // biome-ignore format: one line
  for (const left of [all as Node, over(all as Node)]) {
    const kept = build({ op: 'join', left, right: out as Node, on: [['k', 'k']], how: 'anti' })
    const root = build({ op: 'aggregate', input: kept, by: [], aggs: [['count', { fn: 'count', arg: null }]] })
    const found = sourceRows(root, lit(true, 'bool'))
    const rows = await Promise.all(found.map(async ({ scan, rows }) => [scan === out, (await rowsOf(rows))?.length] as const)) // biome-ignore format: one line
    expect(rows).toEqual(left === all ? [[false, 2]] : [[false, 3], [true, 1]]) // biome-ignore format: one line
  }
})
