import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { baseline, byTime, csv, type Kitchen, linear, logistic, recipe, targetEncode } from '../../src/index.ts'
import { loadPackage } from '../../src/ml/registry/version.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { randomOf } from '../../src/ml/training/conformance.ts'
import type { AnyReport } from '../../src/ml/training/judged.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
  const random = randomOf(3)
  const lines = ['at,size,colour,took,parcels,star,trust']
  for (let i = 0; i < 1200; i++) {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 7_200_000).toISOString().slice(0, 19).replace('T', ' ')
    const size = Math.round(random() * 100) / 10
    const colour = size + random() * 3 < 4 ? 'red' : size + random() * 3 < 8 ? '초록' : 'blue'
    const took = (20 + size * 3 + random() * 6).toFixed(3)
    const parcels = Math.floor(size / 3 + random() * 2)
    lines.push(`${at},${size},${colour},${took},${parcels},${i > 1190 ? 9 : 1 + Math.floor(size / 2.6)},${1 + (i % 3)}`)
  }
  writeFileSync(join(w.folder, 'rides.csv'), `${lines.join('\n')}\n`)
})
afterAll(() => w.close())

const COLUMNS = { at: 'local timestamp', size: 'float64', colour: 'string', took: 'float64', parcels: 'int32', star: 'int64', trust: 'float64' } as const // biome-ignore format: one line
type Train = Parameters<Kitchen['train']>[2]

const learning = (
  name: string,
  options: object,
  more: { until?: string; input?: string[]; candidates?: Train['candidates'] } = {},
) =>
  recipe(name, (k) => {
    const rides = k.source(`${name}-rides`, csv('rides.csv', COLUMNS))
    const data = k.dataset(`${name}-data`, rides, {
      moment: 'at',
      split: byTime('at', {
        train: ['2026-01-01', more.until ?? '2026-03-01'],
        validate: ['2026-03-01', '2026-03-20'],
        test: ['2026-03-20', '2026-05-01'],
      }),
    })
    const candidates = more.candidates ?? [baseline(), baseline({ by: ['size'] })]
    const model = k.train(`${name}-model`, data, { features: ['size'], candidates, ...options } as never)
    k.serve(`${name}-live`, model, { entry: `${name}-rides`, input: more.input ?? ['at', 'size'] })
  })

const trained = async (made: ReturnType<typeof learning>) => {
  const result = await w.ran(made)
  return result.outputs.get(`${made.name}-model`) as TrainOutput
}
const asked = async (name: string, sizes: readonly number[]) => {
  const g = w.galley
  const live = await openEndpoint(
    {
      store: g.store,
      duckdb: g.ware.duckdb,
      scope: await g.scope(),
      clock: systemClock,
      log: g.log,
      ephemeral: true,
    } as never,
    `${name}-live`,
  )
  const answers = await live.predict(sizes.map((size) => ({ at: '2026-05-02 00:00:00', size })))
  await live.close()
  return { live, answers }
}
const of = (report: AnyReport) => report as unknown as Record<string, number>

test('one of several texts: learnt, chosen by log loss, gated, kept and served with a probability a class', async () => {
  const gate: Train['gate'] = (m) => m.validate.accuracy.gt(0.6).and(m.validate.logLoss.lt(m.baseline.validate.logLoss))
  const model = await trained(learning('colours', { target: 'colour', gate: gate as never, weight: 'trust' }))
  expect(model.goal).toEqual({ kind: 'multiclass' })
  expect(model.chosen.params).toEqual({ by: ['size'] })
  expect(of(model.chosen.test)['accuracy']).toBeGreaterThan(0.7)
  const { pack, evaluator } = await loadPackage(w.galley.store, await w.galley.scope(), model.blob)
  expect(pack).toMatchObject({ format: 3, threshold: null, model: { classes: ['blue', 'red', '초록'] } })
  expect(evaluator.outputs).toBe(3)
  const { live, answers } = await asked('colours', [0.5, 5, 9.5])
  expect(answers.map((a) => a.class)).toEqual(['red', '초록', 'blue'])
  for (const a of answers) {
    expect(Object.keys(a.probabilities ?? {})).toEqual(['blue', 'red', '초록'])
    expect(a.score).toBe(a.probabilities?.[String(a.class)])
    expect(a.positive).toBeUndefined()
  }
  expect(live.threshold).toBeNull()
  // what HTTP gives is what the contract says
  const shown = await w.client.models.get({ name: 'colours-model' })
  expect(shown.details).toMatchObject({ goal: { kind: 'multiclass' } })
})

