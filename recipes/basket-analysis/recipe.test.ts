import { expect, test } from 'vitest'
import type { LearnOutput } from '../../src/ml/unsupervised/step.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { recipeRunner } from '../../tests/recipe-runner.ts'
import { basketAnalysis } from './recipe.ts'

const runner = recipeRunner('baskets')

test('finds the pairs that were put in, and nothing else', async () => {
  const { outputs } = await runner.run(basketAnalysis({ receipts: 8000 }))
  const rows = await runner.rowsOf(outputs.get('shelf-ideas') as TableOutput)
  const rules = rows.map(([a, c]) => `${(a as string[]).join(' + ')} → ${(c as string[]).join(' + ')}`)
  for (const rule of ['pasta → tomato sauce', 'tomato sauce → pasta', 'diapers → beer', 'parmesan → pasta']) expect(rules).toContain(rule) // biome-ignore format: one line
  expect(rules.filter((r) => /apples|coffee|milk|batteries/.test(r))).toEqual([])
  // parmesan is bought with pasta alone, so the rule never fails
  expect(rows[rules.indexOf('parmesan → pasta')]?.slice(4)).toMatchObject([1, expect.any(Number), expect.any(Number), null]) // biome-ignore format: one line
  const learnt = outputs.get('bought-together') as LearnOutput
  expect(learnt.figures['baskets']).toBeGreaterThan(6000)
  const model = await runner.galley().store.models.get(await runner.galley().scope(), 'bought-together')
  expect(model).toMatchObject({ kind: 'fp-growth', version: 1, features: ['receipt', 'product'] })
}, 120_000)
