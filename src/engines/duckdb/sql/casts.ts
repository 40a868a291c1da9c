import { isDecimal, isFloat, isInteger, scaleOf, type Type, typeName } from '../../../plan/types.ts'
import { failing } from './call.ts'
import { sqlType } from './names.ts'

const FLOAT = '(?i)[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?|nan'
const TIME = '[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?'

/** DuckDB's own casts round and trim; ours are strict. */
export const sqlCast = (arg: string, from: Type, to: Type): string => cast(arg, from, to, false)

/**
 * The same, with NULL for what does not convert. Nothing in it raises: an expression in `TRY` that raises somewhere in a
 * vector is computed again row by row, which takes a hundred times as long.
 */
export const sqlTryCast = (arg: string, from: Type, to: Type): string => cast(arg, from, to, true)

function cast(arg: string, from: Type, to: Type, lenient: boolean): string {
  const target = sqlType(to)
  const verb = lenient ? 'TRY_CAST' : 'CAST'
  const direct = `${verb}(${arg} AS ${target})`
  const wrong = lenient ? 'NULL' : failing(`a ${typeName(from)} can't become a ${typeName(to)}`, target)
  const only = (condition: string, value = direct) =>
    `CASE WHEN ${arg} IS NULL THEN NULL WHEN ${condition} THEN ${value} ELSE ${wrong} END`
  const full = (pattern: string) => `regexp_full_match(${arg}, '${pattern}')`
  if (from === 'string') {
    // most integers are written as they are written back, which is quicker to see than a pattern
    if (isInteger(to)) {
      const tried = `TRY_CAST(${arg} AS ${target})`
      return `CASE WHEN CAST(${tried} AS VARCHAR) = ${arg} THEN ${tried} WHEN ${arg} IS NULL THEN NULL WHEN ${full('[+-]?[0-9]+')} THEN ${direct} ELSE ${wrong} END`
    }
    // too large is no infinity, which only a text without digits means
    const fits = `(isfinite(TRY_CAST(${arg} AS ${target})) OR NOT regexp_matches(${arg}, '[0-9]'))`
    if (isFloat(to)) return only(`${full(FLOAT)} AND ${fits}`)
    if (isDecimal(to)) return only(full('[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)'))
    if (to === 'bool') return only(`${arg} IN ('true', 'false')`)
    if (to === 'date') return only(`${full('[0-9]{4}-[0-9]{2}-[0-9]{2}')} AND left(${arg}, 4) <> '0000'`)
    const pattern =
      to === 'timestamp' ? `[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]${TIME}Z` : `[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]${TIME}`
    const ok = `${full(pattern)} AND left(${arg}, 4) <> '0000' AND substring(${arg}, 12, 2) < '24' AND substring(${arg}, 18, 2) < '60'`
    return only(ok, `${verb}(rtrim(${arg}, 'Z') AS TIMESTAMP)`)
  }
  // DuckDB writes the sign of NaN, which has no meaning
  if (to === 'string' && isFloat(from)) return `CASE WHEN isnan(${arg}) THEN 'nan' ELSE CAST(${arg} AS VARCHAR) END`
  if (to === 'string') return from === 'timestamp' ? `(CAST(${arg} AS VARCHAR) || 'Z')` : `CAST(${arg} AS VARCHAR)`
  if (isInteger(to) && isFloat(from)) return only(`${arg} = trunc(${arg}) AND isfinite(${arg})`)
  if (isInteger(to) && isDecimal(from)) return only(`${arg} = trunc(${arg})`)
  if (isDecimal(to) && isFloat(from)) {
    // DuckDB adds a tiny amount before it rounds; this is the plain product, rounded half away from zero
    const scale = scaleOf(to)
    const whole = `${verb}(round(CAST(${arg} AS DOUBLE) * 1e${scale}) AS DECIMAL(19, 0))`
    return only(
      `isfinite(${arg})`,
      `${verb}(${whole} * CAST(1e-${scale} AS DECIMAL(${Math.max(1, scale)}, ${scale})) AS ${target})`,
    )
  }
  // what a float64 of it is nearest to, as everywhere
  if (to === 'float32' && isDecimal(from)) return `CAST(CAST(${arg} AS DOUBLE) AS FLOAT)`
  return direct
}
