import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import { recipeRunner } from '../../tests/recipe-runner.ts'
import { churn } from './recipe.ts'

const runner = recipeRunner('churn')

test('the review finds what was put in: partners are served worse, calls and contracts matter, and nothing leaks', async () => {
  const { outputs } = await runner.run(churn())
  const output = outputs.get('may-leave-review') as EvaluateOutput
  const { store, scope } = { store: runner.galley().store, scope: await runner.galley().scope() }
  const found = JSON.parse(new TextDecoder().decode(await store.blobs.get(scope, output.evaluation))) as Evaluation
  const auc = found.test.metrics['auc']
  expect(auc?.low as number).toBeGreaterThan(0.65)
  expect(auc?.high as number).toBeLessThan(0.9)
  const worse = found.segments.flatMap((s) => s.segments.filter((x) => x.worse).map((x) => `${s.column} ${x.name}`))
  expect(worse).toContain('channel partner')
  expect(worse.filter((w) => w.startsWith('region'))).toEqual([])
  expect(found.against?.metrics['auc']?.difference.low as number).toBeGreaterThan(0)
  expect(found.importance.features.slice(0, 3).map((f) => f.feature)).toContain('calls')
  expect(found.leaks.alone.every((a) => a.suspect === null)).toBe(true)
  expect(found.costs?.test.chosen.value as number).toBeLessThan(found.costs?.test.never as number)
  expect(found.fairness[0]?.groups.map((g) => g.name).sort()).toEqual(['18-29', '30-44', '45-59', '60+'])
  expect(found.curve?.points.length).toBeGreaterThan(3)

  const page = readFileSync(output.path, 'utf8')
  expect(page).toContain('이 카드가 보여 주지 않는 것')
  expect(page).toContain('What this does not show')
  expect(page).not.toMatch(/undefined|NaN|\{\w+\}<\/span>|src="http|href="http/)
  const { items } = await store.artifacts.list(scope, { kind: 'card' })
  expect(items.map((a) => a.name)).toEqual(['may-leave@1.html'])
  // again, it is taken from the cache
  expect((await runner.run(churn())).cached).toContain('may-leave-review')
}, 120_000)
