import { expect, test } from 'vitest'
import { baseline, gbdt, generate, hours, recipe, values } from '../../src/index.ts'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('rare')

// what happens once in many rows: few of the test rows, or none, tell how good a model is
test.each([
  ['three of the validation and of the test rows are positive', [301, 602, 703, 309, 609, 709], true],
  ['no test row is positive', [301, 602, 703], false],
])(
  '%s: the card says what can be told',
  async (_, positives, known) => {
    const made = recipe('rare', (k) => {
      const raw = k.source(
        'raw',
        generate('raw', {
          ...{ rows: 1000, seed: 4 },
          columns: { id: values.sequence(), at: values.times({ start: '2026-01-01', every: hours(1) }), a: values.normal({ digits: 3 }) }, // biome-ignore format: one line
        }),
      )
      const rows = k.dataset(
        'rows',
        raw.derive((r) => ({
          yes: positives.reduce((either, id) => either.or(r.id.eq(id)), r.id.lt(300).and(r.id.mod(7).eq(0))),
        })),
        {
          moment: 'at',
          // numbers that end in 9 are tested, those from 300 on that end otherwise validate
          split: (r) => ({ train: r.id.lt(300), validate: r.id.ge(300).and(r.id.mod(10).lt(9)), test: r.id.ge(300).and(r.id.mod(10).eq(9)) }), // biome-ignore format: one line
        },
      )
      const model = k.train('model', rows, { target: 'yes', features: ['a'], candidates: [gbdt({ trees: 5 })] })
      k.evaluate('review', model, { segments: ['a'], groups: ['a'], against: baseline(), curves: true, scaling: { leaves: [4, 8] }, costs: { falsePositive: 1, falseNegative: 9 }, resamples: 100 }) // biome-ignore format: one line
    })
    const { outputs } = await runner.run(made)
    const output = outputs.get('review') as EvaluateOutput
    const scope = await runner.galley().scope()
    const text = async (blob: string) => new TextDecoder().decode(await runner.galley().store.blobs.get(scope, blob))
    const found = JSON.parse(await text(output.evaluation)) as Evaluation
    expect(found.importance.features.map((f) => f.feature)).toEqual(known ? ['a'] : [])
    expect(found.curve?.points.map((p) => p.rows).at(-1)).toBe(299)
    expect(found.dependence.map((d) => d.feature)).toEqual(['a'])
    expect((await text(output.card)).replace(/<script[\s\S]*?<\/script>/g, '')).not.toMatch(/undefined|NaN|\[object/)
  },
  30_000,
)
