import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { type Expectation, isRowwise } from './expectation.ts'
import { joined, missing, PRESENT } from './scan.ts'

/**
 * The plan with the rows that break a quarantining expectation rejected, its title the reason; a row that breaks several goes
 * by the first. Of rows with the same key the first in the order of their values stays. History alone is held to it: an
 * endpoint answers such a record.
 */
export function withQuarantine(root: Node, expect: readonly Expectation[]): Node {
  const aside = expect.map((x, i) => [x, i] as const).filter(([x]) => x.severity === 'quarantine')
  const reject = (input: Node, predicate: Expr, reason: string) =>
    build({ op: 'reject', input, predicate, reason, when: 'training' })
  const columns = root.schema.map((f) => [f.name, col(f.name)] as const)
  const own = (input: Node) => build({ op: 'select', input, columns })
  let n = root
  // rows judged by themselves first: of rows with the same key a good one then stays
  for (const [x] of aside) if (isRowwise(x)) n = reject(n, call('not', x.condition), x.title)
  for (const [x, i] of aside) {
    if (x.kind === 'references') n = own(reject(joined(n, x, i), missing(x, i), x.title))
    if (x.kind !== 'unique' && x.kind !== 'key') continue
    const nulls = x.columns.map((c) => call('isNull', col(c))).reduce((a, b) => call('or', a, b))
    const place = `__place${i}`
    const order = [{ by: col(x.columns[0] ?? ''), descending: false }]
    const placed = build({ op: 'window', input: n, by: x.columns, order, columns: [[place, { fn: 'rowNumber' }]] })
    const again = call('gt', col(place), lit('1', 'int64'))
    const bad = x.kind === 'key' ? call('or', nulls, again) : call('and', call('not', nulls), again)
    // a mark of its own, so that the place is not among the columns of the rows set aside
    const mark: Expr = { op: 'case', when: [[bad, PRESENT]], otherwise: lit(null, 'bytes') }
    const marked = build({ op: 'select', input: placed, columns: [...columns, [`__bad${i}`, mark]] })
    n = own(reject(marked, call('not', call('isNull', col(`__bad${i}`))), x.title))
  }
  return n
}
