import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import type { TypeName } from '../../../plan/types.ts'
import { type CsvOptions, csv, csvConnector } from '../csv.ts'
import { snapshotContext } from '../testing/context.ts'

/** A folder and an engine for tests of the CSV connector; `close` removes both. */
export function csvReader() {
  const folder = mkdtempSync(join(tmpdir(), 'galley-csv-'))
  const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })

  /** What a source step would read from a file of that content. */
  async function read(content: string | Uint8Array, columns: Record<string, TypeName>, options: CsvOptions = {}) {
    const path = join(folder, 'a.csv')
    writeFileSync(path, content)
    return engine.session(testContext(), async (query) => {
      const snapshot = await csvConnector.snapshot(csv(path, columns, options), path, snapshotContext(query, folder))
      return { ...snapshot, values: await query(`SELECT * FROM read_parquet('${snapshot.files[0]}')`) }
    })
  }
  const close = async () => {
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, engine, read, close }
}
