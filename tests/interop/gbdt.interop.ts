import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evaluate } from '../../src/ml/evaluation/evaluate.ts'
import { evaluateClasses } from '../../src/ml/evaluation/multiclass.ts'
import { evaluateNumbers } from '../../src/ml/evaluation/regression.ts'
import { randomOf, relationOf } from '../../src/ml/training/conformance.ts'
import { gbdt } from '../../src/ml/training/gbdt/gbdt.ts'
import type { TrainTask } from '../../src/ml/training/trainer.ts'
import type { Goal } from '../../src/runs/goal.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const ROWS = 24_000
const TRAIN = 16_000
const FEATURES = ['a', 'b', 'c', 'd', 'e', 'f']
const PLACED = [...FEATURES, 'g']
/** Codes of 60 places, of which some stand out. */
const PLACES = Array.from({ length: 60 }, (_, i) => ((i * i * 31 + 7) % 17) / 10)

const random = randomOf(17)
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const rows = Array.from({ length: ROWS }, () => {
  const [a, b, c, d] = [random(), random(), random(), random()] as [number, number, number, number]
  const [e, f] = [random() < 0.1 ? null : random(), Math.floor(random() * 7)]
  const g = Math.floor(random() ** 2 * 60)
  const lean = Math.sin(6 * a) + 2 * b * c + (e === null ? 0.7 : e) + (f === 3 ? 1 : 0) + d / 4
  // counts with the mean exp(lean / 2), by Knuth's product
  let count = 0
  for (let p = random(), limit = Math.exp(-Math.exp(lean / 2)); p > limit; p *= random()) count++
  return {
    ...{ a, b, c, d, e, f, g, w: 0.5 + Math.floor(random() * 4), number: 10 * lean + 3 * (1 + a) * normal(), count },
    amount: count === 0 ? 0 : count * (0.5 + random()),
    colour: Math.max(0, Math.min(3, Math.floor(lean + normal() / 2))),
    yes: Number(lean + normal() > 2),
    placed: 10 * (lean + (PLACES[g] ?? 0)) + 3 * (1 + a) * normal(),
    there: Number(lean + (PLACES[g] ?? 0) + normal() > 2.8),
  }
})
const schema = Object.keys(rows[0] ?? {}).map((name) => ({
  name,
  type: name === 'colour' ? ('int32' as const) : ('float64' as const),
  nullable: true,
}))

type Row = (typeof rows)[number]
interface Case {
  readonly goal: Goal
  readonly target: keyof Row
  readonly theirs: Record<string, unknown>
  readonly judge: (scores: Float64Array, y: Float64Array) => [name: string, value: number]
  readonly ours?: TrainTask['params']
  readonly weighted?: boolean
  readonly features?: readonly string[]
}
const number =
  (name: 'rmse' | 'mae' | 'pinball' | 'poissonDeviance' | 'tweedieDeviance', options = {}): Case['judge'] =>
  (p, y) => [name, evaluateNumbers(p, y, options)[name] as number]
