import { describe, expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Schema, Type } from '../../plan/types.ts'
import { type Aim, aimOf, type Goal, linkOf } from '../../runs/goal.ts'
import { beginsAgain } from './conformance.journal.ts'
import { failure, quiet, randomOf, relationOf } from './conformance.ts'
import { inOrder } from './labels.ts'
import { quantileOf } from './quantiles.ts'
import { softmaxInPlace } from './softmax.ts'
import type { TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** A goal of each name. */
const GOALS: Readonly<Record<Aim, Goal>> = {
  binary: { kind: 'binary' },
  multiclass: { kind: 'multiclass' },
  ranking: { kind: 'ranking', group: 'q' },
  squared: { kind: 'regression', objective: 'squared' },
  absolute: { kind: 'regression', objective: 'absolute' },
  quantile: { kind: 'regression', objective: 'quantile', alpha: 0.8 },
  poisson: { kind: 'regression', objective: 'poisson' },
  tweedie: { kind: 'regression', objective: 'tweedie', power: 1.5 },
}
const WORDS = ['red', 'green', 'blue', '가']
const FEATURES = ['a', 'b', 'constant']
type Row = Record<string, Value>

const typeOf = (goal: Goal): Type =>
  goal.kind === 'binary' ? 'bool' : goal.kind === 'multiclass' ? 'string' : 'float64'

const schemaOf = (y: Type): Schema => [
  { name: 'a', type: 'float64', nullable: true },
  { name: 'b', type: 'int32', nullable: false },
  { name: 'constant', type: 'float32', nullable: false },
  { name: 'w', type: 'float64', nullable: true },
  { name: 'word', type: 'string', nullable: false },
  { name: 'q', type: 'string', nullable: true },
  { name: 'y', type: y, nullable: true },
]
/** Rows of a group, which do not stand together. */
const GROUP = 12

/** Rows whose target leans on `a` (missing in a tenth of them) and `b`. */
function rowsOf(goal: Goal, count: number, seed = 1): Row[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const a = random() < 0.1 ? null : random() * 4 - 2
    const b = Math.floor(random() * 24)
    const lean = (a ?? 1) + (b - 12) / 6
    const noise = random() + random() + random() - 1.5
    const w = Math.floor(random() * 4) / 2 + 0.5
    const y =
      goal.kind === 'binary'
        ? lean + noise * 2 > 0
        : goal.kind === 'ranking'
          ? Math.max(0, Math.min(4, Math.floor(lean + noise + 1)))
          : goal.kind === 'multiclass'
            ? (WORDS[Math.max(0, Math.min(3, Math.floor(lean + noise + 1.5)))] as string)
            : linkOf(goal) === 'log'
              ? Math.floor(Math.exp(lean / 3 + noise))
              : 100 + lean * 3 + noise * 2
    return { a, b, constant: 7, w, word: 'x', q: `q${i % Math.ceil(count / GROUP)}`, y }
  })
}

/** The suite of a trainer for every goal that it names. `make` gives the trainer and parameters that keep a training short. */
export function goalConformance(
  aims: readonly Aim[],
  make: (aim: Aim) => Promise<{ trainer: Trainer; params?: TrainTask['params'] }>,
): void {
  test('names the goals that this suite is run for', async () => {
    const { trainer } = await make(aims[0] as Aim)
    expect([...trainer.goals].sort()).toEqual([...aims].sort())
  })
  describe.each(aims)('%s', (aim) => oneGoal(GOALS[aim], async () => make(aim)))
}

