import { type Agg, col, type Expr, type WindowCall, windowExprs } from '../../plan/expr.ts'
import { build, type Node, nodeChildren } from '../../plan/nodes.ts'

/** What a node that looks at more than one row does with one of its inputs. */
export interface Part {
  readonly input: Node
  /** Columns whose values it uses: keys, times, whole rows. */
  readonly keys: readonly string[]
  /** Expressions that it computes over the input's rows. */
  readonly exprs: readonly Expr[]
  /** Whether the input's other columns go on into its result, used or not. */
  readonly carries: boolean
}

/** A node's inputs and what it uses of them. */
export function parts(n: Node): Part[] {
  const all = (input: Node): Part => ({ input, keys: input.schema.map((f) => f.name), exprs: [], carries: false })
  switch (n.op) {
    case 'aggregate':
      return [{ input: n.input, keys: n.by, exprs: n.aggs.flatMap(([, a]) => argsOf(a)), carries: false }]
    case 'rolling':
      return [{ input: n.input, keys: [...n.by, n.on], exprs: n.aggs.flatMap(([, a]) => argsOf(a)), carries: false }]
    case 'window': {
      const exprs = [...n.order.map((k) => k.by), ...n.columns.flatMap(([, c]) => windowExprs(c))]
      return [{ input: n.input, keys: n.by, exprs, carries: true }]
    }
    case 'unnest':
      return [{ input: n.input, keys: [n.column], exprs: [], carries: true }]
    case 'join':
      return [
        { input: n.left, keys: n.on.map(([l]) => l), exprs: [], carries: true },
        { input: n.right, keys: n.on.map(([, r]) => r), exprs: [], carries: n.how === 'inner' || n.how === 'left' },
      ]
    case 'asof': {
      const left: Part = { input: n.left, keys: [...n.by.map(([l]) => l), n.at], exprs: [], carries: true }
      if (n.right.op === 'rolling') return [left, ...parts(n.right)]
      return [left, { input: n.right, keys: [...n.by.map(([, r]) => r), n.on], exprs: [], carries: true }]
    }
    default:
      return nodeChildren(n).map(all)
  }
}

/** The name of the column that holds a part's expression once it is computed. */
export const useName = (index: number): string => `__use${index}`

/** The node over other inputs, which hold its expressions as columns. */
export function withParts(n: Node, inputs: readonly Node[]): Node {
  const [first, second] = inputs as [Node, Node]
  let next = 0
  const use = () => col(useName(next++))
  const agg = (a: Agg): Agg => ({
    ...a,
    arg: a.arg === null ? null : use(),
    ...(a.arg2 ? { arg2: use() } : {}),
  })
  const call = (c: WindowCall): WindowCall => {
    if (c.fn === 'aggregate') return { ...c, agg: agg(c.agg) }
    return 'arg' in c ? { ...c, arg: use() } : c
  }
  switch (n.op) {
    case 'aggregate':
    case 'rolling':
      return build({ ...n, input: first, aggs: n.aggs.map(([name, a]) => [name, agg(a)] as const) })
    case 'window':
      return build({
        ...n,
        input: first,
        order: n.order.map((k) => ({ ...k, by: use() })),
        columns: n.columns.map(([name, c]) => [name, call(c)] as const),
      })
    case 'asof':
      return build({ ...n, left: first, right: n.right.op === 'rolling' ? withParts(n.right, [second]) : second })
    default:
      return 'left' in n
        ? build({ ...n, left: first, right: second })
        : 'input' in n
          ? build({ ...n, input: first })
          : n
  }
}

const argsOf = (a: Agg): Expr[] => [a.arg, a.arg2].filter((e) => e !== null && e !== undefined)
