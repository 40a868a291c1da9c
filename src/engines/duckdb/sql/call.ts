import type { Expr, FunctionName } from '../../../plan/expr.ts'
import type { Type } from '../../../plan/types.ts'

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
