import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { collect } from '../../src/engines/conformance/compare.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { LearnOutput } from '../../src/ml/unsupervised/step.ts'
import { build } from '../../src/plan/nodes.ts'
import { run } from '../../src/runs/runner.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { recommender } from './recipe.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-recommender-'))
let galley: Galley
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
}, 60_000)
afterAll(async () => {
  await galley.close()
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

test('recommends films of the favourite shelf, better than what most people watch', async () => {
  const on = { folder: home, signal: new AbortController().signal, on: () => {} }
  const { outputs } = await run(galley.ware, await galley.scope(), recommender({ views: 20_000 }), on)
  const next = outputs.get('next-films') as TableOutput
  const rows = await collect(galley.duckdb, build({ op: 'scan', from: { kind: 'parquet', files: next.files }, schema: next.schema })) // biome-ignore format: one line
  expect(rows.length).toBe(5000)
  expect(rows.slice(0, 6).map((r) => [r[0], r[2]])).toEqual([[1n, 1], [1n, 2], [1n, 3], [1n, 4], [1n, 5], [2n, 1]]) // biome-ignore format: one line
  const fitting = rows.filter(([viewer, film]) => Number(viewer) % 5 === Math.floor(Number(film) / 100))
  expect(fitting.length / rows.length).toBeGreaterThan(0.8)
  for (const id of ['films-by-people', 'films-by-films']) {
    const { figures } = outputs.get(id) as LearnOutput
    expect(figures['ndcg'], `${id} ${JSON.stringify(figures)}`).toBeGreaterThan((figures['popular_ndcg'] ?? 1) * 1.5)
  }
}, 120_000)
