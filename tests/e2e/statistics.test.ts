import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { csv } from '../../src/data/connectors/csv.ts'
import { analyse } from '../../src/ml/analysis/statistics/index.ts'
import type { StatisticsOutput } from '../../src/ml/analysis/statistics/step.ts'
import type { Dataset, Kitchen } from '../../src/runs/kitchen.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('statistics')
const plans = ['free', 'pro']
const visits = Array.from({ length: 200 }, (_, i) => ({
  plan: plans[i % 2] as string,
  minutes: 10 + ((i * 37) % 23) + (i % 2) * 4,
}))
beforeAll(() => {
  writeFileSync(join(runner.galley().store.home.path, 'visits.csv'), ['plan,minutes', ...visits.map((v) => `${v.plan},${v.minutes}`)].join('\n')) // biome-ignore format: one line
})

const visitsOf = (k: Kitchen) => {
  const file = join(runner.galley().store.home.path, 'visits.csv')
  return k.dataset('visits', k.source('raw', csv(file, { plan: 'string', minutes: 'float64' })))
}
type Asked = Parameters<Kitchen['statistics']>[3]
const asking = (analysis: string, asked: Asked) =>
  recipe('plans', (k) => k.statistics('answer', visitsOf(k), analysis, asked))

test('a step answers as the function does, and keeps a page and the figures', async () => {
  const question = { value: 'minutes', by: 'plan', confidence: 0.9 }
  const made = asking('welch', question)
  const first = await runner.run(made)
  const { path, figures, sentence } = first.outputs.get('answer') as StatisticsOutput
  const columns = { plan: visits.map((v) => v.plan), minutes: visits.map((v) => v.minutes) }
  const expected = await analyse('welch', columns, question)
  const { store } = runner.galley()
  const kept = JSON.parse(new TextDecoder().decode(await store.blobs.get(await runner.galley().scope(), figures))) as Record<string, unknown> // biome-ignore format: one line
  expect(kept['data']).toEqual(JSON.parse(JSON.stringify(expected.data)))
  expect(sentence).toEqual({ en: expected.sentence('en'), ko: expected.sentence('ko') })
  const page = readFileSync(path, 'utf8')
  expect(page).toContain('<svg')
  expect(page).toContain('visits@1')
  // asked again it is kept
  expect((await runner.run(made)).cached).toContain('answer')
})

test.each<[string, string, Asked, string, string]>([
  ['an analysis that is none', 'welsh', { value: 'minutes', by: 'plan' }, 'USAGE_INVALID', "'welch'"],
  ['a column that is not there', 'welch', { value: 'minute', by: 'plan' }, 'PLAN_UNKNOWN_COLUMN', "'minute'"],
  ['a column of texts as numbers', 'welch', { value: 'plan', by: 'plan' }, 'ANALYSIS_DATA', 'texts'],
  ['a setting that is none', 'welch', { value: 'minutes', by: 'plan', sure: 1 }, 'USAGE_INVALID', "'sure'"],
])('refuses %s', async (_, analysis, question, code, words) => {
  const error = await runner.run(asking(analysis, question)).then(() => undefined, (thrown: { code: string; message: string; cause?: { code: string; message: string } }) => thrown) // biome-ignore format: one line
  expect(JSON.stringify(error)).toContain(code)
  expect(JSON.stringify(error)).toContain(words)
})

test('refuses what is no question when it is declared', () => {
  expect(() => asking('welch', { value: Number.NaN })).toThrow("asked 'value'")
  const none = () =>
    recipe('odd', (k) => k.statistics('answer', { step: 'x' } as unknown as Dataset<unknown>, 'welch', {}))
  expect(none).toThrow('no dataset')
})
