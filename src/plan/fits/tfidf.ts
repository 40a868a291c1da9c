import { call, col, type Expr, lit } from '../expr.ts'
import { build, type Named } from '../nodes.ts'
import { byFrequency, literalOrder } from './categories.ts'
import { applied, type BoundFit, type FitKind, float, integer, number } from './fit.ts'

/**
 * Text as weights of its terms, in columns `<column>~<term>`: how often a term stands in it times
 * `ln((1 + n) ÷ (1 + rows with the term)) + 1`, each row's weights brought to length 1 (Salton and Buckley 1988, in the
 * smoothed form).
 */
export interface TfIdf {
  readonly kind: 'tfIdf'
  readonly columns: readonly string[]
  /** Terms with a column of their own: those that stand in the most rows. */
  readonly max: number
  /** Runs of words, or of characters, which find Korean words under their particles. */
  readonly by: 'words' | 'characters'
  readonly ngrams: readonly number[]
}
export const tfIdf = (
  columns: readonly string[],
  options: { max?: number; by?: 'words' | 'characters'; ngrams?: readonly number[] } = {},
): TfIdf => ({
  kind: 'tfIdf',
  columns,
  max: options.max ?? 100,
  by: options.by ?? 'words',
  ngrams: options.ngrams ?? [options.by === 'characters' ? 2 : 1],
})

const TERM = 'term'
const inOrder = literalOrder('string')

export const tfIdfKind: FitKind<TfIdf> = {
  reads: (spec) => spec.columns,
  queries: (spec, train) =>
    spec.columns.flatMap((column) => {
      const rows = build({ op: 'aggregate', input: train, by: [], aggs: [['rows', { fn: 'count', arg: col(column) }]] })
      const sizes = spec.ngrams.map((n) => {
        const terms = build({
          op: 'select',
          input: train,
          columns: [[TERM, call('listDistinct', termsOf(spec, column, n))]],
        })
        const each = build({ op: 'unnest', input: terms, column: TERM, keepEmpty: false })
        const keyed = build({ op: 'select', input: each, columns: [['key', col(TERM)]] })
        return [
          `${column} ${n}`,
          build({ op: 'aggregate', input: keyed, by: ['key'], aggs: [['rows', { fn: 'count', arg: null }]] }),
        ] as const
      })
      return [[`${column} rows`, rows] as const, ...sizes]
    }),
  bind(spec, found): BoundFit {
    const stages = spec.columns.map((column) => stagesOf(spec, column, found))
    const serving = stages.flat()
    return { serving, training: (input) => applied(input, serving), difference: '' }
  },
}

/** The runs of `n` words or characters in a text. */
const termsOf = (spec: TfIdf, column: string, n: number): Expr => {
  if (spec.by === 'characters') return call('charNgrams', call('lower', col(column)), integer(n))
  const words = call('tokens', col(column))
  return n === 1 ? words : call('ngrams', words, integer(n))
}

function stagesOf(spec: TfIdf, column: string, found: Parameters<FitKind<TfIdf>['bind']>[1]): readonly Named<Expr>[] {
  const rows = number(found.get(`${column} rows`)?.[0], 'rows', 0)
  const terms = spec.ngrams
    .flatMap((n) => byFrequency(found.get(`${column} ${n}`) ?? [], 'string').map((t) => ({ ...t, n })))
    .sort((a, b) => b.rows - a.rows || inOrder(a.key, b.key))
    .slice(0, spec.max)
  const name = (term: string) => `${column}~${term}`
  const weights = terms.map((t): readonly [string, Expr] => {
    const often = call('listCount', termsOf(spec, column, t.n), lit(String(t.key), 'string'))
    return [name(String(t.key)), call('mul', often, float(Math.log((1 + rows) / (1 + t.rows)) + 1))]
  })
  const squares = terms.map((t) => call('mul', col(name(String(t.key))), col(name(String(t.key)))))
  const [first, ...others] = squares
  if (!first) return []
  const norm = `${column}~`
  const length: Named<Expr> = [
    [
      norm,
      call(
        'sqrt',
        others.reduce((sum, s) => call('add', sum, s), first),
      ),
    ],
  ]
  const unit = terms.map((t): readonly [string, Expr] => {
    const weight = col(name(String(t.key)))
    return [
      name(String(t.key)),
      { op: 'case', when: [[call('gt', col(norm), float(0)), call('div', weight, col(norm))]], otherwise: weight },
    ]
  })
  return [weights, length, unit]
}