function oneGoal(goal: Goal, make: () => Promise<{ trainer: Trainer; params?: TrainTask['params'] }>): void {
  const type = typeOf(goal)
  const taskOf = async (rows: readonly Row[], more: Partial<TrainTask> = {}, y = type): Promise<TrainTask> => {
    const [train, { params = {} }] = [relationOf(schemaOf(y), rows), await make()]
    return { train, features: FEATURES, target: 'y', goal, params, seed: 7, threads: 1, ...more }
  }
  const learn = async (rows: readonly Row[], more: Partial<TrainTask> = {}, y = type): Promise<TrainedModel> =>
    (await make()).trainer.train(await taskOf(rows, more, y), quiet())
  const probes = [
    ...rowsOf(goal, 60, 9).map((row) => FEATURES.map((name) => (row[name] === null ? Number.NaN : Number(row[name])))),
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((x) => FEATURES.map(() => x)),
  ]
  const score = async (model: TrainedModel, rows: readonly number[][] = probes): Promise<Float64Array> => {
    const { trainer } = await make()
    const evaluator = trainer.load(JSON.parse(JSON.stringify(model)) as TrainedModel)
    const out = new Float64Array(rows.length * evaluator.outputs)
    const columns = evaluator.inputs.map((_, f) => Float64Array.from(rows, (row) => row[f] as number))
    evaluator.many(columns, rows.length, out)
    return out
  }

  const many = rowsOf(goal, 5000)
  let first: Promise<TrainedModel> | undefined
  /** Learnt once, on one thread and with weights. */
  const once = () => (first ??= learn(many, { weight: 'w' }))

  test('gives the same model on one thread and on two, however the rows are cut, with weights', async () => {
    const train = relationOf(schemaOf(type), many, 1733)
    expect(JSON.stringify(await learn(many, { weight: 'w', threads: 2, train }))).toBe(JSON.stringify(await once()))
  })

  beginsAgain(async (more) => {
    const { trainer } = await make()
    return { trainer, task: await taskOf(many, more), whole: more.weight ? await once() : await learn(many) }
  })

  test('says its goal and classes, and scores by `one` as by `many`', async () => {
    const { trainer } = await make()
    const model = await once()
    expect(model.goal).toEqual(goal.kind === 'binary' ? undefined : goal)
    expect(model.classes).toEqual(goal.kind === 'multiclass' ? [...WORDS].sort(inOrder) : undefined)
    const evaluator = trainer.load(model)
    expect(evaluator.outputs).toBe(goal.kind === 'multiclass' ? WORDS.length : 1)
    const n = evaluator.outputs
    const scores = await score(model)
    for (const [i, row] of probes.entries()) {
      const out = new Float64Array(n)
      const answer = evaluator.one(Float64Array.from(row), out)
      const own = scores.subarray(i * n, (i + 1) * n)
      if (n > 1) expect(out).toEqual(own)
      expect(answer).toBe(n === 1 ? own[0] : own.indexOf(Math.max(...own)))
      expect(own.every(Number.isFinite)).toBe(true)
      if (linkOf(goal) === 'logit') expect(own.every((p) => p >= 0 && p <= 1)).toBe(true)
      if (n > 1)
        expect(
          own.reduce((sum, p) => sum + p, 0),
          String(i),
        ).toBeCloseTo(1, 9)
      if (linkOf(goal) === 'log') expect(own[0]).toBeGreaterThanOrEqual(0)
    }
  })

  test('tells what each feature adds to a score, where it can', async () => {
    const { trainer } = await make()
    const { contributions, inputs, outputs: n, ...evaluator } = trainer.load(await once())
    if (!contributions) return
    const link = (scores: Float64Array): void => {
      if (n > 1) softmaxInPlace(scores, 0, n)
      else if (linkOf(goal) === 'logit') scores[0] = 1 / (1 + Math.exp(-(scores[0] as number)))
      else if (linkOf(goal) === 'log') scores[0] = Math.exp(scores[0] as number)
    }
    for (const row of probes) {
      const [told, out] = [new Float64Array((inputs.length + 1) * n), new Float64Array(n)]
      contributions(Float64Array.from(row), told)
      const sums = Float64Array.from(out, (_, k) =>
        told.subarray(k * (inputs.length + 1), (k + 1) * (inputs.length + 1)).reduce((sum, x) => sum + x, 0),
      )
      link(sums)
      const one = evaluator.one(Float64Array.from(row), out)
      if (n === 1) out[0] = one
      for (const [k, sum] of sums.entries()) expect(Math.abs(sum - (out[k] as number))).toBeLessThan(1e-9 * (1 + Math.abs(sum))) // biome-ignore format: one line
      // a constant column says nothing
      for (let k = 0; k < n; k++) expect(told[k * (inputs.length + 1) + 2]).toBe(0)
    }
  })

  test('of one constant column is the rate, the mean or the quantile, by weight', async () => {
    const rows = rowsOf(goal, 601)
    for (const weight of [undefined, 'w']) {
      const model = await learn(rows, { features: ['constant'], params: {}, ...(weight ? { weight } : {}) })
      const w = Float64Array.from(rows, (row) => (weight ? Number(row['w']) : 1))
      const all = w.reduce((sum, x) => sum + x, 0)
      const share = (of: (y: Value) => number): number =>
        rows.reduce((sum, row, i) => sum + (w[i] as number) * of(row['y'] ?? null), 0) / all
      const got = await score(model, [[7]])
      const y = Float64Array.from(rows, (row) => Number(row['y']))
      const expected =
        goal.kind === 'multiclass'
          ? (model.classes ?? []).map((c) => share((v) => Number(v === c)))
          : aimOf(goal) === 'absolute' || aimOf(goal) === 'quantile'
            ? [quantileOf(y, aimOf(goal) === 'absolute' ? 0.5 : 0.8, weight ? w : undefined)]
            : [share(Number)]
      // an order begins anywhere
      if (goal.kind === 'ranking') expect(Number.isFinite(got[0])).toBe(true)
      else for (const [k, value] of expected.entries()) expect(got[k]).toBeCloseTo(value, 4)
    }
  })

  test('takes ten rows, infinite values, missing columns and weights of 0', async () => {
    const ten = rowsOf(goal, 40).filter((row, i, all) => all.findIndex((r) => r['y'] === row['y']) === i || i < 6)
    expect((await score(await learn(ten.slice(0, 10)))).every(Number.isFinite)).toBe(true)
    const odd: Row[] = rowsOf(goal, 800).map((row, i) => ({ ...row, a: [1 / 0, -1 / 0, null][i % 3] ?? null }))
    const none = odd.map((row, i) => ({ ...row, ...(i % 5 === 0 ? { a: null } : {}), w: i % 2 }))
    expect((await score(await learn(none, { weight: 'w' }))).every(Number.isFinite)).toBe(true)
  })

  const rows = rowsOf(goal, 60)
  const withFirst = (more: Row): Row[] => [{ ...rows[0], ...more }, ...rows.slice(1)]
  const refused: [string, Row[], Partial<TrainTask>, Type, string][] = [
    ['no rows', [], {}, type, 'no rows'],
    ['a missing label', withFirst({ y: null }), {}, type, 'missing'],
    ['a negative weight', withFirst({ w: -1 }), { weight: 'w' }, type, '"w"'],
    ['a missing weight', withFirst({ w: null }), { weight: 'w' }, type, 'missing'],
    ['an infinite weight', withFirst({ w: 1 / 0 }), { weight: 'w' }, type, 'Infinity'],
    ['weights of 0 alone', rows.map((r) => ({ ...r, w: 0 })), { weight: 'w' }, type, '"w"'],
    ['a weight of text', rows, { weight: 'word' }, type, '"word"'],
  ]
  for (const w of [1e300, 1e-300]) refused.push([`weights of ${w}`, rows.map((r) => ({ ...r, w })), { weight: 'w' }, type, 'on average']) // biome-ignore format: one line
  if (goal.kind === 'ranking') {
    refused.push(['a label below 0', withFirst({ y: -1 }), {}, type, '-1'])
    refused.push(['a label that is no whole number', withFirst({ y: 1.5 }), {}, type, '1.5'])
    refused.push(['a label above 31', withFirst({ y: 32 }), {}, type, '32'])
    refused.push(['a missing group', withFirst({ q: null }), {}, type, '1 of 60 rows have no group'])
    refused.push(['groups of one row', rows.map((r, i) => ({ ...r, q: String(i) })), {}, type, 'no order to learn'])
    refused.push(['groups of one label', rows.map((r) => ({ ...r, q: String(r['y']) })), {}, type, 'no order to learn'])
    refused.push(['the target as the group', rows, { goal: { kind: 'ranking', group: 'y' } }, type, '"y"'])
  }
  if (goal.kind === 'regression' || goal.kind === 'ranking') {
    refused.push(['a label of text', rows.map((r) => ({ ...r, y: 'x' })), {}, 'string', '"y"'])
    refused.push(['an infinite label', withFirst({ y: 1 / 0 }), {}, type, 'Infinity'])
    refused.push(['a label that is NaN', withFirst({ y: Number.NaN }), {}, type, 'missing'])
  }
  if (linkOf(goal) === 'log') refused.push(['a negative label', withFirst({ y: -1 }), {}, type, '-1'])
  if (linkOf(goal) === 'logit')
    refused.push(['one class', rows.map((r) => ({ ...r, y: rows[0]?.['y'] ?? null })), {}, type, 'one class'])
  if (goal.kind === 'multiclass')
    refused.push(['a class a row', rowsOf(goal, 1200).map((r, i) => ({ ...r, y: `k${i}` })), {}, type, '1000'])
  test.each(refused)('refuses %s', async (_, some, more, y, words) => {
    const error = await failure(learn(some, more, y))
    expect(error.code).toBe('TRAIN_DATA')
    expect(error.message).toContain(words)
    if (words === 'missing' && !more.weight) expect(error.fix).toContain(`.reject((r) => r["y"].isNull(), 'no y', { when: 'training' })`) // biome-ignore format: one line
  })

  if (goal.kind === 'ranking')
    test('takes groups that are texts, whole numbers or times, and knows them by what they are alone', async () => {
      const some = rowsOf(goal, 600)
      const first = JSON.stringify(await learn(some))
      for (const type of ['int64', 'timestamp'] as const) {
        const schema = schemaOf('float64').map((f) => (f.name === 'q' ? { ...f, type } : f))
        const named = some.map((r) => ({ ...r, q: 2n ** 60n - BigInt(String(r['q']).slice(1)) }))
        expect(JSON.stringify(await learn(some, { train: relationOf(schema, named) }))).toBe(first)
      }
    })

  if (goal.kind === 'multiclass')
    test('takes classes that are whole numbers or bools, in their order', async () => {
      const some = rowsOf(goal, 400)
      const numbers = some.map((r) => ({ ...r, y: BigInt(WORDS.indexOf(String(r['y'])) * 5 - 10) }))
      expect((await learn(numbers, {}, 'int64')).classes).toEqual([-10, -5, 0, 5])
      const bools = some.map((r) => ({ ...r, y: r['y'] === 'red' }))
      expect((await learn(bools, {}, 'bool')).classes).toEqual([false, true])
    })
}
