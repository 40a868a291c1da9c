import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import type { Schema } from '../../../plan/types.ts'
import { evaluate } from '../../evaluation/evaluate.ts'
import { randomOf, relationOf } from '../conformance.ts'
import { gbdt } from '../gbdt/gbdt.ts'
import { logistic } from '../logistic.ts'
import { score } from '../scores.ts'
import type { TrainTask } from '../trainer.ts'
import { scoreOnDevice } from './score.ts'
import { judgedOn } from './testing.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }
const NAMES = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'n', 'flag']
const SCHEMA: Schema = [
  ...NAMES.slice(0, 7).map((name) => ({ name, type: 'float64' as const, nullable: true })),
  { name: 'n', type: 'int32', nullable: false },
  { name: 'flag', type: 'bool', nullable: false },
  { name: 'y', type: 'bool', nullable: false },
]

/** Rows whose odds have a linear part, a step and a product, and that miss a value in twenty. */
function rowsOf(count: number, seed: number): Record<string, Value>[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const x = Array.from({ length: 7 }, () => random() * 2 - 1)
    const n = Math.floor(random() * 12)
    const flag = random() < 0.3
    const odds = 1.5 * (x[0] ?? 0) - (x[1] ?? 0) + 2 * (x[2] ?? 0) * (x[3] ?? 0) + (n > 8 ? 1 : 0) - (flag ? 0.7 : 0)
    const y = random() < 1 / (1 + Math.exp(-odds))
    const kept = x.map((v) => (random() < 0.05 ? null : v))
    return { ...Object.fromEntries(kept.map((v, i) => [`x${i}`, v])), n, flag, y }
  })
}

test('20,000 rows go up once; models and metrics come down, and are those of the host', {
  timeout: 240_000,
}, async () => {
  const rows = rowsOf(20_000, 1)
  const unseen = rowsOf(8000, 2)
  const [train, judge] = [await onDevice(SCHEMA, rows), await onDevice(SCHEMA, unseen)]
  const bytes = 20_000 * (7 * 8 + 4) + (7 + 2) * 4 * Math.ceil(20_000 / 32)
  expect(train.ledger.total()).toMatchObject({ up: bytes, down: 0, readbacks: 0 })
  const task = (relation: TrainTask['train'], params: TrainTask['params']): TrainTask => ({
    ...{ train: relation, features: NAMES, target: 'y', params, seed: 1, threads: 1 },
  })
  const size = { trees: 6, leaves: 12, learningRate: 0.4 }
  for (const [trainer, params, down] of [
    // the labels; the state of the descent, its weights three times; a record and a scaling a column
    [logistic, {}, 16 + 4 * (8 + 3 * 20) + (64 + 28) * 9],
    // labels, borders and values of each feature and what it gained; a tree's nodes, its leaves' values and rows, and where it stands
    [gbdt, size, 16 + (8 + 8) * 9 + 4 * 32 + 6 * 4 * (1 + 11 * 4 + 2 * 12)],
  ] as const) {
    const before = train.ledger.total()
    const model = await trainer.train(task(train.relation, params), ctx)
    const after = train.ledger.total()
    expect({ down: after.down - before.down, readbacks: after.readbacks - before.readbacks }).toEqual({
      ...{ down, readbacks: 2 },
    })
    // places and parameters alone go up
    expect(after.up - before.up).toBeLessThan(30_000)

    const judged = judge.ledger.total()
    const report = await judgedOn(judge.table, model)
    const told = judge.ledger.total()
    expect([told.readbacks - judged.readbacks, told.down - judged.down]).toEqual([1, 324])
    const host = await trainer.train(task(relationOf(SCHEMA, rows), params), ctx)
    const evaluator = trainer.load(host)
    const { scores, labels } = await score(evaluator, relationOf(SCHEMA, unseen), 'y')
    const expected = evaluate(scores, labels)
    expect(expected.auc).toBeGreaterThan(0.74)
    expect(report.positives).toBe(expected.positives)
    expect(Math.abs((report.auc ?? 0) - (expected.auc ?? 0))).toBeLessThan(1e-5)
    expect(Math.abs((report.logLoss ?? 0) - (expected.logLoss ?? 0))).toBeLessThan(1e-5)
    expect(Math.abs((report.brier ?? 0) - (expected.brier ?? 0))).toBeLessThan(1e-5)
    expect(Math.abs((report.confusion.f1 ?? 0) - (expected.confusion.f1 ?? 0))).toBeLessThan(1e-3)

    const job = new Job(judge.table)
    const own = await scoreOnDevice(job, judge.table, host)
    const got = new Float32Array((await job.download([{ from: own, at: 0, words: unseen.length }])).buffer)
    for (const [i, s] of got.entries()) expect(Math.abs(1 / (1 + Math.exp(-s)) - (scores[i] ?? 0))).toBeLessThan(1e-6)
    job.close()
  }
  train.relation.close()
  judge.relation.close()
})

test('metrics of ties, of one class and of no rows are those of the host', async () => {
  for (const count of [0, 1, 5, 300]) {
    const rows = rowsOf(count, 3).map((r, i) => ({ ...r, x0: [0, 1, 9, -9, null][i % 5] ?? null, y: count > 1 && i % 3 === 0 })) // biome-ignore format: one line
    const { table, relation } = await onDevice(SCHEMA, rows)
    const learnt = await logistic.train({ train: relationOf(SCHEMA, rowsOf(500, 4)), features: ['x0'], target: 'y', params: {}, seed: 1, threads: 1 }, ctx) // biome-ignore format: one line
    const { scores, labels } = await score(logistic.load(learnt), relationOf(SCHEMA, rows), 'y')
    const expected = evaluate(scores, labels, { threshold: 0.6 })
    const made = await judgedOn(table, learnt, 0.6)
    expect([made.rows, made.positives]).toEqual([count, expected.positives])
    if (expected.auc === null) expect(made.auc).toBe(null)
    else expect(made.auc).toBeCloseTo(expected.auc, 12)
    for (const name of ['logLoss', 'brier'] as const)
      if (expected[name] === null) expect(made[name]).toBe(null)
      else expect(made[name]).toBeCloseTo(expected[name], 6)
    expect(made.confusion).toEqual(expected.confusion)
    relation.close()
  }
})
