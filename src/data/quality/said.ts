import type { AnyNum, Col, In, Ordered, Row, StringCol } from '../../plan/columns/kinds.ts'
import type { DateCol, InstantCol, LocalCol } from '../../plan/columns/time-kinds.ts'
import type { Table } from '../../plan/table.ts'
import type { TypeName } from '../../plan/types.ts'
import type { Expectation, Measure } from './expectation.ts'

/** An expectation of a recipe. It stops the run unless told otherwise. */
export interface Expected {
  readonly expectation: Expectation
  /** A broken one is told and kept in the history; the run goes on. */
  warn(): Expected
  /** Rows that break it are set aside with its title as their reason and are not in the version; more than `mostly` allows stop the run. */
  quarantine(): Expected
  titled(title: string): Expected
}

export interface Share {
  /** The share of rows that must be good, 0 to 1; all of them unless given. */
  readonly mostly?: number
}
type Moment = DateCol | LocalCol | InstantCol

/** What a recipe says what it expects with. Nulls are good except where told; see docs in the room's README. */
export interface Expect<S> {
  /** Not null. */
  notNull(c: Col, o?: Share): Expected
  /** No value, or no combination, twice. */
  unique(...columns: (keyof S & string)[]): Expected
  /** Never null and never twice. */
  key(...columns: (keyof S & string)[]): Expected
  /** Both ends included. */
  range<T extends TypeName>(c: Ordered<T>, o: { min?: In<T>; max?: In<T> } & Share): Expected
  range(c: NumberLike, o: { min?: number; max?: number } & Share): Expected
  oneOf<T extends TypeName>(c: Col<T>, values: readonly In<T>[], o?: Share): Expected
  /** The text holds a match (RE2); `^…$` for the whole of it. */
  pattern(c: StringCol, pattern: string, o?: Share): Expected
  /** In code points, both ends included. */
  length(c: StringCol, o: { min?: number; max?: number } & Share): Expected
  /** Every value is in a column of another table. */
  references<T>(column: keyof S & string, table: Table<T>, inColumn: keyof T & string, o?: Share): Expected
  /** The newest moment is at most so long before the run's start; wall clocks and dates are read as UTC. */
  fresh(column: Moments<S>, within: Col<'duration'>): Expected
  /** Rows between two numbers, or at most the share `change` away from the median of the last `over` versions (7). */
  volume(o: { min?: number; max?: number; change?: number; over?: number }): Expected
  /** Columns and their types. Further columns are let pass with `extra`, another order unless `order`. */
  schema(columns: Readonly<Record<string, TypeName>>, o?: { extra?: boolean; order?: boolean }): Expected
  /** Distributed as in the version before. Limits unless given: psi 0.25, ks 0.1, chi2 1 (the critical value at 0.1 %). */
  steady(column: keyof S & string, o?: { measure?: Measure; limit?: number }): Expected
  /** The first is at most the second, in every row. */
  ordered<T extends TypeName>(low: Ordered<T>, high: In<T>, o?: Share): Expected
  ordered(low: NumberLike, high: AnyNum, o?: Share): Expected
  /** The parts add up to the whole, give or take `tolerance`. */
  sum(parts: readonly NumberLike[], whole: NumberLike, o?: { tolerance?: number } & Share): Expected
  /** A condition of its own. */
  that(title: string, condition: Col<'bool'>, o?: Share): Expected
}
export type NumberLike = Exclude<AnyNum, number | bigint | string>
type Moments<S> = { [K in keyof S & string]: Row<S>[K] extends Moment ? K : never }[keyof S & string]

/** Old form: conditions by their titles. New form: what the functions of `Expect` give. */
export type Expecting<S> = (r: Row<S>, e: Expect<S>) => Record<string, Col<'bool'>> | readonly Expected[]
