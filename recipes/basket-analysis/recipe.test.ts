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
import { basketAnalysis } from './recipe.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-baskets-'))
let galley: Galley
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
}, 60_000)
afterAll(async () => {
  await galley.close()
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})

test('finds the pairs that were put in, and nothing else', async () => {
  const on = { folder: home, signal: new AbortController().signal, on: () => {} }
  const { outputs } = await run(galley.ware, await galley.scope(), basketAnalysis({ receipts: 8000 }), on)
  const ideas = outputs.get('shelf-ideas') as TableOutput
  const rows = await collect(galley.duckdb, build({ op: 'scan', from: { kind: 'parquet', files: ideas.files }, schema: ideas.schema })) // biome-ignore format: one line
  const rules = rows.map(([a, c]) => `${(a as string[]).join(' + ')} → ${(c as string[]).join(' + ')}`)
  for (const rule of ['pasta → tomato sauce', 'tomato sauce → pasta', 'diapers → beer', 'parmesan → pasta']) expect(rules).toContain(rule) // biome-ignore format: one line
  expect(rules.filter((r) => /apples|coffee|milk|batteries/.test(r))).toEqual([])
  // parmesan is bought with pasta alone, so the rule never fails
  expect(rows[rules.indexOf('parmesan → pasta')]?.slice(4)).toMatchObject([1, expect.any(Number), expect.any(Number), null]) // biome-ignore format: one line
  const learnt = outputs.get('bought-together') as LearnOutput
  expect(learnt.figures['baskets']).toBeGreaterThan(6000)
  const model = await galley.store.models.get(await galley.scope(), 'bought-together')
  expect(model).toMatchObject({ kind: 'fp-growth', version: 1, features: ['receipt', 'product'] })
}, 120_000)
