import type { TrainContext, TrainedModel, TrainTask } from '../training/trainer.ts'

/** What a learner gets: rows without a target. Every feature column is numeric (bool, int, float). */
export type LearnTask = Pick<TrainTask, 'features' | 'params' | 'seed' | 'threads'> & {
  readonly rows: TrainTask['train']
}
export type LearnContext = TrainContext

/** What was learnt, as data; the format is that of trained models. */
export type LearntModel = Omit<TrainedModel, 'target'>

/** A column that a model gives for each row. Whole numbers and bools are numbers of float64, too; NaN is null. */
export interface OutputColumn {
  readonly name: string
  readonly type: 'int32' | 'float64' | 'bool'
}

/** A model made ready to give its columns; pure. */
export interface Assigner {
  readonly kind: string
  readonly inputs: readonly string[]
  readonly outputs: readonly OutputColumn[]
  /** The columns of one row; `row` has a float64 a feature, NaN where it is missing. */
  one(row: Float64Array): Float64Array
  /** Those of many rows that are given column by column, into a column an output. */
  many(columns: readonly Float64Array[], rows: number, out: readonly Float64Array[]): void
}

/** One learner is one file behind this interface (or a folder with one entry); `conformance.ts` is its suite. */
export interface Learner {
  readonly kind: string
  /** The columns that a model of these parameters gives. @throws USAGE_INVALID for parameters that it has not */
  outputs(params: LearnTask['params']): readonly OutputColumn[]
  /**
   * Learns from the rows. The same rows in the same order, parameters and seed give the same model on any number of threads.
   * @throws TRAIN_DATA when there is nothing to learn from, USAGE_INVALID, CANCELLED
   */
  fit(task: LearnTask, ctx: LearnContext): Promise<LearntModel>
  /** @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
  load(model: LearntModel): Assigner
  /** What people are told of a model: figures by name. */
  figures(model: LearntModel): Readonly<Record<string, number>>
}
