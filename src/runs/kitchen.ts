import type { SourceSpec } from '../data/connectors/connector.ts'
import type { Expecting } from '../data/quality/said.ts'
import type { Col, Columns, Row } from '../plan/columns/kinds.ts'
import type { Fit } from '../plan/fits/index.ts'
import type { Table } from '../plan/table.ts'
import type { GateMetrics } from './gate.ts'
import type { Candidate } from './specs.ts'
import type { WriteOptions } from './writes.ts'

export interface Dataset<S> {
  readonly step: string
  readonly table: Table<S>
}
export interface Model {
  readonly step: string
}
/** What a step made, by its handle. */
export type Made = Dataset<never> | Model | Table<never>

/** What a recipe is written with: each call declares a step and gives a handle to use in later ones. */
export interface Kitchen {
  source<const S extends Columns>(name: string, spec: SourceSpec<S>): Table<S>
  /** Names a table, so that it is computed once, kept, and reported with what it rejected. */
  step<S>(name: string, t: Table<S>): Table<S>
  /** Publishes a table as a version of a dataset, or writes it to the newest one. Fits are not part of it: they belong to training. */
  dataset<S>(
    name: string,
    t: Table<S>,
    options?: {
      split?: (r: Row<S>) => Record<string, Col<'bool'>>
      expect?: Expecting<S>
      moment?: keyof S & string
    } & WriteOptions<S>,
  ): Dataset<S>
  analyse<S>(data: Dataset<S>, options?: { target?: keyof S & string }): void
  train<S>(
    name: string,
    data: Dataset<S>,
    options: {
      target: keyof S & string
      features: readonly (keyof S & string)[]
      fit?: readonly Fit[]
      candidates: readonly Candidate[]
      gate?: (m: GateMetrics) => Col<'bool'>
      seed?: number
    },
  ): Model
  serve(
    name: string,
    model: Model,
    options: {
      entry: string
      input: readonly string[]
      lateness?: Col<'duration'>
      ahead?: Col<'duration'>
      warmUntil?: string
      watch?: { over?: Col<'duration'>; rows?: number }
    },
  ): void
  /**
   * Steps that are run only where a condition holds of a table's one row, and others where it does not; null counts as not. Where both branches give a table of the
   * same columns, it gives that of the branch that was taken. What reads a step of the other branch is skipped with it.
   */
  when<S, T>(
    name: string,
    t: Table<S>,
    holds: (r: Row<S>) => Col<'bool'>,
    then: () => Table<T>,
    otherwise: () => Table<T>,
  ): Table<T>
  when<S>(name: string, t: Table<S>, holds: (r: Row<S>) => Col<'bool'>, then: () => void, otherwise?: () => void): void
  /** A table, and another that stands in where a step of the first fails; the run goes on, and tells what failed. */
  attempt<T>(name: string, first: () => Table<T>, otherwise: () => Table<T>): Table<T>
  /** Steps that wait until somebody approves of what others made: `galley approvals`. The same content is asked about once. */
  approve<T>(name: string, of: Made | readonly Made[], options: { ask: string }, then: () => T): T
}
