import type { ColumnProfile } from './types.ts'

/** Columns that tell every row apart, for certain. */
export const keysOf = (columns: readonly ColumnProfile[], rows: number): string[] =>
  columns
    .filter(
      (c) => rows > 1 && c.nulls === 0 && c.distinct === rows && c.distinctError === undefined && c.kind !== 'bool',
    )
    .map((c) => c.name)

/** Columns that hold no value twice as far as the sample and the estimate (three standard errors) can tell. */
export const likelyKeysOf = (columns: readonly ColumnProfile[], rows: number): string[] =>
  columns
    .filter((c) => c.nulls === 0 && c.distinctError !== undefined && c.repeated === false)
    .filter((c) => (c.distinct ?? 0) >= rows * (1 - 3 * (c.distinctError ?? 0)))
    .map((c) => c.name)
