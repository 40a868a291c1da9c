import type { Json } from '../base/json.ts'
import type { Secret } from '../base/secrets.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'
import type { Expecting } from '../data/quality/said.ts'
import type { Col, Columns, Row } from '../plan/columns/kinds.ts'
import type { Fit } from '../plan/fits/index.ts'
import type { Table } from '../plan/table.ts'
import type { GateMetrics } from './gate.ts'
import type { SaidGoal } from './goal.ts'
import type { EvaluateOptions, ForecastOptions, LeftFile, OnnxOptions } from './options.ts'
import type { Candidate, ContainerSpec, ForecastSpec, LearnSpec, ProcessLimits } from './specs.ts'
import type { SaidThreshold } from './threshold.ts'
import type { Timed } from './timeouts.ts'
import type { WriteOptions } from './writes.ts'

export interface Dataset<S> {
  readonly step: string
  readonly table: Table<S>
}
/** A step, by its name. */
export interface Handle {
  readonly step: string
}
export type Model = Handle
/** What is learnt with: made by `kMeans()`, `pca()`, `fpGrowth()`, `als()` …; `gives` are the columns that come of it. */
export interface Learning<Of extends LearnSpec['of'] = LearnSpec['of'], G extends Columns = Columns> {
  readonly learner: string
  readonly of: Of
  readonly params: LearnSpec['params']
  readonly gives: G
}
/** What is forecast with: made by `ets()`, `arima()`, `autoForecast()` … */
export interface Forecasting {
  readonly forecaster: string
  readonly params: ForecastSpec['params']
}
/** `0.8` as 80, `0.995` as 99_5. */
type Percent<D extends string> = D extends `${infer A}${infer B}${infer C}`
  ? C extends ''
    ? `${A}${B}`
    : `${A}${B}_${C}`
  : `${D}0`
type Bounds<L extends number> = {
  readonly [Of in L as `${L}` extends `0.${infer _}`
    ? `${Of}` extends `0.${infer D}`
      ? `${'lower' | 'upper'}_${Percent<D>}`
      : never
    : never]: 'float64' // biome-ignore format: one line
}
type Named<S> = keyof S & string
type Seeded = { readonly seed?: number } & Timed
/** What a program is run with. */
export interface ProcessOptions extends Timed {
  /** The program, by its name on the path or its place in the recipe's folder, and its arguments. */
  readonly command: readonly string[]
  /**
   * An image that it is run within, by podman or docker, with nothing of this machine but the folder that it is run in and the tables that it reads: its command is one of the image, whose content stands in
   * its cache key.
   */
  readonly container?: string | ContainerSpec
  /** Files below the recipe's folder that it is given, by patterns: `['score.py', 'lib/**']`. It is run in a folder that holds these alone. */
  readonly files?: readonly string[]
  /** Tables that it reads, by the names that it finds them under. */
  readonly tables?: Readonly<Record<string, AnyTable>>
  readonly params?: Readonly<Record<string, Json>>
  /** Variables of its environment beside PATH, HOME, TMPDIR, LANG and TZ; a secret by its name. */
  readonly env?: Readonly<Record<string, string | Secret>>
  /** Files that it leaves below its working folder, by what other steps call them: `{ model: 'model.onnx' }`. */
  readonly leaves?: Readonly<Record<string, string>>
  /** How files of rows are written that it reads and writes: `parquet` unless given; `json` is a record a line. */
  readonly format?: 'parquet' | 'csv' | 'json'
  readonly limits?: ProcessLimits
  /** Times that it is tried again, after a second, two, four …; none unless given. */
  readonly retries?: number
  /** It is run for each row, as many at a time as `most` (as there are processors unless given), and may fail for some. */
  readonly each?: { readonly of: AnyTable; readonly most?: number; readonly failures?: number }
}
type Leaves = Readonly<Record<string, string>>
type Left<L> = { readonly [F in keyof L]: LeftFile }
/** What a step made, by its handle. */
export type Made = Handle | AnyTable
/** A table, whatever its columns. */
export type AnyTable = Pick<Table<never>, 'node' | 'schema'>

