import type { Expr, FunctionName } from '../../../plan/expr.ts'
import type { Type } from '../../../plan/types.ts'
import { quote } from './names.ts'

/** A call whose arguments are SQL already, widened to their common type where it has one. */
export interface SqlCall {
  readonly args: readonly string[]
  readonly types: readonly Type[]
  /** The result's type. */
  readonly type: Type
  readonly exprs: readonly Expr[]
}
export type Sql = (call: SqlCall) => string
export type Sqls<N extends FunctionName> = Readonly<Record<N, Sql>>

/** A function of DuckDB with our meaning. */
export const named =
  (name: string): Sql =>
  ({ args }) =>
    `${name}(${args.join(', ')})`
export const infix =
  (sign: string): Sql =>
  ({ args }) =>
    `(${args.join(` ${sign} `)})`

/** An argument of more text than this that a form writes more than once is given a name instead. */
export const LONG = 400
const NAME = /"__v(\d+)"/g

/** A name that stands in none of some texts. */
export function freeName(texts: readonly string[]): string {
  const taken = texts.flatMap((t) => [...t.matchAll(NAME)].map((m) => Number(m[1])))
  return `__v${taken.reduce((a, b) => Math.max(a, b), -1) + 1}`
}

/**
 * A form over its arguments, each of which is written once where it is long: forms within forms would double and double
 * again otherwise. A lambda over a list of one is how SQL names a value within an expression. `fixed` tells arguments that
 * the form must see as they are.
 */
export function bound(
  args: readonly string[],
  form: (args: readonly string[]) => string,
  fixed: (index: number) => boolean = () => false,
): string {
  const long = args.map((a, i) => a.length > LONG && !fixed(i))
  if (!long.includes(true)) return form(args)
  const names: string[] = []
  for (const [i, arg] of args.entries()) names.push(long[i] ? quote(freeName([...args, ...names])) : arg)
  let sql = form(names)
  for (const [i, arg] of args.entries()) {
    const name = names[i] as string
    if (!long[i]) continue
    const often = sql.split(name).length > 2
    sql = often ? `list_transform([${arg}], lambda ${name}: ${sql})[1]` : sql.replace(name, () => arg)
  }
  return sql
}

/** A value of the SQL type that fails when it is computed, by a cast that can't be. Unlike `error()` it may stand inside TRY. */
export const failing = (message: string, type = 'BIGINT'): string => {
  const wrong = `CAST('${message.replaceAll("'", "''")}' AS BIGINT)`
  return type === 'BIGINT' ? wrong : `CAST(CAST(${wrong} AS VARCHAR) AS ${type})`
}

/** The text of a constant argument, checked when the plan was built. */
export function constantOf(exprs: readonly Expr[], index: number): string {
  const e = exprs[index]
  return e?.op === 'lit' ? String(e.value) : ''
}
