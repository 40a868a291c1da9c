import { listOfNames } from '../columns/options.ts'
import { type Agg, call, col, type Expr } from '../expr.ts'
import { build, type Named } from '../nodes.ts'
import { alike, type FitKind, float, number } from './fit.ts'

/** Moves and stretches numbers: `(x − centre) ÷ spread`. A column without spread gives 0. */
export interface Scale {
  readonly kind: 'scale'
  readonly columns: readonly string[]
  /** mean and standard deviation (n − 1); least and greatest; median and interquartile range. */
  readonly by: 'standard' | 'minMax' | 'robust'
}

/** Mean 0, standard deviation 1. */
export const standardise = (columns: readonly string[]): Scale => ({
  kind: 'scale',
  columns: listOfNames(columns, 'standardise'),
  by: 'standard',
})
/** The training rows' range becomes 0 … 1; later values may lie outside. */
export const minMax = (columns: readonly string[]): Scale => ({
  kind: 'scale',
  columns: listOfNames(columns, 'minMax'),
  by: 'minMax',
})
/** Median 0, interquartile range 1: outliers have no say. */
export const robustScale = (columns: readonly string[]): Scale => ({
  kind: 'scale',
  columns: listOfNames(columns, 'robustScale'),
  by: 'robust',
})

export const scaleKind: FitKind<Scale> = {
  reads: (spec) => spec.columns,
  queries: (spec, train) => [
    [
      'all',
      build({
        op: 'aggregate',
        input: train,
        by: [],
        aggs: spec.columns.flatMap((name, i) => measures(spec.by, col(name), i)),
      }),
    ],
  ],
  bind(spec, found) {
    const row = found.get('all')?.[0]
    return alike(
      spec.columns.map((name, i): readonly [string, Expr] => {
        const [a, b, c] = [number(row, `a${i}`, 0), number(row, `b${i}`, 0), number(row, `c${i}`, 0)]
        const spread = spec.by === 'standard' ? b : spec.by === 'minMax' ? b - a : c - b
        const usable = spread > 0 && Number.isFinite(spread)
        return [name, call('div', call('sub', col(name), float(a)), float(usable ? spread : Number.MAX_VALUE))]
      }),
    )
  },
}

/** What is measured of a column, as `a`, `b` and `c`. */
function measures(by: Scale['by'], arg: Expr, i: number): Named<Agg> {
  const quantile = (param: number): Agg => ({ fn: 'quantile', arg, param })
  switch (by) {
    case 'standard':
      return [
        [`a${i}`, { fn: 'mean', arg }],
        [`b${i}`, { fn: 'stddev', arg }],
      ]
    case 'minMax':
      return [
        [`a${i}`, quantile(0)],
        [`b${i}`, quantile(1)],
      ]
    case 'robust':
      return [
        [`a${i}`, quantile(0.5)],
        [`b${i}`, quantile(0.25)],
        [`c${i}`, quantile(0.75)],
      ]
  }
}
