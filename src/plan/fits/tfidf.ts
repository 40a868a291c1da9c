import { listOfNames, optionsOf } from '../columns/options.ts'
import { call, col, type Expr, lit } from '../expr.ts'
import { build, type Named } from '../nodes.ts'
import { byFrequency, literalOrder, namesApart } from './categories.ts'
import { applied, type BoundFit, checked, type FitKind, float, integer, number } from './fit.ts'
import { checkChoices, checkNumber, wrongOption } from './options.ts'

/**
 * Text as weights of its terms, in columns `<column>~<term>`: how often a term stands in it times
 * `ln((1 + n) ÷ (1 + rows with the term)) + 1`, each row's weights brought to length 1 (Salton and Buckley 1988, in the
 * smoothed form).
 */
export interface TfIdf {
  readonly kind: 'tfIdf'
  readonly columns: readonly string[]
  /** Terms with a column of their own, 1000 at most: those that stand in the most rows. */
  readonly max: number
  /** Runs of words, or of characters, which find Korean words under their particles. */
  readonly by: 'words' | 'characters'
  /** Lengths of the runs, each named: `[1, 3]` has none of two. */
  readonly ngrams: readonly number[]
}
export const tfIdf = (
  columns: readonly string[],
  options: { max?: number; by?: 'words' | 'characters'; ngrams?: readonly number[] } = {},
): TfIdf =>
  checked(tfIdfKind, {
    kind: 'tfIdf',
    columns: listOfNames(columns, 'tfIdf'),
    max: optionsOf(options, ['max', 'by', 'ngrams'], 'tfIdf').max ?? 100,
    by: options.by ?? 'words',
    ngrams: options.ngrams ?? [options.by === 'characters' ? 2 : 1],
  })

const TERM = 'term'
/** DuckDB takes 5 s to read a plan with 500 terms, 23 s with these, and soon minutes. */
const MAX_TERMS = 1000
const inOrder = literalOrder('string')

export const tfIdfKind: FitKind<TfIdf> = {
  check({ max, by, ngrams }) {
    checkNumber('tfIdf', 'max', max, { from: 1, to: MAX_TERMS, whole: true })
    checkChoices('tfIdf', 'by', [by], ['words', 'characters'])
    if (!Array.isArray(ngrams) || ngrams.length === 0)
      throw wrongOption('tfIdf', `'ngrams' is ${Array.isArray(ngrams) ? 'empty' : `${JSON.stringify(ngrams)}, and no list`}`, 'terms are runs of so many words or characters: [1, 2]') // biome-ignore format: one line
    for (const n of ngrams) checkNumber('tfIdf', 'ngrams', n, { from: 1, to: 100, whole: true })
    // as who knows a range from elsewhere writes it; every term would have two columns
    if (new Set(ngrams).size < ngrams.length)
      throw wrongOption('tfIdf', `'ngrams' names a length twice: ${JSON.stringify(ngrams)}`, `it lists lengths and is no range; a length once is ${JSON.stringify([...new Set(ngrams)])}`) // biome-ignore format: one line
  },
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
  bind(spec, found, schema): BoundFit {
    const nameOf = namesApart(schema, spec.columns.map(normName))
    const stages = spec.columns.map((column) => stagesOf(spec, column, found, nameOf))
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

/** A sum as a tree as flat as it can be: engines limit how deep an expression goes. */
const total = (terms: readonly Expr[]): Expr => {
  const middle = terms.length >> 1
  return terms.length < 2
    ? (terms[0] ?? float(0))
    : call('add', total(terms.slice(0, middle)), total(terms.slice(middle)))
}

function stagesOf(
  spec: TfIdf,
  column: string,
  found: Parameters<FitKind<TfIdf>['bind']>[1],
  nameOf: (name: string) => string,
): readonly Named<Expr>[] {
  const rows = number(found.get(`${column} rows`)?.[0], 'rows', 0)
  const terms = spec.ngrams
    .flatMap((n) => byFrequency(found.get(`${column} ${n}`) ?? [], 'string').map((t) => ({ ...t, n })))
    .sort((a, b) => b.rows - a.rows || inOrder(a.key, b.key))
    .slice(0, spec.max)
    .map((t) => ({ ...t, name: nameOf(`${column}~${String(t.key)}`) }))
  if (terms.length === 0) return []
  const weights = terms.map((t): readonly [string, Expr] => {
    const often = call('listCount', termsOf(spec, column, t.n), lit(String(t.key), 'string'))
    return [t.name, call('mul', often, float(Math.log((1 + rows) / (1 + t.rows)) + 1))]
  })
  const norm = normName(column)
  const squares = terms.map((t) => call('mul', col(t.name), col(t.name)))
  const length: Named<Expr> = [[norm, call('sqrt', total(squares))]]
  const unit = terms.map((t): readonly [string, Expr] => {
    const weight = col(t.name)
    return [
      t.name,
      { op: 'case', when: [[call('gt', col(norm), float(0)), call('div', weight, col(norm))]], otherwise: weight },
    ]
  })
  return [weights, length, unit]
}
const normName = (column: string): string => `${column}~`