const regression = (objective: 'squared' | 'absolute' | 'quantile' | 'poisson' | 'tweedie', more = {}): Goal => ({
  kind: 'regression',
  objective,
  ...more,
})
const loss: Case['judge'] = (p, y) => ['log loss', evaluate(p, Uint8Array.from(y)).logLoss as number]
const rmse = number('rmse')
const CASES: readonly Case[] = [
  { goal: regression('squared'), target: 'number', theirs: { objective: 'regression' }, judge: rmse },
  { goal: regression('squared'), target: 'number', theirs: { objective: 'regression' }, judge: rmse, weighted: true },
  {
    goal: regression('squared'),
    target: 'number',
    theirs: { objective: 'regression', lambda_l1: 50, lambda_l2: 20 },
    ours: { l1: 50, lambda: 20 },
    judge: rmse,
  },
  {
    goal: regression('squared'),
    target: 'number',
    theirs: { objective: 'regression', monotone_constraints: [0, 1, 1, 0, 0, 0] },
    ours: { increasing: ['b', 'c'] },
    judge: rmse,
  },
  {
    goal: regression('squared'),
    target: 'number',
    theirs: { objective: 'regression', bagging_fraction: 0.6, bagging_freq: 1, feature_fraction: 0.7 },
    ours: { rowFraction: 0.6, columnFraction: 0.7 },
    judge: rmse,
  },
  { goal: regression('absolute'), target: 'number', theirs: { objective: 'l1' }, judge: number('mae') },
  {
    goal: regression('quantile', { alpha: 0.9 }),
    target: 'number',
    theirs: { objective: 'quantile', alpha: 0.9 },
    judge: number('pinball', { alpha: 0.9 }),
  },
  { goal: regression('poisson'), target: 'count', theirs: { objective: 'poisson' }, judge: number('poissonDeviance') },
  {
    goal: regression('tweedie', { power: 1.4 }),
    target: 'amount',
    theirs: { objective: 'tweedie', tweedie_variance_power: 1.4 },
    judge: number('tweedieDeviance', { power: 1.4 }),
  },
  {
    goal: { kind: 'multiclass' },
    target: 'colour',
    theirs: { objective: 'multiclass', num_class: 4 },
    judge: (p, y) => ['log loss', evaluateClasses(p, y, [0, 1, 2, 3]).logLoss as number],
  },
  { goal: { kind: 'binary' }, target: 'yes', theirs: { objective: 'binary' }, judge: loss },
  { goal: { kind: 'binary' }, target: 'yes', theirs: { objective: 'binary' }, judge: loss, weighted: true },
  {
    goal: regression('squared'),
    target: 'placed',
    features: PLACED,
    theirs: { objective: 'regression', categorical_feature: [5, 6] },
    ours: { categorical: ['f', 'g'] },
    judge: rmse,
  },
  {
    goal: { kind: 'binary' },
    target: 'there',
    features: PLACED,
    theirs: { objective: 'binary', categorical_feature: [6], cat_smooth: 30, cat_l2: 2 },
    ours: { categorical: ['g'], catSmooth: 30, catL2: 2 },
    judge: loss,
  },
  {
    goal: regression('squared'),
    target: 'number',
    theirs: { objective: 'regression', interaction_constraints: [[0, 1], [2, 3], [4, 5]] }, // biome-ignore format: one line
    ours: { interactions: [['a', 'b'], ['c', 'd'], ['e', 'f']] }, // biome-ignore format: one line
    judge: rmse,
  },
]
const COMMON = { trees: 60, leaves: 15 }

/** Parameters are the same; what is compared is how well the rows are told that neither has seen, within half a percent. */
test('LightGBM does as well as Galley', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
  try {
    const file = join(folder, 'asked.json')
    const targets = Object.fromEntries(CASES.map(({ target }) => [target, rows.map((r) => r[target])]))
    const models = CASES.map(({ target, theirs, weighted = false, features = FEATURES }) => ({
      ...{ target, weighted, features: features.length, trees: COMMON.trees },
      params: { num_leaves: COMMON.leaves, learning_rate: 0.1, min_data_in_leaf: 20, ...theirs },
    }))
    const columns = PLACED.map((name) => rows.map((r) => r[name as 'a']))
    writeFileSync(file, JSON.stringify({ columns, targets, weights: rows.map((r) => r.w), train: TRAIN, models }))
    const out = execFileSync(python, [join(import.meta.dirname, 'gbdt.py'), file], {
      maxBuffer: 2 ** 28,
      encoding: 'utf8',
    })
    const { answers } = JSON.parse(out) as { answers: number[][] }
    const [train, test] = [rows.slice(0, TRAIN), rows.slice(TRAIN)]
    for (const [i, { goal, target, judge, ours = {}, weighted, theirs, features = FEATURES }] of CASES.entries()) {
      const task: TrainTask = {
        ...{ train: relationOf(schema, train), features, target, goal, params: { ...COMMON, ...ours } },
        ...{ seed: 1, threads: 2, ...(weighted ? { weight: 'w' } : {}) },
      }
      const model = gbdt.load(await gbdt.train(task, { signal: new AbortController().signal, progress: () => {} }))
      const scores = new Float64Array(test.length * model.outputs)
      const values = features.map((name) => Float64Array.from(test, (r) => r[name as 'a'] ?? Number.NaN))
      model.many(values, test.length, scores)
      const y = Float64Array.from(test, (r) => Number(r[target]))
      const [name, own] = judge(scores, y)
      const [, other] = judge(Float64Array.from(answers[i] ?? []), y)
      const what = `${JSON.stringify(theirs)}${weighted ? ' weighted' : ''}: ${name} ${own.toFixed(5)}, LightGBM ${other.toFixed(5)}`
      process.stdout.write(`${what}\n`)
      expect(own, what).toBeLessThan(other * 1.005)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
