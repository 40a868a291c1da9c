import { isAbsolute, join, resolve } from 'node:path'
import type { SourceSpec } from '../../../data/connectors/connector.ts'
import { connector } from '../../../data/connectors/index.ts'
import type { DuckdbEngine } from '../../../engines/duckdb/index.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import type { RunContext } from '../../../engines/engine.ts'
import type { Recipe } from '../../../runs/specs.ts'

/**
 * A recipe's sources as Parquet files, in `temp` where they are not read in place. Of a source with more than `rows` rows
 * that many are taken, the same ones every time.
 * @throws SOURCE_MISSING, SOURCE_BROKEN, SOURCE_SCHEMA
 */
export async function sourceFiles(
  recipe: Recipe,
  at: { readonly folder: string; readonly temp: string; readonly rows?: number | undefined },
  duckdb: DuckdbEngine,
  ctx: RunContext,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const { id, kind, spec } of recipe.steps) {
    if (kind !== 'source') continue
    const source = spec as SourceSpec
    const path = isAbsolute(source.path) ? source.path : resolve(at.folder, source.path)
    const files = await duckdb.session(ctx, async (query) => {
      const { files, rows } = await (await connector(source.connector)).snapshot(source, path, {
        ...{ scope: ctx.scope, signal: ctx.signal, progress: () => {}, query },
        keep: async (name) => join(at.temp, `${id}-${name}`),
      })
      if (at.rows === undefined || rows <= at.rows) return files
      const sample = join(at.temp, `${id}-sample.parquet`)
      await query(
        `COPY (SELECT * FROM read_parquet([${files.map(file).join(', ')}], hive_partitioning = false)
         USING SAMPLE reservoir(${at.rows} ROWS) REPEATABLE (1)) TO ${file(sample)} (FORMAT parquet)`,
      )
      return [sample]
    })
    found.set(id, files)
  }
  return found
}
