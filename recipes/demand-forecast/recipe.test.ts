import { expect, test } from 'vitest'
import type { ForecastOutput } from '../../src/ml/forecasting/step.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { recipeRunner } from '../../tests/recipe-runner.ts'
import { demandForecast } from './recipe.ts'

const runner = recipeRunner('demand')
const COLUMNS = ['item', 'day', 'forecast', 'lower_80', 'upper_80', 'lower_95', 'upper_95', 'model']
const DAY = 86_400_000

test('four weeks of each item are forecast, better than by the week before, and the model is registered', async () => {
  const { outputs } = await runner.run(demandForecast({ days: 170 }))
  const next = outputs.get('demand') as ForecastOutput
  expect(next.schema.map((f) => f.name)).toEqual(COLUMNS)
  const rows = await runner.rowsOf(next)
  expect(rows).toHaveLength(6 * 28)
  // a day after the last one, series by series
  const first = Date.parse('2024-01-01') / DAY + 170
  expect(rows.slice(0, 28).map((r) => r[1])).toEqual(Array.from({ length: 28 }, (_, i) => first + i))
  expect([...new Set(rows.map((r) => r[0]))]).toEqual(['kimchi', 'milk', 'noodles', 'rice', 'tofu', 'truffle-oil'])
  for (const [, , forecast, low80, high80, low95, high95] of rows as number[][]) {
    expect(low95).toBeLessThanOrEqual(low80 as number)
    expect(low80).toBeLessThanOrEqual(forecast as number)
    expect(forecast).toBeLessThanOrEqual(high80 as number)
    expect(high80).toBeLessThanOrEqual(high95 as number)
    expect(low95).toBeGreaterThanOrEqual(0)
  }
  const { figures } = next
  expect(figures['mase']).toBeLessThan((figures['mase_seasonal-naive'] as number) * 0.85)
  expect(figures['coverage_80']).toBeGreaterThan(0.65)
  expect(figures['coverage_95']).toBeGreaterThan(0.85)
  const plan = await runner.rowsOf(outputs.get('plan') as TableOutput)
  expect(plan.every((r) => Number.isInteger(r.at(-1)))).toBe(true)

  const model = await runner.galley().store.models.get(await runner.galley().scope(), 'demand')
  expect(model).toMatchObject({ version: 1, kind: 'auto', dataset: 'sales', datasetVersion: 1 })
  expect(model.metrics).toMatchObject({ series: 6, mase: figures['mase'] })
}, 120_000)

test('the same recipe again computes nothing; with other sales it forecasts anew and gives a second version', async () => {
  expect((await runner.run(demandForecast({ days: 170 }))).cached).toContain('demand')
  const other = await runner.run(demandForecast({ days: 80 }))
  expect((other.outputs.get('demand') as ForecastOutput).version).toBe(2)
}, 120_000)
