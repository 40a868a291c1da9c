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
import { sensorAnomalies } from './recipe.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-sensors-'))
let galley: Galley
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
}, 60_000)
afterAll(async () => {
  await galley.close()
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})
const cook = async (recipe: ReturnType<typeof sensorAnomalies>) =>
  run(galley.ware, await galley.scope(), recipe, { folder: home, signal: new AbortController().signal, on: () => {} })
const rowsOf = (o: TableOutput) =>
  collect(galley.duckdb, build({ op: 'scan', from: { kind: 'parquet', files: o.files }, schema: o.schema }))

test('three in four faults are found among as many alarms, and the models are registered', async () => {
  const { outputs } = await cook(sensorAnomalies())
  const odd = outputs.get('odd-readings') as LearnOutput
  expect(odd.schema.map((f) => f.name)).toEqual(['reading', 'at', 'machine', 'fault', 'current', 'temperature', 'vibration', 'anomaly_score', 'anomaly']) // biome-ignore format: one line
  expect(odd.rows).toBe(20_000)
  const told = Object.fromEntries((await rowsOf(outputs.get('found-and-missed') as TableOutput)).map(([fault, anomaly, n]) => [`${fault} ${anomaly}`, Number(n)])) // biome-ignore format: one line
  const faults = (told['true true'] ?? 0) + (told['true false'] ?? 0)
  expect(faults).toBeGreaterThan(70)
  expect((told['true true'] ?? 0) / faults).toBeGreaterThan(0.75)
  expect(told['false true'] ?? 0).toBeLessThan(0.3 * faults)
  const alarms = outputs.get('alarms') as TableOutput
  const scores = (await rowsOf(alarms)).map((row) => row[7] as number)
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
  // each row has what was said of it, in its place
  const readings = await rowsOf(outputs.get('readings') as TableOutput)
  const judged = await rowsOf(odd)
  expect(judged.map((row) => row.slice(0, 7))).toEqual(readings)

  const scope = await galley.scope()
  const model = await galley.store.models.get(scope, 'odd-readings')
  expect(model).toMatchObject({ version: 1, kind: 'isolation-forest', dataset: 'readings', datasetVersion: 1 })
  expect(model.metrics).toMatchObject({ rows: 20_000 })
  expect((await galley.store.models.get(scope, 'ways-of-running')).metrics).toMatchObject({ clusters: 3 })
}, 120_000)

test('the same recipe again computes nothing; with other readings it learns anew and gives a second version', async () => {
  const again = await cook(sensorAnomalies())
  expect(again.cached).toContain('odd-readings')
  const other = await cook(sensorAnomalies({ rows: 5000 }))
  expect((other.outputs.get('odd-readings') as LearnOutput).version).toBe(2)
}, 120_000)
