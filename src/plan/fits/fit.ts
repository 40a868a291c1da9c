import { ownValue } from '../../base/own.ts'
import { call, col, type Expr, type Literal, lit } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { fieldOf, isFloat, type Schema } from '../types.ts'

/** What a fit may know of the training rows beside their columns. */
export interface FitAbout {
  readonly target?: string
  /** The column that says when a row was; needed where a fit looks at the past or makes folds. */
  readonly moment?: string
}

/** One row of a fit's query, by column name. */
export type FitRow = Readonly<Record<string, Literal>>

/** What a fit found, bound as constants: ordinary columns, on any engine. */
export interface BoundFit {
  /** Columns for new rows, in stages: each may read what the ones before it gave. */
  readonly serving: readonly Named<Expr>[]
  /** The same columns for the rows that it was fitted on. */
  training(input: Node): Node
  /** How the two differ, in words; empty when they don't. */
  readonly difference: string
}

/**
 * A fitted transform in two phases: *fit* is aggregate queries over the training rows on any engine; what they found
 * *binds* as constants, and what is left is row-wise. One file each; `kinds` in index.ts is the table of them.
 */
export interface FitKind<S> {
  /** @throws PLAN_INVALID for an option that means nothing; where there are none, it is left out */
  check?(spec: S): void
  /** The columns that it reads. */
  reads(spec: S): readonly string[]
  /** Queries over the training rows, by name. Empty for a transform that has nothing to learn. */
  queries(spec: S, train: Node, about: FitAbout): Named<Node>
  bind(spec: S, found: ReadonlyMap<string, readonly FitRow[]>, schema: Schema, about: FitAbout): BoundFit
  /**
   * The same columns for an engine that keeps its rows: training rows are encoded by a plan over themselves, so that the
   * queries find no more than serving needs.
   */
  readonly within?: Pick<FitKind<S>, 'queries' | 'bind'> & {
    /** A query a column, by its name, whose rows are the column's values (`key`) and how many rows have a target (`rows`). */
    readonly countsKeys?: true
  }
}

/** A fit's options, once they are checked. @throws PLAN_INVALID */
export function checked<S>(kind: FitKind<S>, spec: S): S {
  kind.check?.(spec)
  return spec
}

/** The stages of a bound fit as derive nodes. */
export const applied = (input: Node, stages: readonly Named<Expr>[]): Node =>
  stages.reduce((n, columns) => (columns.length > 0 ? build({ op: 'derive', input: n, columns }) : n), input)

/** A fit that treats the rows it was fitted on as any others. */
export const alike = (...serving: Named<Expr>[]): BoundFit => ({
  serving,
  training: (input) => applied(input, serving),
  difference: '',
})

export const float = (value: number): Expr => lit(value, 'float64')
export const integer = (value: number): Expr => lit(String(value), 'int64')
/** The number in a query's row; `otherwise` where it is missing or beyond what a float64 holds: constants have a JSON form. */
export const number = (row: FitRow | undefined, name: string, otherwise = Number.NaN): number => {
  const value = Number(ownValue(row, name) ?? Number.NaN)
  return Number.isFinite(value) ? value : otherwise
}

/** A column as a fit takes it: of a float, NaN and the infinities are missing. */
export const known = (schema: Schema, name: string): Expr =>
  isFloat(fieldOf(schema, name, 'fit').type) ? finite(schema, name) : col(name)

const finite = (schema: Schema, name: string): Expr => {
  const value = col(name)
  const within = call('and', call('ge', value, float(-Number.MAX_VALUE)), call('le', value, float(Number.MAX_VALUE)))
  return { op: 'case', when: [[within, value]], otherwise: lit(null, fieldOf(schema, name, 'fit').type) }
}

/** The rows with the floats among these columns as a fit takes them. */
export function knownIn(input: Node, names: readonly string[]): Node {
  const floats = new Set(names.filter((name) => isFloat(fieldOf(input.schema, name, 'fit').type)))
  const columns = [...floats].map((name) => [name, finite(input.schema, name)] as const)
  return applied(input, [columns])
}
