import { describe, expect, test } from 'vitest'
import { auto, baseline, constant, gbdt, generate, hours, type Kitchen, knn, linear, logistic, poisson, recipe, standardise, targetEncode, values } from '../../src/index.ts' // biome-ignore format: one line
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import type { Candidate, Recipe } from '../../src/runs/specs.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('review')
const ROWS = 900

/** Rows with a bool, a text of three values, a number and a count to learn, of which `a` and `town` tell something. */
function dataset(k: Kitchen, rows = ROWS) {
  const raw = k.source(
    'raw',
    generate('raw', {
      ...{ rows, seed: 5 },
      columns: {
        id: values.sequence(),
        at: values.times({ start: '2026-01-01', every: hours(2) }),
        a: values.normal({ digits: 3 }),
        b: values.normal({ digits: 2, nulls: 0.1 }),
        luck: values.normal({ sd: 0.7 }),
        town: values.choice(['서울', 'Busan', 'Jeju'], { weights: [5, 3, 1], nulls: 0.05 }),
        old: values.chance(0.3),
        heavy: values.uniform('float64', { min: 0.5, max: 2 }),
        empty: values.normal({ nulls: 1 }),
        flat: values.choice([7]),
      },
    }),
  )
  const number = (x: number) => constant(x, 'float64')
  const text = (x: string) => constant(x, 'string')
  const made = raw
    .derive((r) => ({ pull: r.a.plus(r.luck).plus(r.town.eq('Jeju').choose(number(1), number(0))) }))
    .derive((r) => ({
      yes: r.pull.gt(0.4),
      number: r.pull.times(10).plus(50),
      count: r.pull.exp().floor().cast('int64'),
      copy: r.pull.gt(0.4).choose(number(3), number(0)),
      kind: r.pull.lt(-0.5).choose(text('low'), r.pull.gt(0.8).choose(text('high'), text('middle'))),
    }))
  return k.dataset('rows', made, {
    moment: 'at',
    split: (r) => ({ train: r.id.mod(5).lt(3), validate: r.id.mod(5).eq(3), test: r.id.mod(5).eq(4) }),
  })
}

async function reviewed(
  of: Recipe,
  id = 'review',
): Promise<{ output: EvaluateOutput; found: Evaluation; page: string }> {
  const { outputs } = await runner.run(of)
  const output = outputs.get(id) as EvaluateOutput
  const scope = await runner.galley().scope()
  const text = async (blob: string) => new TextDecoder().decode(await runner.galley().store.blobs.get(scope, blob))
  return { output, found: JSON.parse(await text(output.evaluation)) as Evaluation, page: await text(output.card) }
}

