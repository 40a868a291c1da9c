import { listOfNames } from '../columns/options.ts'
import { call, col, type Expr } from '../expr.ts'
import { build } from '../nodes.ts'
import { alike, checked, type FitKind, float, integer, known, number } from './fit.ts'
import { checkNumber } from './options.ts'

/** Numbers as bins 0 … n − 1, in `<column>Bin`; a missing number has none. */
export interface Bins {
  readonly kind: 'bins'
  readonly columns: readonly string[]
  readonly by: 'quantile' | 'width'
  readonly bins: number
}

/** Bins with about as many rows each; equal edges fall together. */
export const quantileBins = (columns: readonly string[], bins = 10): Bins =>
  checked(binsKind, { kind: 'bins', columns: listOfNames(columns, 'quantileBins'), by: 'quantile', bins })
/** Bins as wide as each other between the least and the greatest number. */
export const widthBins = (columns: readonly string[], bins = 10): Bins =>
  checked(binsKind, { kind: 'bins', columns: listOfNames(columns, 'widthBins'), by: 'width', bins })

export const binsKind: FitKind<Bins> = {
  check: (spec) =>
    checkNumber(spec.by === 'width' ? 'widthBins' : 'quantileBins', 'bins', spec.bins, {
      from: 2,
      to: 1000,
      whole: true,
    }),
  reads: (spec) => spec.columns,
  queries: (spec, train) => [
    [
      'all',
      build({
        op: 'aggregate',
        input: train,
        by: [],
        aggs: spec.columns.flatMap((name, i) =>
          places(spec).map((param, j) => [`q${i}_${j}`, { fn: 'quantile' as const, arg: col(name), param }] as const),
        ),
      }),
    ],
  ],
  bind(spec, found, schema) {
    const row = found.get('all')?.[0]
    return alike(
      spec.columns.map((name, i): readonly [string, Expr] => {
        const at = places(spec).map((_, j) => number(row, `q${i}_${j}`))
        const [low = 0, high = 0] = at
        const edges =
          spec.by === 'quantile'
            ? at
            : Array.from({ length: spec.bins - 1 }, (_, j) => low + ((high - low) * (j + 1)) / spec.bins)
        const distinct = [...new Set(edges.filter((e) => Number.isFinite(e)))]
        const value = known(schema, name)
        const bin: Expr = {
          op: 'case',
          when: [
            [call('isNull', value), { op: 'lit', value: null, type: 'int64' }],
            ...distinct.map((edge, j) => [call('lt', value, float(edge)), integer(j)] as const),
          ],
          otherwise: integer(distinct.length),
        }
        return [`${name}Bin`, bin]
      }),
    )
  },
}

/** The probabilities whose quantiles are asked for. */
const places = (spec: Bins): number[] =>
  spec.by === 'width' ? [0, 1] : Array.from({ length: spec.bins - 1 }, (_, j) => (j + 1) / spec.bins)
