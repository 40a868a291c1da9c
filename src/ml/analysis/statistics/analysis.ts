import type { Language } from '../../../base/i18n.ts'
import type { Json } from '../../../base/json.ts'
import type { Chart } from '../render.ts'

/** A sentence or a name in both languages. */
export type Words = Readonly<Record<Language, string>>

/** What a column of an analysis holds: numbers (bools are 0 and 1), names of groups, or moments (microseconds since 1970, or numbers). */
export interface ColumnAsk {
  readonly kind: 'number' | 'category' | 'moment' | 'any'
  /** Whether it takes several columns. */
  readonly many?: boolean
  readonly optional?: boolean
  readonly about: string
}

/** What else can be said to an analysis; without `default` it may be left out. */
export type Setting = { readonly about: string } & (
  | {
      readonly kind: 'number'
      readonly default?: number
      readonly least?: number
      readonly most?: number
      readonly whole?: boolean
    }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string }
  | { readonly kind: 'list' }
)

/** A cell; NaN and what is not there are left out and counted. */
export type Cell = number | string | boolean | bigint | null | undefined
/** Columns by name, all of one length. */
export type Columns = Readonly<Record<string, ArrayLike<Cell>>>
/** Which columns an analysis looks at, and what else is asked: `{ value: 'price', by: 'plan', confidence: 0.99 }`. */
export type Asked = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** What an analysis gives: figures, a picture of them, and one sentence that says what they do not show. */
export interface Found {
  readonly data: { readonly [key: string]: Json }
  readonly chart: Chart
  sentence(language: Language): string
}

/** One statistical analysis. It sees columns and settings through `Given`, so it touches no I/O, clock or chance. */
export interface Analysis {
  readonly name: string
  readonly about: Words
  readonly columns: Readonly<Record<string, ColumnAsk>>
  readonly settings: Readonly<Record<string, Setting>>
  /** @throws ANALYSIS_DATA when the rows can't answer it */
  run(given: Given): Found
}

/** Values of a group, in the order of the rows. */
export interface Group {
  readonly name: string
  readonly values: Float64Array
}

/** What an analysis was given: columns by what they are for. Every reading leaves out rows of which something is missing. */
export interface Given {
  /** The name of the column that is `role`; undefined where none was named. */
  column(role: string): string | undefined
  columns(role: string): readonly string[]
  /** A column's numbers, null where there is none. */
  raw(column: string): Float64Array
  labels(column: string): readonly (string | null)[]
  /** Whether a column holds texts. */
  isText(column: string): boolean
  number(setting: string): number | undefined
  choice(setting: string): string
  list(setting: string): readonly string[]
  /** Rows that were given, before any is left out. */
  readonly rows: number
}