test('a number: its mean by default, counts and quantiles by goal, judged by what the goal asks', async () => {
  const mean = await trained(learning('took', { target: 'took' }))
  expect(mean.goal).toEqual({ kind: 'regression', objective: 'squared' })
  expect(of(mean.chosen.test)['r2']).toBeGreaterThan(0.4)
  const { answers } = await asked('took', [1, 9])
  expect(answers[0]?.score).toBeLessThan(34)
  expect(answers[1]?.score).toBeGreaterThan(39)
  expect(Object.keys(answers[0] ?? {})).toEqual(['score'])

  // text is encoded by the mean of the target
  const more = { fit: [targetEncode(['colour'])], gate: ((m) => m.validate.r2.gt(0.9)) as Train['gate'] }
  const line = await trained(
    learning(
      'line',
      { target: 'took', ...more },
      { input: ['at', 'size', 'colour'], candidates: [baseline(), linear()] },
    ),
  )
  expect(line.chosen).toMatchObject({ trainer: 'linear' })
  await expect(trained(learning('line', { target: 'took' }, { candidates: [logistic()] }))).rejects.toMatchObject({ code: 'RECIPE_INVALID', fix: 'take baseline or linear or knn or mlp or auto or gbdt' }) // biome-ignore format: one line

  const goal = { kind: 'regression', objective: 'quantile', alpha: 0.9 } as const
  const high = await trained(learning('high', { target: 'took', goal }, { candidates: [baseline()] }))
  expect(of(high.chosen.validate)).toMatchObject({ alpha: 0.9 })
  expect(of(high.chosen.test)['below']).toBeGreaterThan(0.8)

  const counts = { target: 'parcels', goal: { kind: 'regression', objective: 'poisson' } }
  const gate: Train['gate'] = (m) => m.test.poissonDeviance.lt(m.baseline.test.poissonDeviance)
  await expect(trained(learning('parcels', { ...counts, gate: gate as never }, { candidates: [baseline()] }))).rejects.toMatchObject({ code: 'GATE_REFUSED' }) // biome-ignore format: one line
})

test.each([
  ['whole numbers without a goal', { target: 'star' }, {}, 'TRAIN_DATA', "goal: 'multiclass' or 'regression'"],
  ['a class that training has not', { target: 'star', goal: 'multiclass' }, {}, 'TRAIN_DATA', 'not in the training rows'], // biome-ignore format: one line
])('what the rows say: %s', async (_, options, more, code, words) => {
  const error = await trained(learning(`odd-${words.length}`, options, more)).catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ code })
  expect(JSON.stringify(error)).toContain(words)
})

test.each([
  ['several classes of a float', { target: 'took', goal: 'multiclass' }, 'it is a float64'],
  ['a number of a text', { target: 'colour', goal: 'regression' }, 'it is a string'],
  ['true or false of a text', { target: 'colour', goal: 'binary' }, 'derive a bool'],
  ['a goal that is none', { target: 'took', goal: 'regresion' }, "no goal 'regresion'"],
  [
    'an objective that is none',
    { target: 'took', goal: { kind: 'regression', objective: 'huber' } },
    "no objective 'huber'",
  ],
  ['a quantile without which', { target: 'took', goal: { kind: 'regression', objective: 'quantile' } }, "'alpha'"],
  ['an option that it has not', { target: 'took', goal: { kind: 'regression', alpha: 0.3 } }, "an option 'alpha'"],
  ['a target that is a time', { target: 'at' }, 'it is a local timestamp'],
  ['a weight of text', { target: 'took', weight: 'colour' }, "weigh rows by 'colour'"],
  ['the target as a weight', { target: 'took', weight: 'took' }, 'it is the target'],
  ['a metric of another goal', { target: 'took', gate: (m: { test: { auc: { gt(n: number): unknown } } }) => m.test.auc.gt(0.7) }, "'auc'"], // biome-ignore format: one line
])('refused when it is declared: %s', (_, options, words) => {
  const refused = () => {
    try {
      return learning('wrong', options)
    } catch (thrown) {
      return thrown
    }
  }
  expect(refused()).toMatchObject({ code: 'RECIPE_INVALID' })
  expect(JSON.stringify(refused())).toContain(words)
})
