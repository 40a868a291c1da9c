import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { readConfig } from '../src/base/config.ts'
import type { Value } from '../src/engines/batch.ts'
import { collect } from '../src/engines/conformance/compare.ts'
import { type Galley, openGalley } from '../src/main.ts'
import { build } from '../src/plan/nodes.ts'
import { type RunResult, run } from '../src/runs/runner.ts'
import type { Recipe } from '../src/runs/specs.ts'
import type { TableOutput } from '../src/runs/steps/table.ts'

/** A Galley in which a file of tests runs recipes. */
export interface RecipeRunner {
  galley(): Galley
  run(recipe: Recipe): Promise<RunResult>
  /** A table's rows, as lists of values. */
  rowsOf(table: TableOutput): Promise<Value[][]>
}

/** One for the tests of a file, with a data folder of its own that goes with them. */
export function recipeRunner(name: string): RecipeRunner {
  const home = mkdtempSync(join(tmpdir(), `galley-${name}-`))
  let galley: Galley | undefined
  beforeAll(async () => {
    galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
  }, 60_000)
  afterAll(async () => {
    await galley?.close()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  })
  const open = () => galley as Galley
  return {
    galley: open,
    run: async (recipe) =>
      run(open().ware, await open().scope(), recipe, {
        ...{ folder: home, signal: new AbortController().signal, on: () => {} },
      }),
    rowsOf: ({ files, schema }) =>
      collect(open().duckdb, build({ op: 'scan', from: { kind: 'parquet', files }, schema })) as Promise<Value[][]>,
  }
}