/** What a recipe is written with: each call declares a step and gives a handle to use in later ones. */
export interface Kitchen {
  source<const S extends Columns>(name: string, spec: SourceSpec<S>, options?: Timed): Table<S>
  /** Names a table, so that it is computed once, kept, and reported with what it rejected. */
  step<S>(name: string, t: Table<S>, options?: Timed): Table<S>
  /** Publishes a table as a version of a dataset, or writes it to the newest one. Fits are not part of it: they belong to training. */
  dataset<S>(
    name: string,
    t: Table<S>,
    options?: {
      split?: (r: Row<S>) => Record<string, Col<'bool'>>
      expect?: Expecting<S>
      moment?: keyof S & string
    } & WriteOptions<S> &
      Timed,
  ): Dataset<S>
  analyse<S>(data: Dataset<S>, options?: { target?: keyof S & string } & Timed): void
  /**
   * Asks a dataset a statistical question (`galley analyse --list` tells which there are), and keeps figures, a chart and a sentence in Korean and
   * English that says what they do not show: `k.statistics('price-by-plan', orders, 'welch', { value: 'price', by: 'plan' })`.
   */
  statistics<S>(
    name: string,
    data: Dataset<S>,
    analysis: string,
    asked: Readonly<Record<string, string | number | readonly string[]>>,
    options?: Timed,
  ): void
  train<S>(
    name: string,
    data: Dataset<S>,
    options: {
      target: keyof S & string
      /**
       * What is learnt of the target; it follows from its type where it is not said: `binary`, `multiclass` of a text, `regression` of a float.
       * `{ kind: 'ranking', group: 'query' }`: the order of the rows of a group, by a target that grades them from 0 (not relevant) to 31.
       */
      goal?: SaidGoal<keyof S & string>
      /** A column of numbers from 0 on: how much a training row counts. */
      weight?: keyof S & string
      features: readonly (keyof S & string)[]
      fit?: readonly Fit[]
      candidates: readonly Candidate[]
      /** From where on a score counts as yes: a score, or what a wrong yes and a wrong no cost (the cheapest on validation rows); where F1 is best unless given. */
      threshold?: SaidThreshold
      gate?: (m: GateMetrics) => Col<'bool'>
      seed?: number
    } & Timed,
  ): Model
  /**
   * Learns from a dataset without a target, and registers the model. Of rows it gives the dataset's table with columns of what the model says of each; of
   * baskets their rules; of who likes what (`weight`: how much, `at`: when) what each user may like next. Other steps read it like any table.
   */
  learn<S, const G extends Columns>(
    name: string,
    data: Dataset<S>,
    how: Learning<'rows', G>,
    options: { readonly features: readonly Named<S>[] } & Seeded,
  ): Table<S & G>
  learn<S, const G extends Columns>(
    name: string,
    data: Dataset<S>,
    how: Learning<'baskets', G>,
    options: { readonly basket: Named<S>; readonly item: Named<S> } & Seeded,
  ): Table<G>
  learn<S, const G extends Columns, const U extends Named<S>, const I extends Named<S>>(
    name: string,
    data: Dataset<S>,
    how: Learning<'preferences', G>,
    options: { readonly user: U; readonly item: I; readonly weight?: Named<S>; readonly at?: Named<S> } & Seeded,
  ): Table<Pick<S, U | I> & G>
  /**
   * Takes a model that was made elsewhere, as an ONNX file, and registers it as if it had been trained: judged on the dataset's parts where a target is named, served,
   * watched. It runs in a process of its own, by ONNX Runtime (`npm run onnx` installs it).
   */
  onnx<S>(name: string, data: Dataset<S>, options: OnnxOptions<Named<S>>): Model
  /**
   * Judges a model on rows that it has not seen, and writes its card: metrics with intervals, beside another model, calibration, segments, groups, costs,
   * what matters to it, what it does not show. One HTML file in Korean and English, and the same as JSON.
   */
  evaluate(name: string, model: Model, options?: EvaluateOptions): void
  /**
   * Forecasts a target of series and registers the model, with the errors of a back-test. It gives a row a series and period to come: the series' columns, the time at which the
   * period begins, `forecast`, the ends of its intervals, and the `model` that was chosen.
   */
  forecast<S, const T extends Named<S>, const K extends Named<S> = never, const L extends number = never>(
    name: string,
    data: Dataset<S>,
    how: Forecasting,
    options: ForecastOptions<T, K, Named<S>, L>,
  ): Table<Pick<S, K | T> & { forecast: 'float64'; model: 'string' } & Bounds<L>>
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
    } & Timed,
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
  /**
   * A step that a program computes, in any language: it finds what it is asked in the JSON file that `GALLEY_STEP` names, and writes the rows that it `gives` to the file named
   * there. With `each` it is run once for every row of a table. Without `gives` it makes no table, and is there for what it does.
   */
  process<const G extends Columns, const L extends Leaves>(
    name: string,
    options: ProcessOptions & { readonly gives: G; readonly leaves: L },
  ): Handle & { readonly table: Table<G>; readonly files: Left<L> }
  process<const L extends Leaves>(
    name: string,
    options: ProcessOptions & { readonly gives?: undefined; readonly leaves: L },
  ): Handle & { readonly files: Left<L> }
  process<const G extends Columns>(name: string, options: ProcessOptions & { readonly gives: G }): Table<G>
  process(name: string, options: ProcessOptions & { readonly gives?: undefined }): Handle
  /** Steps that wait until somebody approves of what others made: `galley approvals`. The same content is asked about once. */
  approve<T>(name: string, of: Made | readonly Made[], options: { ask: string }, then: () => T): T
}
