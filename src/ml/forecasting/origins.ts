/** Values that a fit of a back-test has at least. */
const LEAST = 8

/** Values that a series needs before a back-test forecasts it: two seasons and a value, where it has seasons. */
export const leastOf = (season: number): number => Math.max(LEAST, season > 1 ? 2 * season + 1 : 0)

/**
 * How many values each fit of a back-test sees, ascending: rolling origins a horizon apart, nearer to each other where the series is short, and
 * fewer where it is too short for them. Each is followed by a whole horizon.
 */
export function originsOf(length: number, season: number, horizon: number, folds: number): number[] {
  const [least, latest] = [leastOf(season), length - horizon]
  if (latest < least || folds === 0) return []
  const step = folds > 1 ? Math.min(horizon, Math.floor((latest - least) / (folds - 1))) : horizon
  if (step < 1) return [latest]
  return Array.from({ length: folds }, (_, k) => latest - (folds - 1 - k) * step)
}
