import type { Json } from '../../base/json.ts'
import type { Progress, Relation } from '../../engines/engine.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { Elsewhere } from '../../runs/elsewhere/elsewhere.ts'
import type { Aim, Goal } from '../../runs/goal.ts'
import type { Candidate, Label } from '../../runs/specs.ts'
import type { Journal } from './journal.ts'

export type { Label } from '../../runs/specs.ts'

/** What a trainer gets. The relations hold one row an example; every feature column is numeric (bool, int, float). */
export interface TrainTask {
  readonly train: Relation
  /** Rows for early stopping and tuning; never for the final report. */
  readonly validate?: Relation
  readonly features: readonly string[]
  /** What the goal asks: a bool or 0/1 column, classes as texts, whole numbers or bools, numbers, or relevances from 0 to 31. */
  readonly target: string
  /** What is learnt of the target; absent: the probability that it is true. */
  readonly goal?: Goal
  /** A column that says how much a row counts, 0 or more; absent: as much as any other. */
  readonly weight?: string
  readonly params: Candidate['params']
  readonly seed: number
  /** Threads the trainer may use; the result does not depend on it. */
  readonly threads: number
}

export interface TrainContext {
  readonly signal: AbortSignal
  progress(progress: Progress): void
  /** What an interrupted training of the same task had come to; a trainer that takes long goes on from it, to the same model. */
  readonly journal?: Journal
  /** Who does parts of the training, each by `answer`; absent: this process alone. */
  readonly elsewhere?: Elsewhere
  /** Told what people should know: that training on a device goes to the host and why, which rows teach nothing, or that it goes on with what an interrupted one had come to. */
  say?(why: string): void
}

/** A trained model as data: JSON, and large arrays as base64 of little-endian typed arrays. */
export interface TrainedModel {
  readonly format: 1
  readonly kind: string
  readonly features: readonly string[]
  readonly target: string
  /** Absent: the probability that the target is true. */
  readonly goal?: Goal
  /** Of a goal with several classes: what the outputs are the probabilities of, in this order. */
  readonly classes?: readonly Label[]
  readonly params: Readonly<Record<string, unknown>>
  /** Kind-specific; read only by the trainer that made it. */
  readonly body: Readonly<Record<string, unknown>>
}

/** One trainer is one file behind this interface; `training/conformance` is its suite. */
export interface Trainer {
  readonly kind: string
  /** What it can learn. */
  readonly goals: readonly Aim[]
  /**
   * Learns from `task.train`. The same task and seed give the same model on any number of threads.
   * @throws TRAIN_DATA when there is nothing to learn from (no rows, one class only, a column that is not numeric, a label that the goal does not allow)
   */
  train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel>
  /** Does a part of the same training that another process asked for by `elsewhere`; plain data, as what it is asked. */
  answer?(task: TrainTask, ask: Json, ctx: Pick<TrainContext, 'signal'>): Promise<Json>
  /** The model made ready to score. @throws MODEL_FORMAT_NEWER */
  load(model: TrainedModel): Evaluator
}
