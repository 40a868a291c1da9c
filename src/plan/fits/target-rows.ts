import { call, col, type Expr, type Frame } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { fieldOf, isFloat, type Schema } from '../types.ts'
import { float, integer, known } from './fit.ts'

/** How a rate leans on the prior, and how many folds there are. */
interface Options {
  readonly smoothing: number
  readonly folds: number
}
/** A column whose values become rates, the target's sum, and its rows. */
interface Rate {
  readonly column: string
  readonly hits: number
  readonly rows: number
}
interface About {
  readonly target: string
  readonly moment: string
}

export const rateName = (column: string): string => `${column}Rate`

/** The fold of a row, from the moment it is about: equal moments share a fold on every engine. */
export const foldOf = (moment: string, folds: number): Expr => call('mod', call('hash32', col(moment)), integer(folds))

/** Each row's rate among the key's rows before its moment, leaning on the rate of all rows before it. */
export function pastRates(input: Node, spec: Options, rates: readonly Rate[], about: About): Node {
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
    const timed = either(call('isNull', col(about.moment)), float(0), rate)
    return withRate(n, counted(keyed.node, [keyed.key], hits, rows), r, timed)
  }, before)
  const columns = rated.schema.filter((f) => f.name !== 'all hits' && f.name !== 'all rows')
  return build({ op: 'select', input: rated, columns: columns.map((f) => [f.name, col(f.name)] as const) })
}

/** Each row's rate among the key's rows of the other folds, leaning on the rate of all rows there. */
export function foldRates(input: Node, spec: Options, r: Rate, about: About): Node {
  const frame = { unit: 'rows' as const, from: null, to: null }
  const names = ['fold', 'hits', 'rows', 'fold hits', 'fold rows', 'folded hits', 'folded rows']
  const [fold, hits, rows, own, ownRows, allOwn, allOwnRows] = names.map((n) => `${r.column} ${n}`) as [string, string, string, string, string, string, string] // biome-ignore format: one line
  const keyed = withKey(input, r)
  const folded = build({ op: 'derive', input: keyed.node, columns: [[fold, foldOf(about.moment, spec.folds)]] })
  const of = (n: Node, by: readonly string[], ...names: [string, string]) =>
    build({ op: 'window', input: n, by, order: [], columns: sums(n.schema, about.target, frame, ...names) })
  const ofKey = of(of(folded, [keyed.key], hits, rows), [keyed.key, fold], own, ownRows)
  const counted = of(ofKey, [fold], allOwn, allOwnRows)
  const others = [call('sub', col(hits), col(own)), call('sub', col(rows), col(ownRows))] as const
  const all = [call('sub', float(r.hits), hitsOf(allOwn)), call('sub', float(r.rows), col(allOwnRows))] as const
  const prior = either(call('gt', all[1], float(0)), call('div', ...all), float(0))
  return withRate(input, counted, r, rateOf(spec, ...others, prior))
}

/** The rows with the column that the key's windows go by: of floats, one in which NaN and the infinities are missing. */
function withKey(input: Node, r: Rate): { node: Node; key: string } {
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
function rateOf(spec: Options, hits: Expr, rows: Expr, prior: Expr): Expr {
  const s = float(spec.smoothing)
  const rate = call('div', call('add', hits, call('mul', s, prior)), call('add', rows, s))
  return spec.smoothing > 0 ? rate : either(call('gt', rows, integer(0)), rate, prior)
}

/** The input's columns with the rate of what was counted beside them. */
function withRate(input: Node, counted: Node, r: Rate, rate: Expr): Node {
  const kept = input.schema.map((f) => [f.name, col(f.name)] as const)
  const columns: Named<Expr> = [...kept.filter(([name]) => name !== rateName(r.column)), [rateName(r.column), rate]]
  return build({ op: 'select', input: counted, columns })
}