/** Nothing of the page is broken, and it is in both languages. */
function sound(page: string): void {
  const shown = page.replace(/<script[\s\S]*?<\/script>/g, '')
  expect(shown).not.toMatch(/undefined|NaN|\[object|\{[a-zA-Z]+\}/)
  const said = (language: string) => shown.split(`<span lang="${language}">`).length
  expect(said('en')).toBe(said('ko'))
}

describe.each<[string, Candidate, 'yes' | 'kind' | 'number' | 'count', string]>([
  ['baseline', baseline({ by: ['a'] }), 'yes', 'auc'],
  ['logistic', logistic(), 'yes', 'auc'],
  ['knn', knn({ k: 15 }), 'yes', 'auc'],
  ['gbdt', gbdt({ trees: 20, leaves: 8 }), 'yes', 'auc'],
  ['logistic of classes', logistic(), 'kind', 'logLoss'],
  ['gbdt of classes', gbdt({ trees: 10, leaves: 6 }), 'kind', 'logLoss'],
  ['linear', linear(), 'number', 'rmse'],
  ['gbdt of numbers', gbdt({ trees: 20, leaves: 8 }), 'number', 'rmse'],
  ['poisson', poisson(), 'count', 'poissonDeviance'],
])('%s', (_, candidate, target, metric) => {
  test('has a card: metrics within their bounds, beside a baseline, by segment, with what matters', async () => {
    const made = recipe('several', (k) => {
      const rows = dataset(k)
      const model = k.train('model', rows, {
        ...{ target, features: ['a', 'b'], fit: [targetEncode(['town'])].slice(target === 'kind' ? 1 : 0) },
        candidates: [candidate],
        ...(target === 'count' ? { goal: { kind: 'regression', objective: 'poisson' } as const } : {}),
      })
      k.evaluate('review', model, { segments: ['town', 'b'], groups: ['old'], resamples: 100 })
    })
    const { found, page, output } = await reviewed(made)
    sound(page)
    expect(found.main.metric).toBe(metric)
    for (const part of [found.validate, found.test])
      for (const [name, { value, low, high }] of Object.entries(part.metrics)) {
        expect(value, name).not.toBeNull()
        // resampled calibration errors lie above the one that was found
        if (name !== 'calibrationError') expect((low as number) <= (value as number) && (value as number) <= (high as number), `${name} ${low} ${value} ${high}`).toBe(true) // biome-ignore format: one line
      }
    expect(found.against?.name).toBe('baseline')
    expect(found.segments.map((s) => s.column)).toEqual(target === 'yes' ? ['town', 'b'] : ['town', 'b', 'old'])
    expect(found.segments[0]?.segments.at(-1)?.name).toBeNull()
    expect(found.fairness.length).toBe(target === 'yes' ? 1 : 0)
    expect(found.importance.features[0]?.feature).toBe('a')
    expect(Object.keys(found.leftOut)).toContain(target === 'yes' ? 'costs' : 'calibration')
    expect(output.suspects).toBe(0)
    // `b` is missing now and then, and then `a` alone tells rows apart
    for (const r of found.leaks.repeated) expect(r.rows).toBeLessThan(3)
  }, 60_000)
})

test('two models of the same rows, whose fits change columns in their place', async () => {
  const made = recipe('two', (k) => {
    const rows = dataset(k)
    const both = { target: 'yes' as const, candidates: [logistic()] }
    const good = k.train('good', rows, { ...both, features: ['a', 'b'], fit: [standardise(['a'])], weight: 'heavy' })
    const poor = k.train('poor', rows, { ...both, features: ['b', 'flat'] })
    k.evaluate('review', good, { against: poor, costs: { falsePositive: 1, falseNegative: 3 }, segments: ['a'], resamples: 200 }) // biome-ignore format: one line
  })
  const { found, page } = await reviewed(made)
  sound(page)
  expect(found.against?.name).toBe('poor@1')
  const auc = found.against?.metrics['auc']
  expect(auc?.first).toBeCloseTo(found.test.metrics['auc']?.value as number, 12)
  expect(auc?.second as number).toBeLessThan(0.6)
  expect(auc?.difference.low as number).toBeGreaterThan(0.1)
  expect(found.costs?.threshold.value as number).toBeGreaterThan(0)
  // a segment is told by what the dataset has, not by what a fit made of it
  expect(found.segments[0]?.segments.length).toBe(4)
})

test('a threshold is what the recipe says, or the cheapest by its costs, for all that judges and serves the model', async () => {
  const costs = { falsePositive: 1, falseNegative: 6 }
  const made = recipe('thresholds', (k) => {
    const rows = dataset(k)
    const both = { target: 'yes' as const, features: ['a', 'b'] as const, candidates: [logistic()] }
    const cheap = k.train('cheap', rows, { ...both, threshold: costs })
    k.evaluate('by-costs', cheap, { costs, resamples: 100 })
    k.evaluate('by-score', k.train('said', rows, { ...both, threshold: 0.3 }), { resamples: 100 })
    k.evaluate('by-f1', k.train('plain', rows, both), { costs, resamples: 100 })
  })
  const [byCosts, byScore, byF1] = [await reviewed(made, 'by-costs'), await reviewed(made, 'by-score'), await reviewed(made, 'by-f1')] // biome-ignore format: one line
  for (const { page } of [byCosts, byScore, byF1]) sound(page)
  expect(byCosts.found).toMatchObject({ chosenBy: 'costs', threshold: byF1.found.costs?.threshold.value })
  expect(byCosts.found.threshold as number).toBeLessThan(byF1.found.threshold as number)
  expect(byCosts.page).toContain('the cheapest on validation rows')
  expect(byScore.found).toMatchObject({ chosenBy: 'recipe', threshold: 0.3 })
  expect(byScore.page).toContain('as the recipe says')
  expect(byF1.found.chosenBy).toBeUndefined()
  // what the model's own threshold costs stands beside the cheapest, and how to have that
  expect(byF1.found.costs?.own?.threshold).toBe(byF1.found.threshold)
  expect([byCosts, byF1].map(({ page }) => page.includes('threshold of k.train, with the same costs'))).toEqual([false, true]) // biome-ignore format: one line
})

test('a copy of the target, columns that are empty or constant, and few rows', async () => {
  const made = recipe('leaky', (k) => {
    const rows = dataset(k, 150)
    const model = k.train('model', rows, { target: 'yes', features: ['copy', 'empty', 'flat'], candidates: [gbdt({ trees: 5, leaves: 4 })] }) // biome-ignore format: one line
    k.evaluate('review', model, { segments: ['empty', 'flat', 'town'], groups: ['town'], curves: true, resamples: 100 })
  })
  const { found, output, page } = await reviewed(made)
  sound(page)
  expect(output.suspects).toBe(1)
  expect(found.leaks.alone[0]).toMatchObject({ feature: 'copy', suspect: 'copy' })
  // three features of a few values: all rows repeat
  expect(found.leaks.repeated[1]).toMatchObject({ rows: 30, of: 30, sameTarget: 30 })
  expect(found.curve?.quality.tells).toBe(false)
  expect(found.segments.flatMap((s) => s.segments).every((s) => !s.worse)).toBe(true)
})

describe('with learning curves', () => {
  const made = (name: string, rows?: number) =>
    recipe(name, (k) => {
      const model = k.train('model', dataset(k, rows), { target: 'yes', features: ['a', 'b'], candidates: [gbdt({ trees: 30 })] }) // biome-ignore format: one line
      k.evaluate('review', model, { curves: true, resamples: 100, seed: 9 })
    })
  const runWith = async (of: Recipe, threads: number, on: (e: RunEvent) => void, signal: AbortSignal) => {
    const galley = runner.galley()
    return run({ ...galley.ware, threads }, await galley.scope(), of, { folder: galley.config.home, signal, on })
  }

  test('another number of threads finds the same', async () => {
    const { signal } = new AbortController()
    const [one, two] = [await runWith(made('one'), 1, () => {}, signal), await runWith(made('two'), 2, () => {}, signal)] // biome-ignore format: one line
    expect(two.cached).not.toContain('review')
    expect(two.outputs.get('review')?.hash).toBe(one.outputs.get('review')?.hash)
  }, 60_000)

  test('of a search they are of its best single model, without searching again', async () => {
    const searched = recipe('searched', (k) => {
      const model = k.train('model', dataset(k), { target: 'yes', features: ['a', 'b'], candidates: [auto({ seconds: 0, trials: 4 })] }) // biome-ignore format: one line
      k.evaluate('review', model, { curves: true, resamples: 100, seed: 9 })
    })
    const { found, page } = await reviewed(searched)
    expect(found.model.kind).toBe('auto')
    expect(found.curve?.points.length).toBeGreaterThan(2)
    expect(page).toContain(`The best single model of the search (${found.curve?.of})`)
  }, 60_000)

  test('it stops on the signal', async () => {
    const stop = new AbortController()
    let asked = false
    const on = (e: RunEvent) => {
      if (e.type !== 'progress' || e.step !== 'review' || asked) return
      asked = true
      stop.abort()
    }
    await expect(runWith(made('stopped', 4000), 2, on, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(asked).toBe(true)
  }, 60_000)
})

test('what can not be judged is said when the recipe is declared', () => {
  const declared = (evaluate: (k: Kitchen, model: { step: string }) => void, goal: 'yes' | 'number' = 'yes') =>
    recipe('bad', (k) => {
      const model = k.train('model', dataset(k), { target: goal, features: ['a'], candidates: [gbdt()] })
      evaluate(k, model)
    })
  const threshold = (said: never, target: 'yes' | 'number' = 'yes') => () => recipe('bad', (k) => void k.train('m', dataset(k), { target, features: ['a'], candidates: [gbdt()], threshold: said })) // biome-ignore format: one line
  const refused = (evaluate: (k: Kitchen, model: { step: string }) => void, goal?: 'number') => {
    try {
      declared(evaluate, goal)
    } catch (error) {
      return String((error as Error).message)
    }
    return ''
  }
  expect(refused((k, m) => k.evaluate('r', m, { segments: ['nowhere'] }))).toContain("'nowhere'")
  expect(refused((k) => k.evaluate('r', { step: 'rows' }))).toContain('no model to judge')
  expect(refused((k, m) => k.evaluate('r', m, { costs: { falsePositive: 0, falseNegative: 2 } }))).toContain('one mistake alone') // biome-ignore format: one line
  expect(refused((k, m) => k.evaluate('r', m, { costs: { falsePositive: 1, falseNegative: Number.NaN } }))).toContain('NaN') // biome-ignore format: one line
  expect(refused((k, m) => k.evaluate('r', m, { costs: { falsePositive: 1, falseNegative: 2 } }), 'number')).toContain('tells no yes') // biome-ignore format: one line
  expect(threshold({ falsePositive: 1, falseNegative: 2 } as never, 'number')).toThrow("'m' is given a threshold")
  expect(threshold(1.5 as never)).toThrow('the threshold 1.5')
  expect(threshold('f1' as never)).toThrow('the threshold f1')
  expect(threshold('0.5' as never)).toThrow('the threshold 0.5')
  expect(threshold(0.5 as never, 'number')).toThrow('tells no yes')
  expect(threshold({ falsePositive: 0, falseNegative: 2 } as never)).toThrow('one mistake alone')
  expect(refused((k, m) => k.evaluate('r', m, { against: m }))).toContain('same model')
  expect(refused((k, m) => k.evaluate('r', m, { resamples: 3 }))).toContain('100 to 10000')
  expect(refused((k, m) => k.evaluate('r', m, { segmants: ['a'] } as never))).toContain("no option 'segmants'")
})
