import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/base/config.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { rowsOf } from '../../src/engines/plans.ts'
import { csv, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { build } from '../../src/plan/nodes.ts'
import type { TypeName } from '../../src/plan/types.ts'
import type { Kitchen } from '../../src/runs/kitchen.ts'
import { type RunResult, run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import { type Client, createClient } from '../../src/sdk/index.ts'

export const signal = new AbortController().signal
const DAYS = { id: 'int64', day: 'string', n: 'int64' } as const

/** A Galley of a test's own, with datasets that are written line by line. */
export interface Written {
  readonly folder: string
  readonly home: string
  readonly galley: Galley
  readonly client: Client
  /** Writes lines of CSV to a dataset: `id,day,n` unless other columns are named. */
  write(
    name: string,
    lines: readonly string[],
    options?: object,
    columns?: Record<string, TypeName>,
  ): Promise<DatasetOutput>
  /** Runs a recipe whose files lie in `folder`. */
  ran(made: Recipe): Promise<RunResult>
  /** The rows of a version, in its order, as text. */
  rows(reference: string): Promise<string[]>
  close(): Promise<void>
}

/** @param at where the data folder lies; what is written from lies elsewhere */
export async function openWritten(at?: string): Promise<Written> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-datasets-'))
  const home = join(at ?? folder, 'home')
  const galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
  const app = galley.app()
  const client = createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) })
  const { findIn } = await import('../../src/data/datasets/find.ts')
  return {
    ...{ folder, home, galley, client },
    async write(name, lines, options = {}, columns = DAYS) {
      const file = join(mkdtempSync(join(folder, 'lines-')), 'lines.csv')
      writeFileSync(file, `${Object.keys(columns).join(',')}\n${lines.map((l) => `${l}\n`).join('')}`)
      const made = recipe('writes', (k) => {
        k.dataset(name, k.source('lines', csv(file, columns)) as never, options as Parameters<Kitchen['dataset']>[2])
      })
      const { outputs } = await run(galley.ware, await galley.scope(), made, { folder, signal, on: () => {} })
      return outputs.get(name) as unknown as DatasetOutput
    },
    ran: async (made) => run(galley.ware, await galley.scope(), made, { folder, signal, on: () => {} }),
    async rows(reference) {
      const scope = await galley.scope()
      const { files, schema } = await findIn(galley.store, scope)(reference)
      const scan = build({ op: 'scan', from: { kind: 'parquet', files: files.map((f) => f.path) }, schema })
      const found = await rowsOf({ duckdb: galley.duckdb, scope, signal, ledger: createLedger() }, scan)
      return found.map((r) => schema.map((f) => String(r[f.name] ?? 'null')).join(','))
    },
    async close() {
      await galley.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Every Parquet file under the data folder's datasets whose rows say a text, and every other file that does. */
export async function holdingIn(w: Written, text: string): Promise<string[]> {
  const root = w.galley.store.home.datasets
  const found: string[] = []
  const ctx = {
    scope: await w.galley.scope(),
    signal,
    ledger: createLedger(),
  }
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if (!path.endsWith('.parquet')) {
      if (readFileSync(path).includes(text)) found.push(path)
      continue
    }
    const [row] = await w.galley.duckdb.session(ctx, (query) =>
      query(
        `SELECT count(*) AS n FROM (SELECT to_json(t)::VARCHAR AS j FROM read_parquet('${path}') t) WHERE contains(j, '${text}')`,
      ),
    )
    if (Number(row?.['n']) > 0) found.push(path)
  }
  return found
}
