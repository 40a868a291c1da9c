/**
 * A trained model as the plan sees it: numbers in, one number out. Made by `ml`, used by engines through
 * `predict(model)`; declared here so that no lower room imports a higher one.
 */
export interface Evaluator {
  /** The trainer that made it: `gbdt`, `logistic`, `baseline`. */
  readonly kind: string
  /** Feature names in the order that `one` and `many` expect them. */
  readonly inputs: readonly string[]
  /** Scores one row. `row` has one float64 a feature, NaN where it is missing. A binary model answers P(target). */
  one(row: Float64Array): number
  /** Scores `rows` rows given column by column, into `out`. */
  many(columns: readonly Float64Array[], rows: number, out: Float64Array): void
}
