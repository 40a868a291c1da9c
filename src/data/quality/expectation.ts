import type { Expr } from '../../plan/expr.ts'
import type { Plan } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'

/** What a broken expectation does: tells, sets the rows aside, or stops the run. */
export type Severity = 'warn' | 'quarantine' | 'stop'

interface Told {
  /** In words, for reports; the name under which its history is kept. */
  readonly title: string
  /** `stop` where it is left out. */
  readonly severity?: Severity
}
/** A part of the rows may break it; all have to hold it where this is left out. */
interface Mostly {
  /** The share of the rows asked about that must be good, 0 to 1. */
  readonly mostly?: number
}

/** Kinds that ask about each row by itself. */
export const ROW_KINDS = ['custom', 'notNull', 'range', 'set', 'pattern', 'length', 'relation'] as const

/** A condition that is true for a good row; a null one counts as good, and its row as not asked about. */
export interface RowExpectation extends Told, Mostly {
  /** `custom` where it is left out. */
  readonly kind?: (typeof ROW_KINDS)[number]
  readonly condition: Expr
}
/** No two rows have the same values; a row with a null among them is not asked about, unless it is a `key`: that one is broken. */
export interface UniqueExpectation extends Told, Mostly {
  readonly kind: 'unique' | 'key'
  readonly columns: readonly string[]
}
/** Every value that is not null is one of a column of another table. */
export interface ReferenceExpectation extends Told, Mostly {
  readonly kind: 'references'
  readonly column: string
  readonly table: Plan
  readonly in: string
}
/** The newest moment is at most `within` µs before the run's start. */
export interface FreshExpectation extends Told {
  readonly kind: 'fresh'
  readonly column: string
  readonly within: number
}
/** How many rows there are, by themselves or beside the median of former versions. */
export interface VolumeExpectation extends Told {
  readonly kind: 'volume'
  readonly min?: number
  readonly max?: number
  /** The share by which the rows may differ from the median of the last `over` versions. */
  readonly change?: number
  readonly over?: number
}
export interface SchemaExpectation extends Told {
  readonly kind: 'schema'
  readonly columns: readonly (readonly [name: string, type: Type])[]
  /** Whether there may be further columns. */
  readonly extra: boolean
  /** Whether the columns stand in that order. */
  readonly order: boolean
}
/** The measures of how two distributions differ: see `distribution.ts`. */
export const MEASURES = ['psi', 'ks', 'chi2'] as const
export type Measure = (typeof MEASURES)[number]
/** A column is distributed as in the version before. */
export interface SteadyExpectation extends Told {
  readonly kind: 'steady'
  readonly column: string
  readonly measure: Measure
  /** The most that the measure may be. */
  readonly limit: number
}

/** What is expected of a table: plain JSON, a part of the recipe. */
export type Expectation =
  | RowExpectation
  | UniqueExpectation
  | ReferenceExpectation
  | FreshExpectation
  | VolumeExpectation
  | SchemaExpectation
  | SteadyExpectation

/** What an expectation found. */
export interface Verdict {
  readonly title: string
  readonly kind: NonNullable<Expectation['kind']>
  readonly severity: Severity
  readonly passed: boolean
  /** Rows that break it; of one that does not ask about rows, 0. */
  readonly failed: number
  /** Rows that it asked about. */
  readonly rows: number
  /** What was measured, where that is no count of rows: µs of age, rows, PSI, KS, χ² divided by its critical value. */
  readonly measured?: number
  /** What it was measured against. */
  readonly limit?: number
  /** In words, where figures do not say it. */
  readonly found?: string
  /** The first rows that break it. */
  readonly examples?: readonly string[]
}

export const isRowwise = (x: Expectation): x is RowExpectation =>
  x.kind === undefined || (ROW_KINDS as readonly string[]).includes(x.kind)

export const severityOf = (x: Expectation): Severity => x.severity ?? 'stop'
export const kindOf = (x: Expectation): Verdict['kind'] => x.kind ?? 'custom'

/** The number of rows that may break it, of those asked about. */
export const allowed = (x: Mostly, asked: number): number => Math.floor(asked * (1 - (x.mostly ?? 1)) + 1e-9)
