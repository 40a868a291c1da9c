import { call, col, type Expr, exprChildren, type Literal, lit, mapExpr } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import type { Field, Schema, Type } from '../../plan/types.ts'
import { rewrite } from '../../plan/walk.ts'

type Lookup = Extract<Expr, { op: 'lookup' }>

/** The plan with the constants of fits as tables that are joined, as the device has them. */
export function lookupsJoined(root: Node): Node {
  return rewrite(root, (n) => {
    if (n.op === 'select') return n.columns.some(([, e]) => looks(e)) ? selected(n.input, n.columns) : n
    if (n.op === 'derive') {
      if (!n.columns.some(([, e]) => looks(e))) return n
      const added = new Map(n.columns)
      return selected(
        n.input,
        n.schema.map((f) => [f.name, added.get(f.name) ?? col(f.name)] as const),
      )
    }
    if (n.op !== 'filter' || !looks(n.predicate)) return n
    const { input, replace } = joined(n.input, [n.predicate])
    const kept = build({ op: 'filter', input, predicate: replace(n.predicate) })
    return build({ op: 'select', input: kept, columns: n.schema.map((f) => [f.name, col(f.name)] as const) })
  })
}

const looks = (e: Expr): boolean => (e.op === 'lookup' && e.table.keys.length > 0) || exprChildren(e).some(looks)

function selected(from: Node, columns: Named<Expr>): Node {
  const { input, replace } = joined(
    from,
    columns.map(([, e]) => e),
  )
  return build({ op: 'select', input, columns: columns.map(([name, e]) => [name, replace(e)] as const) })
}

/** Rows with a column for each value that their lookups find, and expressions that read it. */
function joined(from: Node, exprs: readonly Expr[]): { input: Node; replace: (e: Expr) => Expr } {
  const found = new Map<Lookup, number>()
  let input = from
  const visit = (e: Expr): void => {
    for (const child of exprChildren(e)) visit(child)
    if (e.op !== 'lookup' || e.table.keys.length === 0 || found.has(e)) return
    const i = found.size
    found.set(e, i)
    input = withValue(input, e, i, replace)
  }
  const replace = (e: Expr): Expr => {
    const i = e.op === 'lookup' ? found.get(e) : undefined
    if (i === undefined || e.op !== 'lookup') return mapExpr(e, replace)
    return { op: 'case', when: [[col(`__hit${i}`), col(`__value${i}`)]], otherwise: lit(e.fallback, e.type) }
  }
  for (const e of exprs) visit(e)
  return { input, replace }
}

/** Joins one table of constants. A key is found with its nulls: each part is two columns, one says whether it is there. */
function withValue(input: Node, e: Lookup, i: number, replace: (e: Expr) => Expr): Node {
  const types = e.args.map((a) => infer(a, input.schema, 'lookup').type)
  const own = (j: number) => [`__key${i}_${j}`, `__null${i}_${j}`] as const
  const keyed = build({
    op: 'derive',
    input,
    columns: e.args.flatMap((a, j) => {
      const arg = replace(a)
      const [key, missing] = own(j)
      const present = call('coalesce', arg, lit(zeroOf(types[j] as Type), types[j] as Type))
      return [[key, present] as const, [missing, call('isNull', arg)] as const]
    }),
  })
  const schema: Schema = [
    ...types.flatMap((type, j): Field[] => [
      { name: `k${j}`, type, nullable: false },
      { name: `n${j}`, type: 'bool', nullable: false },
    ]),
    { name: `__hit${i}`, type: 'bool', nullable: false },
    { name: `__value${i}`, type: e.type, nullable: true },
  ]
  const rows = new Map<string, Literal[]>()
  // of two with one key the later counts
  for (const [at, key] of e.table.keys.entries())
    rows.set(JSON.stringify(key), [
      ...key.flatMap((part, j) => [part ?? zeroOf(types[j] as Type), part === null]),
      true,
      e.table.values[at] ?? null,
    ])
  return build({
    op: 'join',
    left: keyed,
    right: build({ op: 'scan', from: { kind: 'rows', rows: [...rows.values()] }, schema }),
    on: e.args.flatMap((_, j) => own(j).map((name, part) => [name, `${part === 0 ? 'k' : 'n'}${j}`] as const)),
    how: 'left',
  })
}

/** What stands for a missing part of a key. */
function zeroOf(type: Type): Literal {
  if (type === 'string') return ''
  if (type === 'bool') return false
  return type === 'int32' || type === 'float32' || type === 'float64' || type === 'date' ? 0 : '0'
}
