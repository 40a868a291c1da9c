import { expect, test } from 'vitest'
import { gbdt, generate, hours, type Kitchen, naiveBayes, recipe, values } from '../../src/index.ts'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import { run } from '../../src/runs/runner.ts'
import type { Candidate } from '../../src/runs/specs.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('review-scaling')

function model(k: Kitchen, others: readonly Candidate[] = []) {
  const raw = k.source(
    'raw',
    generate('raw', {
      ...{ rows: 1200, seed: 3 },
      columns: {
        at: values.times({ start: '2026-01-01', every: hours(2) }),
        a: values.normal({ digits: 3 }),
        b: values.normal({ digits: 2 }),
        luck: values.normal({ sd: 0.7 }),
      },
    }),
  )
  const rows = k.dataset(
    'rows',
    raw.derive((r) => ({ yes: r.a.times(r.b).plus(r.luck).gt(0) })),
    {
      moment: 'at',
      split: (r) => ({ train: r.at.lt('2026-03-01'), validate: r.at.ge('2026-03-01').and(r.at.lt('2026-03-21')), test: r.at.ge('2026-03-21') }), // biome-ignore format: one line
    },
  )
  return k.train('model', rows, {
    target: 'yes',
    features: ['a', 'b'],
    candidates: [gbdt({ trees: 20, leaves: 8 }), ...others],
  })
}

test('a candidate is learnt again with other values of its parameters, and what a larger one gives is told in both languages', async () => {
  const made = recipe('sizes', (k) => k.evaluate('review', model(k), { scaling: { leaves: [32, 2, 4, 8, 16], learningRate: [0.05, 0.1] }, resamples: 100 })) // biome-ignore format: one line
  const { outputs } = await runner.run(made)
  const output = outputs.get('review') as unknown as EvaluateOutput
  const { blobs } = runner.galley().store
  const text = async (hash: string) => Buffer.from(await blobs.get(await runner.galley().scope(), hash)).toString()
  const found = JSON.parse(await text(output.evaluation)) as Evaluation
  const [leaves, rate] = found.scaling ?? []
  expect(leaves).toMatchObject({ parameter: 'leaves', now: 8, metric: 'auc' })
  expect(leaves?.points.map((p) => p.at)).toEqual([2, 4, 8, 16, 32])
  // two leaves tell no product of two features; the rows learnt from are told ever better
  const [first, , third] = leaves?.points ?? []
  expect(first?.value).toBeGreaterThan((third?.value ?? 1) + 0.05)
  expect(leaves?.points.map((p) => p.train)).toEqual(leaves?.points.map((p) => p.train).toSorted((a, b) => b - a))
  expect(rate).toMatchObject({ parameter: 'learningRate', now: null, quality: { tells: false } })
  const page = await text(output.card)
  for (const said of ['Size of the model', '모델 크기', 'id="scaling"', '<b>leaves</b>', '<b>learningRate</b>'])
    expect(page).toContain(said)
}, 60_000)

test.each([
  [{ leaves: [4] }, "'review' can't be learnt again by 'leaves'"],
  [{ leaves: [4, 4] }, "'review' can't be learnt again by 'leaves'"],
  [{ leaves: [4, Number.NaN] }, "'review' can't be learnt again by 'leaves'"],
])('%j is refused when it is declared', (scaling, what) => {
  const made = () => recipe('sizes', (k) => k.evaluate('review', model(k), { scaling }))
  expect(made).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', what }))
})

test('where another candidate was chosen that has no such parameter, that is said', async () => {
  const told: string[] = []
  const made = recipe('chosen', (k) => k.evaluate('review', model(k, [naiveBayes()]), { scaling: { smoothing: [0.001, 0.01], leaves: [2, 4] }, resamples: 100 })) // biome-ignore format: one line
  const galley = runner.galley()
  const { outputs } = await run(galley.ware, await galley.scope(), made, { folder: galley.config.home, signal: new AbortController().signal, on: (e) => void (e.type === 'said' && told.push(e.text)) }) // biome-ignore format: one line
  const output = outputs.get('review') as unknown as EvaluateOutput
  const found = JSON.parse(Buffer.from(await galley.store.blobs.get(await galley.scope(), output.evaluation)).toString()) as Evaluation // biome-ignore format: one line
  expect(found.scaling?.map((s) => s.parameter)).toEqual(['leaves'])
  expect(told).toEqual(["'gbdt' was chosen, which has no parameter 'smoothing': it was not learnt again by that"])
}, 60_000)

test('a parameter that its trainer has not is named', async () => {
  const made = recipe('sizes', (k) => k.evaluate('review', model(k), { scaling: { branches: [2, 4] }, resamples: 100 }))
  await expect(runner.run(made)).rejects.toMatchObject({ code: 'USAGE_INVALID', what: expect.stringContaining('branches') }) // biome-ignore format: one line
}, 60_000)
