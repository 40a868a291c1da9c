import type { Node } from '../../src/plan/nodes.ts'

/** One question of a task: asked of Galley as a plan, of DuckDB as SQL, of the others by its name. */
export interface Question {
  /** `q1` and so on. */
  readonly name: string
  /** In words, as the published benchmark puts it. */
  readonly asks: string
  /** Gives a plan whose result has the columns of the SQL, by name. */
  plan(files: Files): Node
  /** What a careful person writes; reads views named after the tables. */
  readonly sql: string
}

export type Peer = 'duckdb' | 'polars' | 'pandas'

/** A table's Parquet file by its name. */
export type Files = Readonly<Record<string, string>>

/** Questions about the same tables, as the published benchmark has them. */
export interface Task {
  readonly name: string
  readonly tables: readonly string[]
  readonly questions: readonly Question[]
  readonly peers: readonly Peer[]
}
