import type { Json } from '../base/json.ts'
import type { Secret } from '../base/secrets.ts'
import type { WriteSpec } from '../data/datasets/write/write.ts'
import type { Expectation } from '../data/quality/expectation.ts'
import type { Columns } from '../plan/columns/kinds.ts'
import type { Expr } from '../plan/expr.ts'
import type { Fit } from '../plan/fits/index.ts'
import type { Plan } from '../plan/nodes.ts'
import type { Schema } from '../plan/types.ts'
import type { Goal } from './goal.ts'
import type { RowCosts, ThresholdRule } from './threshold.ts'

/** A step as declared: plain JSON. `kind` names an entry of the table of step kinds, which reads `spec`. */
export interface Step<Spec = unknown> {
  readonly id: string
  readonly kind: string
  readonly inputs: readonly string[]
  readonly spec: Spec
  /** ms that it may take; absent: nothing bounds it. */
  readonly timeout?: number
  /** What has to have come out before it begins, beside its inputs: it is on a branch. */
  readonly after?: readonly After[]
}

/** A step is run only where one of these ended so: an approval was given (`done`), a condition `holds` or `fails`, a step `failed`. */
export interface After {
  readonly of: readonly string[]
  readonly is: 'done' | 'holds' | 'fails' | 'failed'
}

/** A recipe as data: what is hashed, stored, sent to a worker and drawn. */
export interface Recipe {
  readonly format: 1
  readonly name: string
  readonly steps: readonly Step[]
  /** The partition that it is declared for, of a recipe that is run partition by partition. */
  readonly partition?: string
  /** Absent: nothing is bounded. */
  readonly budget?: Budget
  readonly device?: DeviceUse
  /** The run and the step that it is a share of: they tell what comes of it. */
  readonly share?: { readonly run: string; readonly step: string }
}

/** How a recipe uses a graphics device. */
export interface DeviceUse {
  /** Whether tables that nothing reads for a while may wait in the host's memory where the device has no room for all. */
  readonly spill?: boolean
}

/** What a recipe may move between host and device, all steps together; a run that moves more fails. */
export interface Budget {
  /** Times that the host may wait for bytes from the device. */
  readonly maxReadbacks?: number
  readonly maxBytesUp?: number
  readonly maxBytesDown?: number
}

