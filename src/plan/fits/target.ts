import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, type Frame, type Literal } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { fieldOf, isFloat, isTemporal, type Schema } from '../types.ts'
import { codes, literalOrder } from './categories.ts'
import type { BoundFit, FitAbout, FitKind, FitRow } from './fit.ts'
import { checked, float, integer, known } from './fit.ts'
import { checkChoices, checkNumber } from './options.ts'

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
   * What a training row's rate is made of, so that no row sees its own label: the other folds, or earlier rows only, the
   * prior too. A row without a moment has nothing before it and gets the overall rate; before the first row, a rate is 0.
   */
  readonly training: 'outOfFold' | 'past'
}

export const targetEncode = (
  columns: readonly string[],
  options: { smoothing?: number; folds?: number; training?: TargetEncode['training'] } = {},
): TargetEncode =>
  checked(targetEncodeKind, {
    kind: 'targetEncode',
    columns,
    smoothing: options.smoothing ?? 20,
    folds: options.folds ?? 5,
    training: options.training ?? 'outOfFold',
  })

const rateName = (column: string): string => `${column}Rate`

/** The fold of a row, from the moment it is about: equal moments share a fold on every engine. */
const foldOf = (moment: string, folds: number): Expr => call('mod', call('hash32', col(moment)), integer(folds))

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
  readonly prior: number
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
  const rate = (h: number, n: number) =>
    n + spec.smoothing > 0 ? ofFloats((h + spec.smoothing * prior) / (n + spec.smoothing), prior) : prior
  const byKey = new Map<Literal, { hits: number; rows: number }>()
  for (const r of rows) {
    const sum = byKey.get(r.key) ?? { hits: 0, rows: 0 }
    byKey.set(r.key, { hits: sum.hits + r.hits, rows: sum.rows + r.rows })
  }
  const { moment } = needs(about)
  const key = known(schema, column)
  return {
    column,
    prior,
    serving: codes(key, new Map([...byKey].map(([key, k]) => [key, rate(k.hits, k.rows)])), prior, 'float64'),
    training: {
      op: 'lookup',
      args: [key, foldOf(moment, spec.folds)],
      table: {
        keys: rows.map((r) => [r.key, r.fold]),
        values: rows.map((r) => rate((byKey.get(r.key)?.hits ?? 0) - r.hits, (byKey.get(r.key)?.rows ?? 0) - r.rows)),
      },
      fallback: prior,
      type: 'float64',
    },
  }
}

/** A quotient of sums, or another number where it is beyond what a float64 holds. */
const ofFloats = (value: number, otherwise: number): number => (Number.isFinite(value) ? value : otherwise)

/** Each row's rate among the key's rows before its moment, leaning on the rate of all rows before it. */
function pastRates(
  input: Node,
  spec: TargetEncode,
  rates: readonly Rates[],
  about: { target: string; moment: string },
): Node {
  const frame = { unit: 'range' as const, from: null, to: -1 }
  const order = [{ by: col(about.moment), descending: false }]
  const counted = (n: Node, by: readonly string[], ...names: [string, string]) =>
    build({ op: 'window', input: n, by, order, columns: sums(n.schema, about.target, frame, ...names) })
  const before = counted(input, [], 'all hits', 'all rows')
  const all = [hitsOf('all hits'), col('all rows')] as const
  const prior = either(call('gt', all[1], integer(0)), call('div', ...all), float(0))
  const rated = rates.reduce((n, r) => {
    const [hits, rows] = [`${r.column} hits`, `${r.column} rows`]
    const keyed = withKey(n, r)
    const rate = rateOf(spec, hitsOf(hits), col(rows), prior)
    const timed = either(call('isNull', col(about.moment)), float(r.prior), rate)
    return withRate(n, counted(keyed.node, [keyed.key], hits, rows), r, timed)
  }, before)
  const columns = rated.schema.filter((f) => f.name !== 'all hits' && f.name !== 'all rows')
  return build({ op: 'select', input: rated, columns: columns.map((f) => [f.name, col(f.name)] as const) })
}

/** Each row's rate among the key's rows of the other folds. */
function foldRates(input: Node, spec: TargetEncode, r: Rates, about: { target: string; moment: string }): Node {
  const frame = { unit: 'rows' as const, from: null, to: null }
  const [fold, hits, rows, own, ownRows] = ['fold', 'hits', 'rows', 'fold hits', 'fold rows'].map((n) => `${r.column} ${n}`) as [string, string, string, string, string] // biome-ignore format: one line
  const keyed = withKey(input, r)
  const folded = build({ op: 'derive', input: keyed.node, columns: [[fold, foldOf(about.moment, spec.folds)]] })
  const of = (n: Node, by: readonly string[], ...names: [string, string]) =>
    build({ op: 'window', input: n, by, order: [], columns: sums(n.schema, about.target, frame, ...names) })
  const counted = of(of(folded, [keyed.key], hits, rows), [keyed.key, fold], own, ownRows)
  const others = [call('sub', col(hits), col(own)), call('sub', col(rows), col(ownRows))] as const
  return withRate(input, counted, r, rateOf(spec, ...others, float(r.prior)))
}

/** The rows with the column that the key's windows go by: of floats, one in which NaN and the infinities are missing. */
function withKey(input: Node, r: Rates): { node: Node; key: string } {
  if (!isFloat(fieldOf(input.schema, r.column, 'targetEncode').type)) return { node: input, key: r.column }
  const key = `${r.column} key`
  return { node: build({ op: 'derive', input, columns: [[key, known(input.schema, r.column)]] }), key }
}

/** Over a frame: the target's sum, and its rows. */
const sums = (schema: Schema, target: string, frame: Frame, hits: string, rows: string) => {
  const agg = (fn: 'sum' | 'count') => ({ fn: 'aggregate' as const, agg: { fn, arg: known(schema, target) }, frame })
  return [
    [hits, agg('sum')],
    [rows, agg('count')],
  ] as const
}

const either = (condition: Expr, yes: Expr, no: Expr): Expr => ({ op: 'case', when: [[condition, yes]], otherwise: no })
/** A sum over a frame, which is null over no rows. */
const hitsOf = (name: string): Expr => call('coalesce', col(name), integer(0))

/** `(Σ + s·prior) / (n + s)`; the prior where both are 0. */
function rateOf(spec: TargetEncode, hits: Expr, rows: Expr, prior: Expr): Expr {
  const s = float(spec.smoothing)
  const rate = call('div', call('add', hits, call('mul', s, prior)), call('add', rows, s))
  return spec.smoothing > 0 ? rate : either(call('gt', rows, integer(0)), rate, prior)
}

/** The input's columns with the rate of what was counted beside them. */
function withRate(input: Node, counted: Node, r: Rates, rate: Expr): Node {
  const kept = input.schema.map((f) => [f.name, col(f.name)] as const)
  const columns: Named<Expr> = [...kept.filter(([name]) => name !== rateName(r.column)), [rateName(r.column), rate]]
  return build({ op: 'select', input: counted, columns })
}

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
