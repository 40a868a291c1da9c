import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineageOf } from '../../plan/lineage.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { bindScans } from '../../plan/walk.ts'
import { asBag, collectSound } from '../conformance/compare.ts'
import { plans } from '../conformance/generate.ts'
import { createReferenceEngine } from './index.ts'

const reference = createReferenceEngine()

const rowsOf = (root: Node) => collectSound(reference, root)

test('what lineage does not name does not matter: without a column of a source, columns not made of it are the same', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(plans, async (root) => {
      const scans: Extract<Node, { op: 'scan' }>[] = []
      const named = bindScans(root, (_, scan) => {
        scans.push(scan as Extract<Node, { op: 'scan' }>)
        return build({ op: 'scan', from: { kind: 'source', name: String(scans.length - 1) }, schema: scan.schema })
      })
      const { columns, rows } = lineageOf(named)
      expect([...columns.keys()].sort()).toEqual(named.schema.map((f) => f.name).sort())
      const before = await rowsOf(root)
      if (!before) return
      for (const [at, scan] of scans.entries())
        for (const [place, field] of scan.schema.entries()) {
          const untouched = named.schema.flatMap((f, i) => {
            const origins = [...(columns.get(f.name) ?? []), ...rows]
            return origins.some((o) => o.name === String(at) && o.column === field.name) ? [] : [i]
          })
          if (untouched.length === 0 || scan.from.kind !== 'rows') continue
          const values = scan.from.rows.map((row) => row.map((v, i) => (i === place ? null : v)))
          const without = bindScans(root, (_, n) =>
            n === scan ? build({ op: 'scan', from: { kind: 'rows', rows: values }, schema: scan.schema }) : undefined,
          )
          const after = await rowsOf(without)
          if (!after) continue
          const only = (all: typeof after) => asBag(all.map((row) => untouched.map((i) => row[i] ?? null)))
          expect(only(after)).toEqual(only(before))
          compared++
        }
    }),
    { numRuns: 200 },
  )
  expect(compared).toBeGreaterThan(200)
})
