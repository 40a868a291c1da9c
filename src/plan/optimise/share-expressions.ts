import { col, type Expr, exprChildren, type LookupTable, mapExpr } from '../expr.ts'
import { build, type Named } from '../nodes.ts'
import { typeName } from '../types.ts'
import { cost } from './cost.ts'
import type { NodeOf, Rule } from './rule.ts'

/** What is worth a column of its own, in comparisons of two numbers. */
const WORTH = 3

/**
 * A sub-expression that a select or derive computes more than once becomes a column below it, which it does not give
 * on. One that is computed only under a condition everywhere stays: it may be dear, or fail, where it is not asked.
 */
export const shareExpressions: Rule = {
  name: 'share-expressions',
  reason: 'what several columns are made of is computed once',
  ops: ['select', 'derive'],
  apply(n) {
    const made = n as NodeOf<'select'> | NodeOf<'derive'>
    if (made.columns.length < 2 && cost(made.columns[0]?.[1] ?? col('')) < 2 * WORTH) return undefined
    const uses = countUses(made.columns)
    if (!uses) return undefined
    const taken = new Set([...made.input.schema.map((f) => f.name), ...made.columns.map(([name]) => name)])
    const columns: (readonly [string, Expr])[] = []
    const names = new Map<number, string>()
    const replace = (e: Expr): Expr => {
      if (cost(e) < WORTH) return e
      const id = uses.idOf(e)
      if (!uses.repeated(id)) return mapExpr(e, replace)
      let name = names.get(id)
      if (!name) {
        name = freeName(taken)
        names.set(id, name)
        columns.push([name, e])
      }
      return col(name)
    }
    const after = new Map(made.columns.map(([name, e]) => [name, replace(e)]))
    if (columns.length === 0) return undefined
    const input = build({ op: 'derive', input: made.input, columns })
    return build({ op: 'select', input, columns: made.schema.map(({ name }) => [name, after.get(name) ?? col(name)]) })
  },
}

function freeName(taken: Set<string>): string {
  let i = 1
  while (taken.has(`shared ${i}`)) i++
  const name = `shared ${i}`
  taken.add(name)
  return name
}

interface Uses {
  idOf(e: Expr): number
  repeated(id: number): boolean
}

const tables = new WeakMap<LookupTable, number>()
let lastTable = 0

/** Counts equal sub-expressions: undefined when none that is worth it is there twice. */
function countUses(columns: Named<Expr>): Uses | undefined {
  const ids = new Map<string, number>()
  const known = new Map<Expr, number>()
  const all: number[] = []
  const always: number[] = []
  const dear: boolean[] = []
  const idOf = (e: Expr): number => {
    let id = known.get(e)
    if (id === undefined) {
      const key = `${headOf(e)}(${exprChildren(e).map(idOf).join()})`
      id = ids.get(key)
      if (id === undefined) {
        id = ids.size
        ids.set(key, id)
        all[id] = 0
        always[id] = 0
        dear[id] = cost(e) >= WORTH
      }
      known.set(e, id)
    }
    return id
  }
  const count = (e: Expr, sure: boolean): void => {
    if (cost(e) < WORTH) return
    const id = idOf(e)
    all[id] = (all[id] as number) + 1
    if (sure) always[id] = (always[id] as number) + 1
    exprChildren(e).forEach((child, i) => {
      count(child, sure && isSure(e, i))
    })
  }
  for (const [, e] of columns) count(e, true)
  const repeated = (id: number) => dear[id] === true && (all[id] ?? 0) > 1 && (always[id] ?? 0) > 0
  return all.some((_, id) => repeated(id)) ? { idOf, repeated } : undefined
}

/** Whether a child is computed, and its failure passed on, whenever the expression is. */
function isSure(e: Expr, child: number): boolean {
  if (e.op === 'case') return child === 0
  if (e.op !== 'call') return true
  if (e.fn === 'fails' || e.fn === 'orNull') return false
  return child === 0 || (e.fn !== 'and' && e.fn !== 'or' && e.fn !== 'coalesce')
}

function headOf(e: Expr): string {
  switch (e.op) {
    case 'col':
      return `col ${JSON.stringify(e.name)}`
    case 'lit':
      return `lit ${typeName(e.type)} ${JSON.stringify(e.value)}`
    case 'call':
      return e.fn
    case 'cast':
      return `cast ${e.onError} ${typeName(e.to)}`
    case 'case':
      return 'case'
    case 'predict':
      return `predict ${JSON.stringify(e.model)}`
    case 'lookup': {
      let id = tables.get(e.table)
      if (id === undefined) tables.set(e.table, (id = ++lastTable))
      return `lookup ${id} ${typeName(e.type)} ${JSON.stringify(e.fallback)}`
    }
  }
}
