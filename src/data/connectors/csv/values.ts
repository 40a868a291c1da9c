import { sqlTryCast } from '../../../engines/duckdb/sql/casts.ts'
import { sqlType } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, isFloat, scaleOf, type Type } from '../../../plan/types.ts'

/** Whether a CSV's text can be read as that type; what has parts of its own is declared as text and taken apart in the recipe. */
export const isReadable = (type: Type): boolean => typeof type !== 'object' || isDecimal(type)

/**
 * A column of text as its type: the plan's strict casts, or null where the text does not convert. An instant may also
 * carry an offset from UTC (`+09:00`), a time may leave out its seconds, a bool may be written in capitals. Most values
 * pass a test that is quicker than a pattern: written back they are the same text.
 */
export function sqlValue(c: string, type: Type): string {
  const target = sqlType(type)
  const plain = `TRY_CAST(${c} AS ${target})`
  const strict = (arg: string, to = type) => sqlTryCast(arg, 'string', to)
  const quick = (condition: string, otherwise: string, value = plain) =>
    `CASE WHEN ${condition} THEN ${value} ELSE ${otherwise} END`
  const same = `CAST(${plain} AS VARCHAR) = ${c}`
  if (type === 'string') return c
  if (type === 'bytes') return `encode(${c})`
  if (type === 'duration') return strict(c, 'int64')
  if (isFloat(type)) {
    const value = strict(c)
    // a number too large for the type becomes infinite, which only a text without digits may mean
    const finite = `CASE WHEN isfinite(${value}) OR NOT regexp_matches(${c}, '[0-9]') THEN ${value} END`
    // so few digits make no number too large for either type
    return quick(`strlen(${c}) < 38 AND regexp_full_match(${c}, '-?[0-9]+([.][0-9]+)?')`, finite)
  }
  if (type === 'bool') return strict(`lower(${c})`)
  if (type === 'date') return quick(`strlen(${c}) = 10 AND ${same}`, strict(c))
  // written back, a year of five digits or before Christ is the same text too
  if (type === 'local timestamp')
    return quick(
      `strlen(${c}) BETWEEN 19 AND 26 AND ${c}[5] = '-' AND ${c}[14] = ':' AND ${same}`,
      strict(withSeconds(c)),
    )
  if (type === 'timestamp') return instant(c)
  // digits that the scale has no room for would be rounded away
  if (isDecimal(type))
    return `CASE WHEN NOT regexp_matches(${c}, '\\.[0-9]{${scaleOf(type)}}[0-9]*[1-9]') THEN ${strict(c)} END`
  return strict(c)
}

const withSeconds = (c: string): string => `CASE WHEN strlen(${c}) = 16 THEN ${c} || ':00' ELSE ${c} END`

function instant(c: string): string {
  const wall = (text: string) => sqlTryCast(withSeconds(text), 'string', 'local timestamp')
  const base = `left(${c}, -6)`
  const minutes = `(CAST(left(right(${c}, 5), 2) AS INTEGER) * 60 + CAST(right(${c}, 2) AS INTEGER))`
  const shift = `to_minutes(CASE WHEN left(right(${c}, 6), 1) = '-' THEN ${minutes} ELSE -${minutes} END)`
  const zoned = `CASE WHEN regexp_full_match(right(${c}, 6), '[+-](0[0-9]|1[0-8]):[0-5][0-9]') THEN TRY(${wall(base)} + ${shift}) END`
  const utc = `TRY_CAST(${c} AS TIMESTAMP)`
  const quick = `strlen(${c}) = 20 AND CAST(${utc} AS VARCHAR) || 'Z' = replace(${c}, 'T', ' ')`
  return `CASE WHEN ${quick} THEN ${utc} WHEN right(${c}, 1) = 'Z' THEN ${wall(`left(${c}, -1)`)} ELSE ${zoned} END`
}
