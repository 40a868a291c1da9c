import { expect, test } from 'vitest'
import type { LearnOutput } from '../../src/ml/unsupervised/step.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { recipeRunner } from '../../tests/recipe-runner.ts'
import { sensorAnomalies } from './recipe.ts'

const runner = recipeRunner('sensors')

test('three in four faults are found among as many alarms, and the models are registered', async () => {
  const { outputs } = await runner.run(sensorAnomalies())
  const odd = outputs.get('odd-readings') as LearnOutput
  expect(odd.schema.map((f) => f.name)).toEqual(['reading', 'at', 'machine', 'fault', 'current', 'temperature', 'vibration', 'anomaly_score', 'anomaly']) // biome-ignore format: one line
  expect(odd.rows).toBe(20_000)
  const told = Object.fromEntries((await runner.rowsOf(outputs.get('found-and-missed') as TableOutput)).map(([fault, anomaly, n]) => [`${fault} ${anomaly}`, Number(n)])) // biome-ignore format: one line
  const faults = (told['true true'] ?? 0) + (told['true false'] ?? 0)
  expect(faults).toBeGreaterThan(70)
  expect((told['true true'] ?? 0) / faults).toBeGreaterThan(0.75)
  expect(told['false true'] ?? 0).toBeLessThan(0.3 * faults)
  const alarms = outputs.get('alarms') as TableOutput
  const scores = (await runner.rowsOf(alarms)).map((row) => row[7] as number)
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
  // each row has what was said of it, in its place
  const readings = await runner.rowsOf(outputs.get('readings') as TableOutput)
  const judged = await runner.rowsOf(odd)
  expect(judged.map((row) => row.slice(0, 7))).toEqual(readings)

  const scope = await runner.galley().scope()
  const model = await runner.galley().store.models.get(scope, 'odd-readings')
  expect(model).toMatchObject({ version: 1, kind: 'isolation-forest', dataset: 'readings', datasetVersion: 1 })
  expect(model.metrics).toMatchObject({ rows: 20_000 })
  expect((await runner.galley().store.models.get(scope, 'ways-of-running')).metrics).toMatchObject({ clusters: 3 })
}, 120_000)

test('the same recipe again computes nothing; with other readings it learns anew and gives a second version', async () => {
  const again = await runner.run(sensorAnomalies())
  expect(again.cached).toContain('odd-readings')
  const other = await runner.run(sensorAnomalies({ rows: 5000 }))
  expect((other.outputs.get('odd-readings') as LearnOutput).version).toBe(2)
}, 120_000)