export interface PlanSpec {
  readonly plan: Plan
}
/** Named parts of a dataset as conditions over its rows. */
export type Split = Readonly<Record<string, Expr>>
export interface DatasetSpec extends PlanSpec {
  readonly split: Split | null
  readonly expect: readonly Expectation[]
  /** The column that a row's moment is read from; rows are folded and watched by it. */
  readonly moment: string | null
  /** How the rows become a version; absent: they are all of it. */
  readonly write?: WriteSpec
  /** Where its inputs only have more rows than when it was computed last, what these bring is computed alone. */
  readonly incremental?: true
}
/** A step that a program of its own computes, in any language. */
export interface ProcessSpec {
  readonly command: readonly string[]
  /** Patterns of files below the recipe's folder that it is given; their content stands in its cache key. */
  readonly files: readonly string[]
  readonly params: Json
  /** Variables of its environment; secrets by name. */
  readonly env: Readonly<Record<string, string | Secret>>
  /** Steps whose rows it reads, by the names under which it finds them. */
  readonly tables: Readonly<Record<string, string>>
  /** How files of rows are written that it reads and writes. */
  readonly format: 'parquet' | 'csv' | 'json'
  /** Columns of the table that it gives; null for one that gives none. */
  readonly gives: Columns | null
  /** Files that it leaves in its working folder, by what they are called; absent: none. */
  readonly leaves?: Readonly<Record<string, string>>
  readonly limits: ProcessLimits
  /** It is run once for each row of this step. */
  readonly each: { readonly step: string; readonly most: number | null; readonly failures: number } | null
  /** Times that it is tried again. */
  readonly retries: number
  /** It is run within this; by itself on the machine unless given. */
  readonly container?: ContainerSpec
}
/** What a program is run within. */
export interface ContainerSpec {
  /** By name and tag, or by digest. */
  readonly image: string
  /** As the engine names it, such as `none`; its own default unless given. */
  readonly network?: string
}
export interface ProcessLimits {
  /** Of wall-clock time; no limit unless given, as for the others. */
  readonly seconds?: number
  /** Of processor time, all processes of its session together; on Linux. */
  readonly cpuSeconds?: number
  /** Of memory, all processes of its session together; on Linux. */
  readonly memoryMiB?: number
}
/** A table of one row, and what is asked of it. */
export interface ConditionSpec extends PlanSpec {
  readonly title: string
}
export interface ApprovalSpec {
  /** What people are asked. */
  readonly ask: string
}
/** The rows of whichever of its inputs was computed, the first one of several. */
export interface EitherSpec {
  readonly schema: Schema
}
export interface AnalyseSpec {
  readonly target: string | null
}
/** A statistical question: which analysis, its columns by what they are for, and its settings. */
export interface StatisticsSpec {
  readonly analysis: string
  readonly asked: Readonly<Record<string, string | number | readonly string[]>>
}
export interface Candidate {
  readonly trainer: string
  readonly params: Readonly<
    Record<string, number | string | boolean | readonly string[] | readonly (readonly string[])[]>
  >
}
export interface TrainSpec {
  readonly target: string
  /** Of a binary goal, from where on scores count as positive; absent: where F1 is best on validation rows. */
  readonly threshold?: ThresholdRule
  /** What is learnt of it; absent: whether it is true. */
  readonly goal?: Goal
  /** The column that says how much a training row counts; absent: all of them as much. */
  readonly weight?: string
  readonly features: readonly string[]
  readonly fit: readonly Fit[]
  readonly candidates: readonly Candidate[]
  /** Over `<part>.<metric>` of the chosen model and `baseline.<part>.<metric>`; null accepts any. */
  readonly gate: { readonly condition: Expr; readonly title: string } | null
  readonly seed: number
}
/** A class of a target with several. */
export type Label = string | number | boolean
/** A model that was made elsewhere, as an ONNX file. Its inputs are the dataset, and the step that left the file where one did. */
export interface OnnxSpec extends Omit<TrainSpec, 'target'> {
  /** Where it lies, from the recipe's folder on; null where a step left it. */
  readonly file: string | null
  /** What the step that left it calls it. */
  readonly left: string | null
  /** What it is judged by; null where it is not. */
  readonly target: string | null
  /** Features of each of the model's inputs; absent: by their names, or all in one. */
  readonly inputs?: Readonly<Record<string, readonly string[]>>
  /** The output that is read; absent: the one of probabilities, or numbers. */
  readonly output?: string
  /** What its outputs are the probabilities of; absent: as the file says. */
  readonly classes?: readonly Label[]
  /** Of a binary goal, the class that counts as true. */
  readonly positive?: Label
  /** Whether it gives log odds instead of probabilities. */
  readonly logits?: true
  readonly threshold?: number
  /** What it may take to be loaded, and to answer a block of rows. */
  readonly limits: { readonly seconds: number /** null: by the size of the file. */; readonly memoryMiB: number | null }
}
/** How a model is judged on rows that it has not seen. Its inputs are the dataset, the model, and another model that it is held against. */
export interface EvaluateSpec {
  readonly purpose?: { readonly en: string; readonly ko: string }
  /** Columns by whose values quality is told, and by which decisions are compared. */
  readonly segments: readonly string[]
  readonly groups: readonly string[]
  /** Of a row, in the same money. */
  readonly costs?: RowCosts
  /** Trained on the same rows to be held against; absent: a model that is an input. */
  readonly against?: Candidate
  /** Whether it is learnt again with fewer rows, to tell what more would give. */
  readonly curves: boolean
  /** Values of parameters that it is learnt again with, each by itself. */
  readonly scaling?: Readonly<Record<string, readonly number[]>>
  readonly resamples: number
  readonly confidence: number
  readonly seed: number
}
/** What is learnt without a target, and the table that it gives. */
export interface LearnSpec {
  readonly learner: string
  /** Whether it learns from rows of numbers, from baskets of items, or from who likes what. */
  readonly of: 'rows' | 'baskets' | 'preferences'
  readonly params: Candidate['params']
  /** The dataset's columns by what they are for: `features`, or `basket` and `item`, or `user`, `item`, `weight` and `at`. */
  readonly columns: Readonly<Record<string, string | readonly string[]>>
  readonly seed: number
  /** Of the table: for rows those of the dataset, then what the model says of each. */
  readonly schema: Schema
}
/** What is forecast of series, and how. */
export interface ForecastSpec {
  /** A forecaster's kind, or `auto`. */
  readonly forecaster: string
  readonly params: Candidate['params']
  readonly time: string
  readonly every: 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'
  /** Columns that tell series apart; none for one series. */
  readonly series: readonly string[]
  readonly target: string
  /** Periods that are forecast. */
  readonly horizon: number
  /** Periods of a season; absent: what is usual of such periods. */
  readonly season?: number
  /** Shares of values that intervals are to hold, ascending. */
  readonly intervals: readonly number[]
  /** A country, or a calendar of the workspace; null for none. */
  readonly holidays: string | null
  /** What a period without a row counts as, and what is done about two rows of one period. */
  readonly gaps: 'missing' | 'zero'
  readonly duplicates: 'refuse' | 'sum'
  /** Origins of the back-test. */
  readonly folds: number
  readonly seed: number
  /** Of the table. */
  readonly schema: Schema
}
export interface ServeSpec {
  /** The source whose raw records the endpoint takes. */
  readonly entry: string
  readonly input: readonly string[]
  /** µs that fed events may arrive late, and requests be behind the newest one. */
  readonly lateness: number
  /** µs that fed events may lie ahead of the clock and of the newest one. */
  readonly ahead: number
  /** State is warmed with history known before this moment (ISO); all of it when null. */
  readonly warmUntil: string | null
  /** Fewest predictions that a window of the monitor judges. */
  readonly watchRows: number
  /** µs that a window of the monitor spans. */
  readonly watchSpan: number
}
