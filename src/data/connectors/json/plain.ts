import { file, quote, sqlType, text } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, isFloat, isInteger, isList, type Type } from '../../../plan/types.ts'
import { sqlValue } from '../csv/values.ts'
import type { JsonLayout } from './layout.ts'
import { jsonValue } from './values.ts'

/**
 * Whether the engine's own reader can take a file apart, once, each key as the JSON that it has: then the values are the same.
 * What it takes for good otherwise (records that are no objects; numbers with more digits than a double has, as decimals) is left
 * to the strict way.
 */
export const isPlain = ({ look, columns, known }: JsonLayout): boolean =>
  known === undefined &&
  look.objects &&
  !(look.long && columns.some(({ type }) => isDecimal(isList(type) ? type.list : type)))

/** Records with the value of each declared column (`v0`, …), and `wrong` where one is of another type. */
export function plainRows({ path, array, columns }: JsonLayout): string {
  const types = columns.map(({ name }) => `${text(name)}: 'JSON'`).join(', ')
  const format = array ? 'array' : 'newline_delimited'
  const from = `read_json(${file(path)}, columns = {${types}}, format = '${format}', records = true, compression = 'uncompressed', hive_partitioning = false)`
  const cells = columns.map(({ name }, i) => `${quote(name)}::VARCHAR AS c${i}`)
  const texts = columns.map((_, i) => `${textOfCell(`c${i}`)} AS t${i}`)
  // each step once, in a SELECT of its own
  const casts = columns.map(
    ({ type }, i) => `${isUsual(type) ? `TRY_CAST(t${i} AS ${sqlType(type)})` : 'NULL'} AS p${i}`,
  )
  const values = columns.map(({ type }, i) => `${valueOfCell(i, type)} AS v${i}`)
  const rows = `(SELECT *, ${texts.join(', ')} FROM (SELECT ${cells.join(', ')} FROM ${from}))`
  return `(SELECT *, ${values.join(', ')} FROM (SELECT *, ${casts.join(', ')} FROM ${rows}))`
}

/** A record of which some column is of another type than declared. */
export const plainWrong = ({ columns }: JsonLayout): string =>
  columns.map((_, i) => `(c${i} IS NOT NULL AND v${i} IS NULL)`).join(' OR ')

/** Types of which most values are written as the engine writes them: its own cast gives these. */
const isUsual = (type: Type): boolean => type === 'date' || type === 'local timestamp'

/** The text of a value that is one; null for others. */
const textOfCell = (c: string): string =>
  `CASE WHEN starts_with(${c}, '"') THEN CASE WHEN contains(${c}, '\\') THEN json_extract_string(${c}, '$') ELSE substr(${c}, 2, length(${c}) - 2) END END`

/** The JSON of a value as its type; null where it is of another kind. See `jsonValue`, which this agrees with. */
function valueOfCell(i: number, type: Type): string {
  const [c, t] = [`c${i}`, `t${i}`]
  const where = (condition: string, value: string) => `CASE WHEN ${condition} THEN ${value} END`
  const cast = `TRY_CAST(${c} AS ${sqlType(type)})`
  if (type === 'string')
    return `CASE WHEN ${t} IS NOT NULL THEN ${t} WHEN starts_with(${c}, '{') OR starts_with(${c}, '[') THEN ${c} END`
  if (type === 'bool') return `CASE ${c} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END`
  // the engine has written each value anew, in one way: what a number begins with, and how it is written, tells what it is
  const isNumber = `${c} >= '-' AND ${c} < ':'`
  if (isInteger(type) || type === 'duration') return where(`${cast}::VARCHAR = ${c}`, cast)
  // a whole number beyond 64 bits is left to the strict way
  if (isFloat(type))
    return where(`${isNumber} AND (length(${c}) < 19 OR contains(${c}, '.') OR contains(${c}, 'e')) AND isfinite(${cast})`, cast) // biome-ignore format: one line
  if (isDecimal(type)) {
    const fits = `(NOT contains(${c}, '.') OR length(${c}) - instr(${c}, '.') <= ${type.decimal[1]})`
    return `CASE WHEN ${t} IS NOT NULL THEN ${sqlValue(t, type)} WHEN ${isNumber} AND length(${c}) < 19 AND NOT contains(${c}, 'e') AND ${fits} THEN ${cast} END`
  }
  if (isUsual(type)) {
    const usual = `length(${t}) = ${type === 'date' ? 10 : 19} AND substr(${t}, 5, 1) = '-' AND p${i}::VARCHAR = ${t}`
    return `CASE WHEN ${usual} THEN p${i} ELSE ${sqlValue(t, type)} END`
  }
  if (isList(type)) {
    const kind = `json_type(${c})`
    return jsonValue(`${c}::JSON`, kind, c, type)
  }
  return type === 'bytes' ? `TRY(from_base64(${t}))` : sqlValue(t, type)
}
