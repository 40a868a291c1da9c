import { listOfNames } from '../columns/options.ts'
import { call, col, type Expr } from '../expr.ts'
import { build } from '../nodes.ts'
import { fieldOf, isFloat } from '../types.ts'
import { alike, checked, type FitKind, float, number } from './fit.ts'
import { checkNumber, wrongOption } from './options.ts'

/** Brings numbers beyond two quantiles to those (Dixon 1960); what is missing or NaN stays so. */
export interface Winsorise {
  readonly kind: 'winsorise'
  readonly columns: readonly string[]
  readonly lower: number
  readonly upper: number
}

export const winsorise = (columns: readonly string[], lower = 0.01, upper = 0.99): Winsorise =>
  checked(winsoriseKind, { kind: 'winsorise', columns: listOfNames(columns, 'winsorise'), lower, upper })

export const winsoriseKind: FitKind<Winsorise> = {
  check({ lower, upper }) {
    checkNumber('winsorise', 'lower', lower, { from: 0, to: 1 })
    checkNumber('winsorise', 'upper', upper, { from: 0, to: 1 })
    if (lower > upper)
      throw wrongOption(
        'winsorise',
        `'lower' (${lower}) lies above 'upper' (${upper})`,
        'numbers are brought between the two',
      )
  },
  reads: (spec) => spec.columns,
  queries: (spec, train) => [
    [
      'all',
      build({
        op: 'aggregate',
        input: train,
        by: [],
        aggs: spec.columns.flatMap((name, i) => [
          [`a${i}`, { fn: 'quantile' as const, arg: col(name), param: spec.lower }] as const,
          [`b${i}`, { fn: 'quantile' as const, arg: col(name), param: spec.upper }] as const,
        ]),
      }),
    ],
  ],
  bind(spec, found, schema) {
    const row = found.get('all')?.[0]
    return alike(
      spec.columns.map((name, i): readonly [string, Expr] => {
        const value: Expr = { op: 'cast', arg: col(name), to: 'float64', onError: 'fail' }
        const low = number(row, `a${i}`, -Number.MAX_VALUE)
        const high = number(row, `b${i}`, Number.MAX_VALUE)
        const clipped: Expr = {
          op: 'case',
          when: [
            // NaN counts as the greatest number, which it is not
            ...(isFloat(fieldOf(schema, name, 'winsorise').type) ? [[call('isNaN', value), value] as const] : []),
            [call('lt', value, float(low)), float(low)],
            [call('gt', value, float(high)), float(high)],
          ],
          otherwise: value,
        }
        return [name, clipped]
      }),
    )
  },
}
