import { text } from '../../../engines/duckdb/sql/names.ts'

/** A way in which texts are written that a recipe can turn into a value: how it is told, and what a recipe says. */
interface Way {
  /** RE2, of the whole text. */
  readonly pattern: string
  readonly called: string
  /** Whether a text of the pattern is such a value too, as SQL: 30 February is none. */
  holds?(c: string): string
  /** The derive, given the column as a recipe reaches it. */
  readonly derive?: (column: string) => string
}

const day = (pattern: string, called: string, format: string): Way => ({
  pattern,
  called: `days written as ${called}`,
  holds: (c) => `try_strptime(${c}, ${text(format.replaceAll('%-', '%'))}) IS NOT NULL`,
  derive: (c) => `${c}.parseTime(${JSON.stringify(format)})`,
})

/** In the order in which they are tried. */
const WAYS: readonly Way[] = [
  day('[0-9]{4}[.][0-9]{2}[.][0-9]{2}', '2026.01.01', '%Y.%m.%d'),
  day('[0-9]{4}/[0-9]{2}/[0-9]{2}', '2026/01/01', '%Y/%m/%d'),
  day('(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])', '20260101', '%Y%m%d'),
  day('[0-9]{4}년 [0-9]{2}월 [0-9]{2}일', '2026년 01월 01일', '%Y년 %m월 %d일'),
  // months and days of one digit among them
  day('[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}', '2026-1-1', '%Y-%-m-%-d'),
  day('[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}', '2026/1/1', '%Y/%-m/%-d'),
  day('[0-9]{4}[.][0-9]{1,2}[.][0-9]{1,2}', '2026.1.1', '%Y.%-m.%-d'),
  day('[0-9]{4}[.] [0-9]{1,2}[.] [0-9]{1,2}[.]', '2026. 1. 1.', '%Y. %-m. %-d.'),
  day('[0-9]{4}[.] [0-9]{1,2}[.] [0-9]{1,2}', '2026. 1. 1', '%Y. %-m. %-d'),
  day('[0-9]{4}년 [0-9]{1,2}월 [0-9]{1,2}일', '2026년 1월 1일', '%Y년 %-m월 %-d일'),
  day('[0-9]{4}년[0-9]{1,2}월[0-9]{1,2}일', '2026년1월1일', '%Y년%-m월%-d일'),
  {
    pattern: '[0-9]{2}([.]|/|-|[.] )[0-9]{1,2}([.]|/|-|[.] )[0-9]{1,2}[.]?',
    called:
      'days, it seems, with years of two digits: which century, and which part is the year, the text does not say',
  },
  {
    pattern:
      '[+-]?[₩$€¥]? ?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)? ?원?|[+-]?[₩$€¥] ?[0-9]+([.][0-9]+)?|[+-]?[0-9]+([.][0-9]+)? ?원',
    called: 'numbers with commas or a sign of money',
    derive: (c) => `${c}.replaceMatches('[^0-9.+-]', '').cast('float64')`,
  },
]

/** Counts of each way for a column of text, as SQL. */
export const countWays = (c: string): string[] =>
  WAYS.map(({ pattern, holds }, w) => {
    const whole = `regexp_full_match(${c}, ${text(pattern)})`
    return `count(*) FILTER (WHERE ${holds ? `CASE WHEN ${whole} THEN ${holds(c)} ELSE FALSE END` : whole}) AS w${w}`
  })

/** What is proposed for a column of which all values are written in one of the ways. */
export function proposedFor(
  found: Readonly<Record<string, unknown>>,
  values: number,
  name: string,
): { readonly called: string; readonly derive?: string } | undefined {
  const way = WAYS.find((_, w) => Number(found[`w${w}`]) === values)
  const column = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? `r.${name}` : `r[${JSON.stringify(name)}]`
  return way && { called: way.called, ...(way.derive ? { derive: way.derive(column) } : {}) }
}
