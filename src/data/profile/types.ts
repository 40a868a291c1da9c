/** What a profile says of a table: plain JSON. Moments are ISO text, microseconds where arithmetic needs them. */
export interface Profile {
  readonly format: 1
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
  readonly correlation: Correlation
  readonly target: TargetProfile | null
  /** Rows by weekday and hour of one time column. */
  readonly calendar: Calendar | null
  /** Rows in each named part of the dataset. */
  readonly parts: readonly Part[]
  readonly sampled?: Sampled
  /** Columns that tell every row apart, for certain; and those that do as far as a sample and an estimate can tell. */
  readonly keys?: readonly string[]
  readonly likelyKeys?: readonly string[]
  readonly warnings: readonly Warning[]
}

/** How a column is looked at. Durations are numbers of seconds; bytes, lists and structs are only counted. */
export type Kind = 'number' | 'bool' | 'text' | 'time' | 'other'

export interface ColumnProfile {
  readonly name: string
  /** The type by name, for instance `local timestamp`. */
  readonly type: string
  readonly kind: Kind
  readonly unit: string | null
  readonly description: string | null
  /** Values that are not null. */
  readonly count: number
  readonly nulls: number
  /** Different values; null where values can't be compared. */
  readonly distinct: number | null
  /** The standard error of `distinct`, a share of it (HyperLogLog); absent where it is exact. */
  readonly distinctError?: number
  /** Whether the sample holds a value twice; told where `distinct` is estimated. */
  readonly repeated?: boolean
  /** Each value is greater than the one before. Known of wide columns of large tables. */
  readonly increasing?: boolean
  /** The commonest shapes of texts in the sample (9 for a digit, A and a for letters, 가 for Hangul) with their shares. */
  readonly patterns?: readonly { readonly pattern: string; readonly share: number }[]
  /** What speaks for personal data in it. */
  readonly personal?: Personal
  readonly number: NumberStats | null
  /** Rows that are true. */
  readonly trues: number | null
  readonly text: TextStats | null
  readonly time: TimeStats | null
  readonly histogram: Histogram | null
  /** The most frequent values, most frequent first; empty when every value is different. */
  readonly top: readonly { readonly value: string; readonly count: number }[]
}

export const PERSONAL = ['resident number', 'phone', 'e-mail', 'card', 'name'] as const
/** Likely personal data. A checksum that holds is evidence; a column's name alone is a hint. */
export interface Personal {
  readonly kind: (typeof PERSONAL)[number]
  /** Share of the sample's values that have its form, checksums included; 0 where only the name says so. */
  readonly share: number
  readonly byName: boolean
}

/** What is read off a sample of the rows: the same one whatever the threads. */
export interface Sampled {
  readonly rows: number
  /** Spearman's ρ of numeric columns: Pearson's r of their ranks. */
  readonly spearman: Pairs
  /** Cramér's V of texts and bools of few values, corrected for bias (Bergsma 2013). */
  readonly cramersV: Pairs
  /** The columns that are missing together, and in what share of the rows; the commonest first. */
  readonly missing: readonly { readonly columns: readonly string[]; readonly share: number }[]
  /** Rows that repeat an earlier one, as a share; exact where the sample is the table or a column is a key. */
  readonly duplicates: { readonly share: number; readonly exact: boolean }
}

export interface Pairs {
  readonly columns: readonly string[]
  readonly values: readonly (readonly (number | null)[])[]
}

/** Of the finite values. */
export interface NumberStats {
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  /** Of a sample (n − 1); null below two values. */
  readonly stddev: number | null
  /** At `QUANTILES`, linearly interpolated. */
  readonly quantiles: readonly (number | null)[]
  /** How far a quantile may be off, in the column's unit; 0 is exact. */
  readonly quantileError: number
  readonly nan: number
  readonly infinite: number
  readonly zeros: number | null
}

export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const

/** Lengths in code points. */
export interface TextStats {
  readonly shortest: number
  readonly longest: number
  readonly empty: number
  /** Values that begin or end with white space. */
  readonly padded: number
  /** Pairs of values that differ only by case or surrounding white space; the first few. */
  readonly variants: readonly (readonly [string, string])[]
}

export interface TimeStats {
  readonly min: string
  readonly max: string
}

/** Bins of equal width: bin i holds `from + i·width ≤ x < from + (i+1)·width`, the last one its upper end too. µs for moments. */
export interface Histogram {
  readonly from: number
  readonly width: number
  readonly counts: readonly number[]
  /** Values outside, when a few extreme ones would squeeze the rest into one bin. */
  readonly below: number
  readonly above: number
}

/** Pearson's r of each pair, over the rows where both are finite; null with the reason. */
export interface Correlation {
  readonly columns: readonly string[]
  readonly values: readonly (readonly (number | null)[])[]
  readonly missing: readonly { readonly column: string; readonly reason: 'constant' | 'empty' }[]
  /** Numeric columns beyond the first `CORRELATED` that were left out. */
  readonly skipped: readonly string[]
}

export interface TargetProfile {
  readonly column: string
  readonly kind: 'bool' | 'number'
  readonly count: number
  /** The share of true, or the mean. */
  readonly mean: number | null
  /** The strongest first. */
  readonly features: readonly FeatureEffect[]
}

export interface FeatureEffect {
  readonly column: string
  readonly kind: Kind
  readonly correlation: number | null
  /**
   * How much of the target the column explains by itself, 0 to 1: the correlation ratio √ε² over its groups (values,
   * or up to a hundred quantile bins), corrected for their number (Kelley 1935). Sees what r can't: steps and curves.
   * Of a number of more than a hundred values: that over tenths of its rows, where it is the larger one.
   */
  readonly strength: number | null
  readonly bins: readonly EffectBin[]
}

export interface EffectBin {
  /** A category's value; null for a range. */
  readonly label: string | null
  readonly from: number | null
  readonly to: number | null
  readonly count: number
  readonly mean: number | null
}

export interface Calendar {
  readonly column: string
  /** A wall clock of the data's own, or UTC for instants. */
  readonly clock: 'local' | 'UTC'
  /** Weekday 1 (Monday) to 7, hour 0 to 23; `mean` of the target. */
  readonly cells: readonly {
    readonly weekday: number
    readonly hour: number
    readonly count: number
    readonly mean: number | null
  }[]
}

export interface Part {
  /** Null for rows of no part. */
  readonly name: string | null
  readonly rows: number
  readonly mean: number | null
}

export const WARNINGS = [
  'leak',
  'empty',
  'constant',
  'oneValue',
  'nulls',
  'notFinite',
  'key',
  'twins',
  'imbalance',
  'dominant',
  'extremes',
  'untidy',
  'partShift',
  'personal',
  'personalName',
  'duplicates',
] as const
export type WarningCode = (typeof WARNINGS)[number]

/** Something to look at; the words are in `base/i18n`, under `warning.<code>`. */
export interface Warning {
  readonly code: WarningCode
  readonly level: 'high' | 'medium' | 'low'
  readonly columns: readonly string[]
  readonly params: Readonly<Record<string, string | number>>
}
