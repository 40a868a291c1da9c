import { join } from 'node:path'
import { resolveSecret } from '../../../base/secrets.ts'
import type { Part, SourceSpec } from '../../../data/connectors/connector.ts'
import { connector, pathOf } from '../../../data/connectors/index.ts'
import type { DuckdbEngine } from '../../../engines/duckdb/index.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import type { RunContext } from '../../../engines/engine.ts'
import type { Recipe } from '../../../runs/specs.ts'

/**
 * A recipe's sources as Parquet files, in `temp` where they are not read in place. Of the largest, where it has more than
 * `rows` rows, that many are taken, the same ones every time: what is looked up in the others stays whole.
 * @throws SOURCE_MISSING, SOURCE_BROKEN, SOURCE_SCHEMA
 */
export async function sourceFiles(
  recipe: Recipe,
  at: { readonly folder: string; readonly temp: string; readonly rows?: number | undefined },
  duckdb: DuckdbEngine,
  ctx: RunContext,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, { readonly files: readonly string[]; readonly rows: number }>()
  for (const { id, kind, spec } of recipe.steps) {
    if (kind !== 'source') continue
    const source = spec as SourceSpec
    const reader = await connector(source.connector)
    const { scope, signal } = ctx
    const parts: Part[] = []
    const reach = { signal, secret: resolveSecret }
    for await (const part of reader.parts?.(source, pathOf(reader, source, at.folder), reach) ?? []) parts.push(part)
    const snapshot = await duckdb.session(ctx, async (query) =>
      reader.snapshot(source, pathOf(reader, source, at.folder), {
        ...{ scope, signal, progress: () => {}, query, secret: resolveSecret },
        ...(reader.parts ? { parts } : {}),
        keep: async (name) => join(at.temp, `${id}-${name}`),
      }),
    )
    found.set(id, snapshot)
  }
  const [largest] = [...found].sort(([, a], [, b]) => b.rows - a.rows)
  if (largest && at.rows !== undefined && largest[1].rows > at.rows) {
    const [id, { files }] = largest
    const sample = join(at.temp, `${id}-sample.parquet`)
    await duckdb.session(ctx, (query) =>
      query(
        `COPY (SELECT * FROM read_parquet([${files.map(file).join(', ')}], hive_partitioning = false)
         USING SAMPLE reservoir(${at.rows} ROWS) REPEATABLE (1)) TO ${file(sample)} (FORMAT parquet)`,
      ),
    )
    found.set(id, { files: [sample], rows: at.rows })
  }
  return new Map([...found].map(([id, { files }]) => [id, files]))
}
