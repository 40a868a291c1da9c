import type { Value } from '../../engines/batch.ts'
import { cast } from '../../engines/casts.ts'
import { compare } from '../../engines/values.ts'
import { type Field, isDecimal, isFloat, isInteger, isTemporal } from '../../plan/types.ts'

/** Whether values of the column are told apart by ranges. */
export const isBounded = ({ type }: Field): boolean =>
  isInteger(type) || isFloat(type) || isDecimal(type) || isTemporal(type) || type === 'string' || type === 'duration'

/** What a Parquet footer says of one column in one row group. Texts are as DuckDB writes them; null where nothing is said. */
export interface FooterColumn {
  readonly column: string
  readonly group: number
  /** Rows of the group. */
  readonly rows: number
  readonly nulls: number | null
  readonly min: string | null
  readonly max: string | null
  /** Whether the bounds are values of the column, and not cut. */
  readonly exact: boolean
}

/** What a column holds; no bounds where it holds nothing, or is of a type without an order. */
export interface Held {
  readonly nulls: number
  readonly min: Value
  readonly max: Value
}

/**
 * What a file that Galley wrote holds in a column, from its footer alone. Undefined where the footer does not say all of it: nested values, long
 * texts, NaN and infinities, times that ISO text does not hold. Then the rows have to be asked.
 */
export function heldByFooter(field: Field, groups: readonly FooterColumn[], rows: number): Held | undefined {
  if (typeof field.type === 'object' && !('decimal' in field.type)) return undefined
  if (groups.reduce((n, g) => n + g.rows, 0) !== rows || new Set(groups.map((g) => g.group)).size !== groups.length)
    return undefined
  let [nulls, min, max]: [number, Value, Value] = [0, null, null]
  for (const g of groups) {
    if (g.nulls === null) return undefined
    nulls += g.nulls
    if (!isBounded(field) || g.nulls === g.rows) continue
    const bounds = g.exact && g.min !== null && g.max !== null ? [read(g.min, field), read(g.max, field)] : []
    const [least, most] = bounds
    if (least === undefined || most === undefined) return undefined
    if (min === null || compare(least, min) < 0) min = least
    if (max === null || compare(most, max) > 0) max = most
  }
  return { nulls, min, max }
}

/** A bound as a value; undefined where it is no such text. */
function read(text: string, { type }: Field): Value | undefined {
  try {
    if (type === 'duration') return cast(text, 'string', 'int64')
    return cast(type === 'timestamp' ? text.replace(/\+00$/, 'Z') : text, 'string', type)
  } catch {
    return undefined
  }
}
