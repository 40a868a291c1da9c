import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'

/**
 * A plan that marks instead of dropping: every rejected row with its reason, in the columns it had there, as text.
 * Undefined when the plan rejects nothing. A chain of rejections is one pass; the first that holds gives the reason.
 */
export function rejectedRows(root: Node): Node | undefined {
  const chains: Node[] = []
  let n: Node | undefined = root
  while (n) {
    if (n.op === 'reject') {
      const rejects: Extract<Node, { op: 'reject' }>[] = []
      let input: Node = n
      while (input.op === 'reject') {
        rejects.unshift(input)
        input = input.input
      }
      chains.push(marked(input, rejects))
      n = input
    } else n = mainInput(n)
  }
  const [first, ...others] = chains
  return first && others.reduce((left, right) => build({ op: 'union', left, right }), first)
}

/** The input that a plan's rows come from. */
export function mainInput(n: Node): Node | undefined {
  if (n.op === 'scan') return undefined
  return 'left' in n ? n.left : n.input
}

function marked(input: Node, rejects: readonly Extract<Node, { op: 'reject' }>[]): Node {
  const reason: Expr = {
    op: 'case',
    when: rejects.map((r) => [r.predicate, lit(r.reason, 'string')] as const),
    otherwise: lit(null, 'string'),
  }
  const withReason = build({ op: 'derive', input, columns: [['reason', reason]] })
  const bad = build({ op: 'filter', input: withReason, predicate: call('not', call('isNull', col('reason'))) })
  const row = input.schema.filter((f) => typeof f.type === 'string' && f.type !== 'bytes' && f.name !== 'reason')
  // of what could not be computed there is nothing to show; often it is why the row is rejected
  const text = (name: string): Expr =>
    call('coalesce', { op: 'cast', arg: call('orNull', col(name)), to: 'string', onError: 'null' }, lit('', 'string'))
  const whole = row.reduce<Expr>(
    (all, f, i) => call('concat', all, lit(`${i > 0 ? ', ' : ''}${f.name}=`, 'string'), text(f.name)),
    lit('', 'string'),
  )
  return build({
    op: 'select',
    input: bad,
    columns: [
      ['reason', col('reason')],
      ['row', whole],
    ],
  })
}
