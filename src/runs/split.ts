import { GalleyError } from '../base/errors.ts'
import type { Col, Row } from '../plan/columns/kinds.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { call, type Literal, lit } from '../plan/expr.ts'
import { isoMicros } from '../plan/literal.ts'
import { parseType } from '../plan/types.ts'
import { partsBy } from '../plan/verbs/sample.ts'

type Moment = 'timestamp' | 'local timestamp' | 'date'
type Span = readonly [from: string, until: string]

/**
 * Splits by time: each part from the first date up to, not including, the second (ISO dates).
 * @throws RECIPE_INVALID, when the recipe is declared, for a part that ends before it begins and for two that share rows
 */
export function byTime<S>(
  moment: keyof S & string,
  parts: Readonly<Record<string, Span>>,
): (r: Row<S>) => Record<string, Col<'bool'>> {
  return (r) => {
    const c = (r as unknown as Record<string, Col>)[moment] as Col
    const type = c.type as Moment
    checkSpans(parts, (text) => isoMicros(text, type))
    return Object.fromEntries(
      Object.entries(parts).map(([name, [from, until]]) => {
        const expr = call(
          'and',
          call('ge', c.expr, lit(isoMicros(from, type), type)),
          call('lt', c.expr, lit(isoMicros(until, type), type)),
        )
        return [name, { expr, type: 'bool' } as unknown as Col<'bool'>]
      }),
    )
  }
}

/**
 * Splits by the values of a column: all rows of one value are in the same part, tomorrow too, by a hash of it (as `table.split` has
 * it). The shares add up to 1, and hold of values; of rows only about, where values have unequal numbers of rows.
 * @throws PLAN_INVALID, PLAN_TYPE_MISMATCH, when the recipe is declared
 */
export function byGroup<S>(
  column: keyof S & string,
  shares: Readonly<Record<string, number>>,
  options: { readonly seed?: number } = {},
): (r: Row<S>) => Record<string, Col<'bool'>> {
  const { seed = 0 } = optionsOf(options, ['seed'], 'byGroup')
  return (r) => {
    const { type: name } = (r as unknown as Record<string, Col>)[column] as Col
    const type = parseType(name)
    const parts = partsBy([{ name: column, type, nullable: true }], shares, [column], seed)
    return Object.fromEntries(
      Object.entries(parts).map(([name, expr]) => [name, { expr, type: 'bool' } as unknown as Col<'bool'>]),
    )
  }
}

/** Rows of two parts would be learnt from and judged on alike. */
function checkSpans(parts: Readonly<Record<string, Span>>, literal: (text: string) => Literal): void {
  const spans = Object.entries(parts)
    .map(([name, span]) => {
      const [from, until] = span.map((text) => BigInt(String(literal(text)))) as [bigint, bigint]
      return { name, span, from, until }
    })
    .sort((a, b) => (a.from < b.from ? -1 : 1))
  for (const { name, span, from, until } of spans)
    if (from >= until)
      throw new GalleyError('RECIPE_INVALID', {
        what: `the part '${name}' has no rows: it begins ${span[0]} and ends ${span[1]}`,
        why: 'a part holds what is not before its first date and before its second',
        fix: 'give the earlier date first',
      })
  spans.forEach((b, i) => {
    const a = spans[i - 1]
    if (a && a.until > b.from)
      throw new GalleyError('RECIPE_INVALID', {
        what: `the parts '${a.name}' and '${b.name}' share rows`,
        why: `'${a.name}' ends ${a.span[1]}, and '${b.name}' begins ${b.span[0]}: a model would be judged on rows that it has seen`,
        fix: 'let each part begin where the one before it ends',
      })
  })
}
