import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import type { Schema } from '../../../plan/types.ts'
import { randomOf } from '../conformance.ts'
import { logistic } from '../logistic.ts'
import { loadMlp } from '../mlpModel.ts'
import { decodeBytes } from '../model.ts'
import type { TrainedModel } from '../trainer.ts'
import { mlpOnDevice } from './mlp.ts'
import { scoreOnDevice } from './score.ts'
import { judgedOn } from './testing.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }
const SCHEMA: Schema = [
  { name: 'a', type: 'float64', nullable: true },
  { name: 'b', type: 'float64', nullable: false },
  { name: 'y', type: 'bool', nullable: false },
]

/** Rows whose target is where the signs of two columns differ: no line tells them apart. */
function rowsOf(count: number, seed: number): Record<string, Value>[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const [a, b] = [random() * 2 - 1, random() * 20 - 10]
    return { a: random() < 0.03 ? null : a, b, y: random() < (a > 0 === b > 0 ? 0.05 : 0.95) }
  })
}

const weightsOf = (model: TrainedModel) => new Float32Array(decodeBytes(model.body, 'weights'))

test('a network learns what no line can, in two readbacks, and scores on the device as on the host', {
  timeout: 120_000,
}, async () => {
  const [train, judge] = [await onDevice(SCHEMA, rowsOf(4000, 1)), await onDevice(SCHEMA, rowsOf(2000, 2))]
  const task = { train: train.relation, features: ['a', 'b'], target: 'y', seed: 3 }
  const model = await mlpOnDevice({ ...task, params: { epochs: 8, units: 12, learningRate: 0.02 } }, ctx)
  const weights = 12 * 4 + 13
  expect(train.ledger.total()).toMatchObject({ readbacks: 2, down: 2 * 64 + 16 + 4 * (1 + weights) })
  expect(weightsOf(model).length).toBe(weights)
  const report = await judgedOn(judge.table, model)
  expect(report.auc).toBeGreaterThan(0.93)
  const line = await logistic.train({ ...task, params: {}, threads: 1 }, ctx)
  expect((await judgedOn(judge.table, line)).auc).toBeLessThan(0.6)

  const evaluator = loadMlp(JSON.parse(JSON.stringify(model)) as TrainedModel)
  const job = new Job(judge.table)
  const buffer = await scoreOnDevice(job, judge.table, model)
  const got = new Float32Array((await job.download([{ from: buffer, at: 0, words: 2000 }])).buffer)
  for (const [i, r] of rowsOf(2000, 2).entries()) {
    const p = evaluator.one(Float64Array.of(r['a'] === null ? Number.NaN : Number(r['a']), Number(r['b'])))
    expect(Math.abs(1 / (1 + Math.exp(-(got[i] ?? 0))) - p)).toBeLessThan(1e-5)
  }
  job.close()
  train.relation.close()
  judge.relation.close()
})

test('one step is Adam’s along the gradient of the loss, through every layer', async () => {
  const rows = rowsOf(40, 5)
  const { relation, table } = await onDevice(SCHEMA, rows)
  const task = { train: relation, features: ['a', 'b'], target: 'y', seed: 9 }
  const params = { units: 3, layers: 2, batch: 40, epochs: 1, l2: 0 }
  const first = await mlpOnDevice({ ...task, params: { ...params, learningRate: 1e-6 } }, ctx)
  const lossAt = (weights: Float32Array): number => {
    const text = Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).toString('base64')
    const evaluator = loadMlp({ ...first, body: { ...first.body, weights: text } })
    return rows.reduce((sum, r) => {
      const p = evaluator.one(Float64Array.of(r['a'] === null ? Number.NaN : Number(r['a']), Number(r['b'])))
      return sum - Math.log(r['y'] ? p : 1 - p)
    }, 0)
  }
  const begun = weightsOf(first)
  const rate = 1e-3
  const stepped = weightsOf(await mlpOnDevice({ ...task, params: { ...params, learningRate: rate } }, ctx))
  const here = lossAt(begun)
  let moved = 0
  for (const [i, w] of begun.entries()) {
    const [up, down] = [begun.slice(), begun.slice()]
    up[i] = w + 1e-3
    down[i] = w - 1e-3
    const [above, below] = [lossAt(up) - here, here - lossAt(down)]
    // Adam's first step has the size of the rate and the sign of the slope; at a bend there is none
    if (Math.min(Math.abs(above), Math.abs(below)) < 1e-5 || above > 0 !== below > 0) continue
    moved++
    expect((stepped[i] ?? 0) - w).toBeCloseTo(-Math.sign(above) * rate, 4)
  }
  expect(moved).toBeGreaterThan(8)
  expect(table.rows).toBe(40)
  relation.close()
})
