import { lower } from '../../../engines/duckdb/lower.ts'
import { quote } from '../../../engines/duckdb/sql/names.ts'
import type { Schema } from '../../../plan/types.ts'
import type { DataFile } from '../manifest.ts'
import { scanFiles, type Version } from '../version.ts'

/** Runs SQL in the batch engine; rows come back as JSON. */
export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Some files of a version, as SQL reads them: columns of the types that both versions are compared in. */
export interface Side {
  readonly files: readonly DataFile[]
  readonly rows: number
  sql(schema: Schema): string
}

export const sideOf = ({ folder }: Version, files: readonly DataFile[]): Side => ({
  files,
  rows: files.reduce((n, f) => n + f.rows, 0),
  sql: (schema) => lower(scanFiles(files, folder, schema)).sql,
})

export const names = (columns: readonly string[]): string => columns.map(quote).join(', ')
