import { call, type FunctionName, lit } from '../expr.ts'
import { literal } from '../literal.ts'
import type { ScalarType, TypeName } from '../types.ts'
import { column, schemaOf } from './column.ts'
import type { Col, ColOf, In } from './kinds.ts'

/** A constant as a column. */
export const constant = <T extends ScalarType>(
  value: In<T> & (string | number | bigint | boolean),
  type: T,
): ColOf<T> => column(literal(value, type), [], 'constant') as ColOf<T>

const combined = <T>(fn: FunctionName, columns: readonly Col[]): T =>
  column(call(fn, ...columns.map((c) => c.expr)), schemaOf(columns), fn) as T

/** The least of several columns; nulls are skipped. */
export const least = <T extends TypeName>(...columns: readonly Col<T>[]): ColOf<T> => combined('least', columns)
/** The greatest of several columns; nulls are skipped. NaN is greater than every number. */
export const greatest = <T extends TypeName>(...columns: readonly Col<T>[]): ColOf<T> => combined('greatest', columns)
/** A list of several columns of one type. */
export const listOf = <T extends ScalarType>(...columns: readonly Col<T>[]): ColOf<`${T}[]`> =>
  combined('list', columns)
/** A struct of named columns. */
export const structOf = <O extends Record<string, Col>>(
  fields: O,
): ColOf<{ readonly [K in keyof O]: O[K] extends Col<infer T> ? T : never }> => {
  const entries = Object.entries(fields)
  const expr = call('struct', ...entries.flatMap(([name, c]) => [lit(name, 'string'), c.expr]))
  return column(expr, schemaOf(Object.values(fields)), 'structOf') as never
}
