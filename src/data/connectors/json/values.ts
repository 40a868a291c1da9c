import { sqlType, text } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, isFloat, isInteger, isList, type Type } from '../../../plan/types.ts'
import { isReadable as isText, sqlValue } from '../csv/values.ts'

const NUMBERS = "('UBIGINT', 'BIGINT', 'DOUBLE')"
const WHOLE = "('UBIGINT', 'BIGINT')"

/** Whether a value of JSON can be read as that type: what one value is, and lists of such. */
export const isReadable = (type: Type): boolean => isText(type) || (isList(type) && isText(type.list))

/** A key as a JSON pointer, which takes any name. */
export const pointer = (key: string): string => text(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)

/**
 * A value of JSON as its type, or null where it is another: whole numbers for integers, numbers for floats, numbers or
 * text for decimals, text for times (as a CSV's) and for bytes (base64), `true` and `false`, arrays for lists. Objects and
 * arrays are their own JSON where text is declared. `kind` is what DuckDB calls the value, `plain` its text.
 */
export function jsonValue(json: string, kind: string, plain: string, type: Type): string {
  const where = (condition: string, value: string) => `CASE WHEN ${condition} THEN ${value} END`
  const cast = `TRY_CAST(${plain} AS ${sqlType(type)})`
  if (isList(type)) {
    const items = `json_extract(${json}, '$[*]')`
    const value = jsonValue('e', 'json_type(e)', "json_extract_string(e, '$')", type.list)
    const wrong = `list_filter(${items}, lambda e: json_type(e) <> 'NULL' AND (${value}) IS NULL)`
    return where(`${kind} = 'ARRAY' AND len(${wrong}) = 0`, `list_transform(${items}, lambda e: ${value})`)
  }
  if (type === 'string') return where(`${kind} IN ('VARCHAR', 'OBJECT', 'ARRAY')`, plain)
  if (type === 'bool') return where(`${kind} = 'BOOLEAN'`, `${plain} = 'true'`)
  if (isInteger(type) || type === 'duration') return where(`${kind} IN ${WHOLE}`, cast)
  if (isFloat(type)) return where(`${kind} IN ${NUMBERS} AND isfinite(${cast})`, cast)
  if (isDecimal(type)) return where(`${kind} IN ${NUMBERS} OR ${kind} = 'VARCHAR'`, sqlValue(plain, type))
  if (type === 'bytes') return where(`${kind} = 'VARCHAR'`, `TRY(from_base64(${plain}))`)
  return where(`${kind} = 'VARCHAR'`, sqlValue(plain, type))
}

/**
 * The digits of a number as they stand in its record: the reader has taken it for a double, which tells 15 apart in every case. Null
 * where that can't be told: the key is written with escapes, or stands in the record with several such numbers.
 */
export function exactText(record: string, kind: string, plain: string, key: string): string {
  const found = `regexp_extract_all(${record}, ${text(`${regexOf(JSON.stringify(key))}\\s*:\\s*(-?[0-9][0-9.eE+-]*)`)}, 1)`
  const same = `list_distinct(list_filter(${found}, lambda c: TRY_CAST(c AS DOUBLE) = TRY_CAST(${plain} AS DOUBLE)))`
  const digits = `length(regexp_replace(c[1], '[eE].*|[^0-9]', '', 'g'))`
  const one = `list_transform([${same}], lambda c: CASE WHEN len(c) <> 1 THEN NULL WHEN NOT regexp_matches(c[1], '[eE]') THEN c[1] WHEN ${digits} <= 15 THEN ${plain} END)[1]`
  return `CASE WHEN ${kind} = 'DOUBLE' THEN ${one} ELSE ${plain} END`
}

const regexOf = (plain: string): string => plain.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
