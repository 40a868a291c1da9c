import { GalleyError } from '../../base/errors.ts'
import { listOfNames, optionsOf } from '../columns/options.ts'
import { col, type Expr, type Literal } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { fieldOf, isNumeric, isTemporal, type Schema, typeName } from '../types.ts'
import { codes, literalOrder } from './categories.ts'
import type { BoundFit, FitAbout, FitKind, FitRow } from './fit.ts'
import { checked, known } from './fit.ts'
import { checkChoices, checkNumber } from './options.ts'
import { foldOf, foldRates, pastRates, rateName } from './target-rows.ts'

/**
 * Replaces keys by the rate of the target among their rows: `(Σ + s·prior) / (n + s)`, as `<column>Rate`
 * (Micci-Barreca 2001).
 */
export interface TargetEncode {
  readonly kind: 'targetEncode'
  readonly columns: readonly string[]
  /** Rows of the overall rate mixed into each key's own, so that rare keys lean on it. */
  readonly smoothing: number
  readonly folds: number
  /**
   * What a training row's rate is made of, so that no row sees its own label: the other folds, or earlier rows only; the
   * overall rate that it leans on is of these rows too. A row without a moment has nothing before it; where nothing is before, a rate is 0.
   */
  readonly training: 'outOfFold' | 'past'
}

export const targetEncode = (
  columns: readonly string[],
  options: { smoothing?: number; folds?: number; training?: TargetEncode['training'] } = {},
): TargetEncode =>
  checked(targetEncodeKind, {
    kind: 'targetEncode',
    columns: listOfNames(columns, 'targetEncode'),
    smoothing: optionsOf(options, ['smoothing', 'folds', 'training'], 'targetEncode').smoothing ?? 20,
    folds: options.folds ?? 5,
    training: options.training ?? 'outOfFold',
  })

export const targetEncodeKind: FitKind<TargetEncode> = {
  check({ smoothing, folds, training }) {
    checkNumber('targetEncode', 'smoothing', smoothing, { from: 0 })
    checkNumber('targetEncode', 'folds', folds, { from: 2, to: 1000, whole: true })
    checkChoices('targetEncode', 'training', [training], ['outOfFold', 'past'])
  },
  reads: (spec) => spec.columns,
  /** One a column: its key, fold, `hits` (the target's sum) and `rows`. */
  queries: (spec, train, about) => queriesBy(spec, train, about, ['key', 'fold']),
  bind(spec, found, schema, about) {
    const rates = spec.columns.map((column) => ratesOf(spec, schema, column, found, about))
    return bound(
      spec,
      rates,
      (input) => build({ op: 'derive', input, columns: rates.map((r) => [rateName(r.column), r.training] as const) }),
      about,
    )
  },
  within: {
    countsKeys: true,
    /** One a column: its key, `hits` and `rows`. */
    queries: (spec, train, about) => queriesBy(spec, train, about, ['key']),
    bind(spec, found, schema, about) {
      const rates = spec.columns.map((column) => ratesOf(spec, schema, column, found, about))
      return bound(spec, rates, (input) => rates.reduce((n, r) => foldRates(n, spec, r, needs(about)), input), about)
    },
  },
}

function queriesBy(spec: TargetEncode, train: Node, about: FitAbout, by: readonly string[]): Named<Node> {
  const { target, moment } = needs(about)
  const at = fieldOf(train.schema, moment, 'fit')
  if (!isTemporal(at.type))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: 'fit needs a time to make folds of',
      why: `'${moment}' is not one`,
    })
  const { type } = fieldOf(train.schema, target, 'targetEncode')
  if (type !== 'bool' && !isNumeric(type))
    throw new GalleyError('PLAN_INVALID', {
      what: `targetEncode takes means of the target, and '${target}' is a ${typeName(type)}`,
      why: 'a class that is a text has no mean',
      fix: `encode by ordinal(${JSON.stringify(spec.columns).replaceAll('"', "'")}) or oneHot`,
    })
  return spec.columns.map((column) => {
    const all: Named<Expr> = [
      ['key', col(column)],
      ['fold', foldOf(moment, spec.folds)],
      ['hit', col(target)],
    ]
    const columns = all.filter(([name]) => name === 'hit' || by.includes(name))
    const query = build({
      op: 'aggregate',
      input: build({ op: 'select', input: train, columns }),
      by,
      aggs: [
        ['hits', { fn: 'sum', arg: col('hit') }],
        ['rows', { fn: 'count', arg: col('hit') }],
      ],
    })
    return [column, query] as const
  })
}

