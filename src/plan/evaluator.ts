/**
 * A trained model as the plan sees it: numbers in, numbers out. Made by `ml`, used by engines through
 * `predict(model)`; declared here so that no lower room imports a higher one.
 */
export interface Evaluator {
  /** The trainer that made it: `gbdt`, `logistic`, `baseline`. */
  readonly kind: string
  /** Feature names in the order that `one` and `many` expect them. */
  readonly inputs: readonly string[]
  /** Numbers a row: one, or the probability of each class of a model that tells several apart. */
  readonly outputs: number
  /**
   * Scores one row. `row` has one float64 a feature, NaN where it is missing. A binary model answers P(target), a regression the number,
   * one with several outputs the place of the largest, and all of them go into `out` where it is given.
   */
  one(row: Float64Array, out?: Float64Array): number
  /** Scores `rows` rows given column by column, into `out`: the outputs of the first row, then those of the next. */
  many(columns: readonly Float64Array[], rows: number, out: Float64Array): void
  /**
   * What each input adds to a row's score, and the score of a row that nothing is known of behind them: inputs + 1 numbers an output
   * (SHAP values, Lundberg and Lee 2017). They sum to the score as it is before it becomes a probability or a count: log odds, a
   * logarithm, or the number itself. Absent where the model can't tell.
   */
  contributions?(row: Float64Array, out: Float64Array): void
}
