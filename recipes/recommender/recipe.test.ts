import { expect, test } from 'vitest'
import type { LearnOutput } from '../../src/ml/unsupervised/step.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { recipeRunner } from '../../tests/recipe-runner.ts'
import { recommender } from './recipe.ts'

const runner = recipeRunner('recommender')

test('recommends films of the favourite shelf, better than what most people watch', async () => {
  const { outputs } = await runner.run(recommender({ views: 20_000 }))
  const rows = await runner.rowsOf(outputs.get('next-films') as TableOutput)
  expect(rows.length).toBe(5000)
  expect(rows.slice(0, 6).map((r) => [r[0], r[2]])).toEqual([[1n, 1], [1n, 2], [1n, 3], [1n, 4], [1n, 5], [2n, 1]]) // biome-ignore format: one line
  const fitting = rows.filter(([viewer, film]) => Number(viewer) % 5 === Math.floor(Number(film) / 100))
  expect(fitting.length / rows.length).toBeGreaterThan(0.8)
  for (const id of ['films-by-people', 'films-by-films']) {
    const { figures } = outputs.get(id) as LearnOutput
    expect(figures['ndcg'], `${id} ${JSON.stringify(figures)}`).toBeGreaterThan((figures['popular_ndcg'] ?? 1) * 1.5)
  }
}, 120_000)
