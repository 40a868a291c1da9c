import type { Agg } from '../../plan/expr.ts'
import { call, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'

/** What an expectation found. */
export interface Verdict {
  readonly title: string
  /** Rows for which the condition is false; a null condition counts as good. */
  readonly failed: number
  readonly rows: number
}

/** Checks all expectations in one scan. `collect` gives the rows of a small plan. */
export async function checkExpectations(
  rows: Node,
  expect: readonly { readonly title: string; readonly condition: Expr }[],
  collect: (n: Node) => Promise<readonly Readonly<Record<string, unknown>>[]>,
): Promise<Verdict[]> {
  if (expect.length === 0) return []
  const failing = (e: Expr): Expr => ({
    op: 'case',
    when: [[call('not', e), lit('1', 'int64')]],
    otherwise: lit('0', 'int64'),
  })
  const marks = build({
    op: 'select',
    input: rows,
    columns: expect.map((e, i) => [`e${i}`, failing(e.condition)] as const),
  })
  const aggs: Named<Agg> = [
    ['rows', { fn: 'count', arg: null }],
    ...expect.map((_, i) => [`e${i}`, { fn: 'sum', arg: { op: 'col', name: `e${i}` } }] as const),
  ]
  const [found] = await collect(build({ op: 'aggregate', input: marks, by: [], aggs }))
  return expect.map((e, i) => ({
    title: e.title,
    failed: Number(found?.[`e${i}`] ?? 0),
    rows: Number(found?.['rows'] ?? 0),
  }))
}