/** Rates bound; training rows by earlier ones, or as `outOfFold` has it. */
function bound(
  spec: TargetEncode,
  rates: readonly Rates[],
  outOfFold: (input: Node) => Node,
  about: FitAbout,
): BoundFit {
  const past = spec.training === 'past'
  return {
    serving: [rates.map((r) => [rateName(r.column), r.serving] as const)],
    training: (input) => (past ? pastRates(input, spec, rates, needs(about)) : outOfFold(input)),
    difference: past
      ? 'training rows are encoded with earlier rows only'
      : `training rows are encoded without their own fold (1 of ${spec.folds})`,
  }
}

interface Rates {
  readonly column: string
  /** The target's sum, and its rows. */
  readonly hits: number
  readonly rows: number
  readonly serving: Expr
  readonly training: Expr
}

function ratesOf(
  spec: TargetEncode,
  schema: Schema,
  column: string,
  found: ReadonlyMap<string, readonly FitRow[]>,
  about: FitAbout,
): Rates {
  const order = literalOrder(fieldOf(schema, column, 'targetEncode').type)
  const rows = (found.get(column) ?? [])
    .map((r) => ({
      key: r['key'] ?? null,
      fold: r['fold'] ?? null,
      hits: Number(r['hits'] ?? 0),
      rows: Number(r['rows'] ?? 0),
    }))
    .sort((a, b) => order(a.key, b.key) || Number(a.fold) - Number(b.fold))
  const hits = rows.reduce((sum, r) => sum + r.hits, 0)
  const seen = rows.reduce((sum, r) => sum + r.rows, 0)
  const prior = seen > 0 ? ofFloats(hits / seen, 0) : 0
  const rate = (h: number, n: number, leansOn = prior) =>
    n + spec.smoothing > 0 ? ofFloats((h + spec.smoothing * leansOn) / (n + spec.smoothing), leansOn) : leansOn
  const others = priorsOf(rows, { hits, rows: seen })
  const byKey = new Map<Literal, { hits: number; rows: number }>()
  for (const r of rows) {
    const sum = byKey.get(r.key) ?? { hits: 0, rows: 0 }
    byKey.set(r.key, { hits: sum.hits + r.hits, rows: sum.rows + r.rows })
  }
  const { moment } = needs(about)
  const key = known(schema, column)
  return {
    column,
    hits,
    rows: seen,
    serving: codes(key, new Map([...byKey].map(([key, k]) => [key, rate(k.hits, k.rows)])), prior, 'float64'),
    training: {
      op: 'lookup',
      args: [key, foldOf(moment, spec.folds)],
      table: {
        keys: rows.map((r) => [r.key, r.fold]),
        values: rows.map((r) => {
          const { hits: all, rows: count } = byKey.get(r.key) ?? r
          return rate(all - r.hits, count - r.rows, others.get(r.fold))
        }),
      },
      fallback: prior,
      type: 'float64',
    },
  }
}

/** The overall rate without each fold; 0 where no other fold has rows. */
function priorsOf(
  rows: readonly { fold: Literal; hits: number; rows: number }[],
  all: { readonly hits: number; readonly rows: number },
): ReadonlyMap<Literal, number> {
  const folds = new Map<Literal, { hits: number; rows: number }>()
  for (const r of rows) {
    const sum = folds.get(r.fold) ?? { hits: 0, rows: 0 }
    folds.set(r.fold, { hits: sum.hits + r.hits, rows: sum.rows + r.rows })
  }
  const without = (f: { hits: number; rows: number }) =>
    all.rows > f.rows ? ofFloats((all.hits - f.hits) / (all.rows - f.rows), 0) : 0
  return new Map([...folds].map(([fold, f]) => [fold, without(f)]))
}

/** A quotient of sums, or another number where it is beyond what a float64 holds. */
const ofFloats = (value: number, otherwise: number): number => (Number.isFinite(value) ? value : otherwise)

function needs(about: FitAbout): { target: string; moment: string } {
  const { target, moment } = about
  if (target === undefined || moment === undefined)
    throw new GalleyError('PLAN_INVALID', {
      what: 'targetEncode needs a target and a time column',
      why: 'it keeps a row from seeing its own label by folds of time',
      fix: "name the time: k.dataset(…, { moment: 'at' })",
    })
  return { target, moment }
}
