import { pathSteps } from '../../../plan/functions/json-path.ts'
import { constantOf, failing, infix, named, type Sql, type Sqls } from './call.ts'
import { sqlType, text } from './names.ts'

/** A path as DuckDB reads it, every name quoted. */
const pathOf = (path: string): string =>
  text(
    `$${pathSteps(path)
      .map((step) => (typeof step === 'number' ? `[${step}]` : `."${step}"`))
      .join('')}`,
  )

/** What DuckDB's reader takes beyond JSON: a comma before the end, NaN and infinities, outside of texts. */
const LENIENT = text('^[^"]*(?:"(?:[^"\\\\]|\\\\.)*"[^"]*)*(?:,\\s*[\\]}]|[iI]|[nN][aA])')
/** Whether a text is JSON, as a condition. */
export const isJson = (a: string | undefined): string =>
  `json_valid(${a}) AND NOT regexp_matches(${a}, ${LENIENT}, 's')`

/** What the JSON holds at the path, if it is of one of the types; fails where the text is not JSON. */
const json =
  (types: readonly string[], give: (json: string, path: string) => string): Sql =>
  ({ args: [a], exprs, type }) => {
    const path = pathOf(constantOf(exprs, 1))
    const has = `json_type(${a}, ${path}) IN (${types.map(text).join(', ')})`
    return `CASE WHEN NOT (${isJson(a)}) THEN ${failing('the text is not JSON', sqlType(type))} WHEN ${has} THEN ${give(a ?? '', path)} END`
  }

export const TEXT: Sqls<
  | 'length'
  | 'lower'
  | 'upper'
  | 'trim'
  | 'concat'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'substring'
  | 'replace'
  | 'split'
  | 'normalize'
  | 'tokens'
  | 'charNgrams'
  | 'matches'
  | 'extract'
  | 'replaceMatches'
  | 'jsonString'
  | 'jsonNumber'
  | 'jsonBool'
  | 'jsonLength'
> = {
  length: named('length'),
  lower: named('lower'),
  upper: named('upper'),
  // DuckDB's own takes every space of Unicode away
  // to see that there is nothing to trim takes a tenth of the time
  trim: ({ args: [a] }) =>
    `CASE WHEN starts_with(${a}, ' ') OR ends_with(${a}, ' ') THEN trim(${a}, ' ') ELSE ${a} END`,
  concat: infix('||'),
  contains: named('contains'),
  startsWith: named('starts_with'),
  endsWith: named('ends_with'),
  replace: named('replace'),
  substring: ({ args: [s, from, length], exprs }) => {
    const plain = exprs.slice(1).every((e, i) => e.op === 'lit' && Number(e.value) >= 1 - i)
    if (plain) return `substring(${s}, ${from}, ${length})`
    // of what is missing nothing is the greatest
    const known = `CASE WHEN ${from} < 1 THEN ${length} + ${from} - 1 ELSE ${length} END`
    return `CASE WHEN ${from} IS NOT NULL AND ${length} IS NOT NULL THEN substring(${s}, greatest(1, least(${from}, 2147483647)), greatest(0, least(2147483647, ${known}))) END`
  },
  split: ({ args: [s, by] }) => `string_split(${s}, ${by})`,
  normalize: named('nfc_normalize'),
  tokens: ({ args: [s] }) => `regexp_extract_all(lower(${s}), '[\\p{L}\\p{M}\\p{N}]+')`,
  charNgrams: ({ args: [s, n] }) =>
    `list_transform(range(1, length(${s}) - ${n} + 2), lambda i: substring(${s}, i, ${n}))`,
  matches: named('regexp_matches'),
  extract: ({ args: [s, pattern, group] }) =>
    `CASE WHEN regexp_matches(${s}, ${pattern}) THEN regexp_extract(${s}, ${pattern}, ${group}::INTEGER) END`,
  replaceMatches: ({ args: [s, pattern, to] }) => `regexp_replace(${s}, ${pattern}, ${to}, 'g')`,
  jsonString: json(['VARCHAR'], (a, path) => `json_extract_string(${a}, ${path})`),
  jsonNumber: json(
    ['BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE'],
    (a, path) => `CAST(json_extract(${a}, ${path}) AS DOUBLE)`,
  ),
  jsonBool: json(['BOOLEAN'], (a, path) => `CAST(json_extract(${a}, ${path}) AS BOOLEAN)`),
  jsonLength: json(['ARRAY'], (a, path) => `CAST(json_array_length(${a}, ${path}) AS BIGINT)`),
}
