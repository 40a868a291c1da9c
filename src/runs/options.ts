import type { Col } from '../plan/columns/kinds.ts'
import type { GateMetrics } from './gate.ts'
import type { SaidGoal } from './goal.ts'
import type { Handle, Model } from './kitchen.ts'
import type { Candidate, ForecastSpec, Label } from './specs.ts'
import type { Timed } from './timeouts.ts'

/** A file that a process step leaves. */
export interface LeftFile extends Handle {
  readonly file: string
}
/** A model that was made elsewhere. */
export interface OnnxOptions<C extends string = string> extends Timed {
  /** The ONNX file: its place from the recipe's folder on, or one that a process step leaves. */
  readonly file: string | LeftFile
  /** Columns that it takes, in its own order: numbers, true or false, and texts. */
  readonly features: readonly C[]
  /** What it is judged by; without, it is served and watched only. */
  readonly target?: C
  /** What it says: it follows from the target's type, or is `binary`, where it is not said. */
  readonly goal?: SaidGoal
  /** Features of each of the model's inputs, where they are not named as features are. */
  readonly inputs?: Readonly<Record<string, C | readonly C[]>>
  /** The output that is read, where there are several of probabilities or numbers. */
  readonly output?: string
  /** Classes in the order of the output, where the file does not say them. */
  readonly classes?: readonly Label[]
  /** The class that counts as true, of a binary goal; the last of two unless given. */
  readonly positive?: Label
  /** Whether it gives log odds instead of probabilities. */
  readonly logits?: boolean
  /** Scores from here on count as positive: as the file notes, or chosen on validation rows, unless given. */
  readonly threshold?: number
  readonly gate?: (m: GateMetrics) => Col<'bool'>
  /** What its process may take to be loaded, and to answer a block of rows: 30 s, and 2048 MiB and 20 times the file unless given. */
  readonly limits?: { readonly seconds?: number; readonly memoryMiB?: number }
}
/** How a model is judged. */
export interface EvaluateOptions extends Timed {
  /** What the model is for, in one language or in both: its card begins with it. */
  readonly purpose?: string | { readonly en: string; readonly ko: string }
  /** Columns of the dataset by whose values quality is told. */
  readonly segments?: readonly string[]
  /** Columns of the dataset by which decisions are compared: fairness. */
  readonly groups?: readonly string[]
  /** What a wrong yes and a wrong no cost, and what a right yes brings (0 unless given), in the same money a row. */
  readonly costs?: { readonly falsePositive: number; readonly falseNegative: number; readonly truePositive?: number }
  /** Another model of the same dataset, or a candidate that is trained for it; `baseline()` unless given. */
  readonly against?: Model | Candidate
  /** Whether it is trained again with fewer rows, to tell what more rows would give; not unless said. */
  readonly curves?: boolean
  /** Numbers that a parameter of its candidate takes, each parameter by itself: it is trained again with each, to tell what a larger or smaller model would give. */
  readonly scaling?: Readonly<Record<string, readonly number[]>>
  /** Resamples that intervals are made of, 1000 unless given, and their confidence, 0.95 unless given. */
  readonly resamples?: number
  readonly confidence?: number
  readonly seed?: number
}
/** What forecasts are made of, and how they are tried. */
export interface ForecastOptions<
  T extends string = string,
  K extends string = string,
  V extends string = string,
  L extends number = number,
> extends Timed {
  /** The column of times, and how long a period is. */
  readonly time: T
  readonly every: ForecastSpec['every']
  /** Columns that tell series apart; one series unless given. */
  readonly series?: readonly K[]
  readonly target: V
  /** Periods that are forecast, from the one after the last that any series has. */
  readonly horizon: number
  /** Periods of a season: 24 hours, 7 days, 52 weeks, 12 months, 4 quarters unless given; 1 for none. */
  readonly season?: number
  /** Shares of values that intervals are to hold, 0.5 to 0.999: [0.8, 0.95] gives lower_80, upper_80, lower_95 and upper_95. */
  readonly intervals?: readonly L[]
  /** Holidays that trees know of: a country (`KR`), or a calendar of the workspace. */
  readonly holidays?: string
  /** What a period without a row counts as; `missing` unless given. */
  readonly gaps?: ForecastSpec['gaps']
  /** What is done about several rows of a series in one period; they are refused unless given. */
  readonly duplicates?: ForecastSpec['duplicates']
  /** Folds of the back-test, whose origins lie a horizon apart: 3 unless given, 0 for none. */
  readonly backtest?: { readonly folds: number }
  readonly seed?: number
}
