import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { HUNDREDTHS, hundredths, hundredthsOf } from '../../../engines/webgpu/learn/cuts.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import type { Schema } from '../../../plan/types.ts'
import { chooseThreshold } from '../../evaluation/confusion.ts'
import { evaluate, type Report } from '../../evaluation/evaluate.ts'
import { rank } from '../../evaluation/ranking.ts'
import { numericReference, referenceOfHundredths } from '../../monitoring/reference.ts'
import { baseline } from '../baseline.ts'
import { sampleOf } from '../bins.ts'
import { randomOf, relationOf } from '../conformance.ts'
import { logistic } from '../logistic.ts'
import { score } from '../scores.ts'
import { judgeOnDevice } from './score.ts'

const SCHEMA: Schema = [
  { name: 'x', type: 'float64', nullable: true },
  { name: 'few', type: 'int32', nullable: false },
  { name: 'y', type: 'bool', nullable: false },
]
const ctx = { signal: new AbortController().signal, progress: () => {} }

function rowsOf(count: number, seed: number): Record<string, Value>[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const x = random() * 2 - 1
    return { x: random() < 0.1 ? null : x, few: i % 4, y: random() < 1 / (1 + Math.exp(1 - 2 * x - (i % 4) / 2)) }
  })
}

function same(made: Report, expected: Report): void {
  const near = (a: number | null, b: number | null) => expect(a).toBeCloseTo(b ?? Number.NaN, 5)
  expect([made.rows, made.positives, made.rate]).toEqual([expected.rows, expected.positives, expected.rate])
  for (const name of ['auc', 'averagePrecision', 'logLoss', 'brier'] as const) near(made[name], expected[name])
  expect({ ...made.confusion, threshold: 0 }).toEqual({ ...expected.confusion, threshold: 0 })
  near(made.confusion.threshold, expected.confusion.threshold)
  near(made.calibration.error, expected.calibration.error)
  expect(made.calibration.bins.map((b) => [b.rows, b.rate])).toEqual(
    expected.calibration.bins.map((b) => [b.rows, b.rate]),
  )
  for (const [i, bin] of expected.calibration.bins.entries())
    for (const name of ['from', 'to', 'meanScore'] as const) near(made.calibration.bins[i]?.[name] ?? null, bin[name])
  expect(made.reasons).toEqual(expected.reasons)
}

test('reports, the threshold of the best F1 and what the monitor compares with are those of the host', async () => {
  const parts = { train: rowsOf(800, 1), validate: rowsOf(503, 2), test: rowsOf(217, 3) }
  const [validate, held] = [await onDevice(SCHEMA, parts.validate), await onDevice(SCHEMA, parts.test)]
  const task = { train: relationOf(SCHEMA, parts.train), target: 'y', seed: 1, threads: 1 }
  // scores that all differ, and a few scores that many rows share
  const trained = [
    { trainer: logistic, model: await logistic.train({ ...task, features: ['x', 'few'], params: {} }, ctx) },
    { trainer: baseline, model: await baseline.train({ ...task, features: ['few'], params: { by: ['few'] } }, ctx) },
  ]
  const before = validate.ledger.total()
  const judged = await judgeOnDevice(
    trained.map(({ model }) => ({ model, validate: validate.table, test: held.table })),
  )
  const after = validate.ledger.total()
  expect([after.readbacks - before.readbacks, after.down - before.down]).toEqual([1, trained.length * 1448])
  for (const [i, { trainer, model }] of trained.entries()) {
    const made = judged[i] ?? expect.unreachable()
    const of = (rows: Record<string, Value>[]) => score(trainer.load(model), relationOf(SCHEMA, rows), 'y')
    const [own, other] = [await of(parts.validate), await of(parts.test)]
    const threshold = chooseThreshold(rank(own.scores, own.labels), { by: 'f1' })
    expect(made.threshold).toBeLessThan(threshold)
    expect(made.threshold).toBeCloseTo(threshold, 5)
    same(made.validate, evaluate(own.scores, own.labels, { threshold }))
    same(made.test, evaluate(other.scores, other.labels, { threshold }))
    // what the host's scores say at that threshold is what the device counted
    expect(evaluate(own.scores, own.labels, { threshold: made.threshold }).confusion).toEqual(made.validate.confusion)
    const expected = numericReference('score', own.scores)
    expect(made.scores.counts).toEqual(expected.counts)
    for (const [c, cut] of expected.cuts.entries()) expect(made.scores.cuts[c]).toBeCloseTo(cut, 6)
  }
  validate.relation.close()
  held.relation.close()
})

test('hundredths of columns are those of the host, with missing values and with none at all', async () => {
  for (const count of [0, 1, 7, 4321]) {
    const rows = rowsOf(count, 9)
    const { table, relation } = await onDevice(SCHEMA, rows)
    const job = new Job(table)
    const told = await hundredths(job, table, ['x', 'few'], sampleOf(count, 2, 1))
    const got = await job.download([{ from: told, at: 0, words: 2 * HUNDREDTHS }])
    for (const [i, name] of ['x', 'few'].entries()) {
      const own = hundredthsOf(got.slice(i * HUNDREDTHS, (i + 1) * HUNDREDTHS))
      const values = Float64Array.from(rows, (r) => (r[name] === null ? Number.NaN : Number(r[name])))
      expect(referenceOfHundredths(name, count, own)).toEqual(numericReference(name, values))
    }
    job.close()
    relation.close()
  }
})
