import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Field } from '../../plan/types.ts'

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

function marked(before: Node, rejects: readonly Extract<Node, { op: 'reject' }>[]): Node {
  const { node: input, was } = asRead(before)
  const reason: Expr = {
    op: 'case',
    when: rejects.map((r) => [r.predicate, lit(r.reason, 'string')] as const),
    otherwise: lit(null, 'string'),
  }
  const withReason = build({ op: 'derive', input, columns: [['reason', reason]] })
  const bad = build({ op: 'filter', input: withReason, predicate: call('not', call('isNull', col('reason'))) })
  const row = before.schema.filter((f) => isText(f) && f.name !== 'reason')
  // of what could not be computed there is nothing to show but what it was to be made of; often it is why the row is rejected
  const said = (name: string): Expr => ({ op: 'cast', arg: call('orNull', col(name)), to: 'string', onError: 'null' })
  const text = (name: string): Expr => {
    const read = was.get(name)
    return call('coalesce', said(name), ...(read === undefined ? [] : [said(read)]), lit('', 'string'))
  }
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

/** Whether a column's values are told as text. */
const isText = (f: Field): boolean => typeof f.type === 'string' && f.type !== 'bytes'

/** A node with what its columns were before they were computed anew under their names, in columns of their own. */
interface AsRead {
  readonly node: Node
  /** The column that has what a column was. */
  readonly was: ReadonlyMap<string, string>
}

function asRead(n: Node): AsRead {
  if (n.op !== 'derive' && n.op !== 'select' && n.op !== 'filter' && n.op !== 'reject' && n.op !== 'annotate')
    return { node: n, was: new Map() }
  const below = asRead(n.input)
  if (n.op === 'filter' || n.op === 'reject' || n.op === 'annotate')
    return { node: build({ ...n, input: below.node }), was: below.was }
  const was = new Map(n.op === 'derive' ? below.was : [])
  const kept = new Map<string, Expr>()
  for (const [name, e] of n.columns) {
    const moved = e.op === 'col' && n.op === 'select' ? below.was.get(e.name) : undefined
    const before = n.input.schema.find((f) => f.name === name)
    const column = `${WAS}${name}`
    // an own column for each name: two may have been made of one
    if (moved !== undefined) kept.set(column, col(moved))
    else if (e.op === 'col' && e.name === name) continue
    else if (below.was.has(name)) kept.set(column, col(below.was.get(name) as string))
    else if (before && isText(before)) kept.set(column, col(name))
    else continue
    was.set(name, column)
  }
  const node = build({ ...n, input: below.node, columns: [...n.columns, ...kept] })
  return { node, was }
}

const WAS = '__was_'
