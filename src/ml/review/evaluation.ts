import type { Drawn } from '../../plan/verbs/sample.ts'
import type { Goal } from '../../runs/goal.ts'
import type { Calibration } from '../evaluation/calibration.ts'
import type { Decisions, Difference } from '../evaluation/compare.ts'
import type { CostReport } from '../evaluation/costs.ts'
import type { Dependence } from '../evaluation/dependence.ts'
import type { Fairness } from '../evaluation/fairness.ts'
import type { Importance } from '../evaluation/importance.ts'
import type { Interval } from '../evaluation/interval.ts'
import type { Alone, Repeated } from '../evaluation/leaks.ts'
import type { BrierParts, Recalibration } from '../evaluation/recalibrate.ts'
import type { Scaling } from '../evaluation/scaling.ts'
import type { Segments } from '../evaluation/segments.ts'

/** Metrics of a part by their names, each with its interval. */
export interface PartMetrics {
  readonly rows: number
  /** Of a binary target. */
  readonly positives?: number
  /** Of a ranking: groups, and those with a relevant row, which means are of. */
  readonly groups?: number
  readonly judged?: number
  readonly metrics: Readonly<Record<string, Interval>>
}

/** Scores of the test rows as they are, and as recalibrations learnt on validation rows make them. */
export interface CalibrationReport {
  readonly before: Calibration
  readonly parts: BrierParts | null
  readonly tried: readonly {
    readonly how: Recalibration
    readonly calibration: Calibration
    readonly brier: number | null
    readonly logLoss: number | null
  }[]
  readonly brier: number | null
  readonly logLoss: number | null
}

export interface Against {
  /** What it is: `churn-model@2`, or `baseline`. */
  readonly name: string
  readonly metrics: Readonly<Record<string, Difference>>
  readonly decisions: Decisions | null
  readonly sentence: { readonly en: string; readonly ko: string }
}

/** The model learnt again with fewer rows: its loss on validation rows, and how long it took. */
export interface LearningCurve {
  readonly metric: string
  /** The trainer of the best single model of a search, whose curve it is; absent: the candidate's. */
  readonly of?: string
  readonly points: readonly { readonly rows: number; readonly value: number; readonly train: number; readonly seconds: number }[] // biome-ignore format: one line
  readonly quality: Scaling
  readonly seconds: Scaling
}

/** The same candidate learnt again with other values of one parameter: its loss on validation rows, and how long it took. */
export interface ParameterCurve {
  readonly parameter: string
  /** What the candidate has; null where it is the trainer's own. */
  readonly now: number | null
  readonly metric: string
  readonly points: readonly { readonly at: number; readonly value: number; readonly train: number; readonly seconds: number }[] // biome-ignore format: one line
  readonly quality: Scaling
  readonly seconds: Scaling
}

/** Everything that a review found; plain JSON. What has no meaning for the model's goal is absent, and `leftOut` says why. */
export interface Evaluation {
  readonly format: 1
  readonly model: { readonly name: string; readonly version: number; readonly kind: string; readonly features: readonly string[]; readonly target: string } // biome-ignore format: one line
  readonly goal: Goal
  readonly dataset: { readonly name: string; readonly version: number; readonly rows: number }
  /** `drawn`: of parts that were cut by a hash, of which columns, and where of all hashes they begin and end (0 to 1). */
  readonly split: readonly { readonly part: string; readonly rows: number; readonly condition: string; readonly drawn?: Drawn }[] // biome-ignore format: one line
  readonly classes?: readonly (string | number | boolean)[]
  /** Scores from here on are called positive. */
  readonly threshold: number | null
  /** Who chose it: the recipe, costs that it says, or the file that was brought; absent: F1 on validation rows. */
  readonly chosenBy?: 'recipe' | 'costs' | 'file'
  readonly purpose?: { readonly en: string; readonly ko: string }
  readonly main: { readonly metric: string; readonly least: boolean }
  readonly confidence: number
  readonly resamples: number
  /** Every so many rows were read. */
  readonly stride: number
  readonly validate: PartMetrics
  readonly test: PartMetrics
  readonly against: Against | null
  readonly calibration?: CalibrationReport
  readonly segments: readonly Segments[]
  readonly fairness: readonly Fairness[]
  readonly costs?: CostReport
  readonly importance: { readonly metric: string; readonly rows: number; readonly repeats: number; readonly features: readonly Importance[] } // biome-ignore format: one line
  readonly dependence: readonly Dependence[]
  /** Of which output the dependence is, of a model of several classes. */
  readonly dependenceOf?: string
  readonly curve?: LearningCurve
  readonly scaling?: readonly ParameterCurve[]
  readonly leaks: { readonly alone: readonly Alone[]; readonly repeated: readonly ({ readonly part: string } & Repeated)[] } // biome-ignore format: one line
  /** What was not judged, by section, and why: keys of words. */
  readonly leftOut: Readonly<Record<string, string>>
}
