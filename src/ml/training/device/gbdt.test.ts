import { describe, expect, test } from 'vitest'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import { exampleRows, relationOf, EXAMPLE_SCHEMA as SCHEMA, trainerConformance } from '../conformance.ts'
import { gbdt } from '../gbdt/gbdt.ts'
import { decodeBytes, decodeFloat64, decodeInt32 } from '../model.ts'
import type { TrainedModel, TrainTask } from '../trainer.ts'
import { classesOf } from './begin.ts'
import { beginGbdt } from './gbdt.ts'
import { onDeviceOnly } from './testing.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }

const taskOf = (train: TrainTask['train'], params: TrainTask['params'] = {}): TrainTask => ({
  train,
  features: ['a', 'b', 'c', 'd', 'constant'],
  target: 'y',
  params,
  seed: 1,
  threads: 1,
})

/** The same trees: every split exactly, values to what one rounding of f32 may differ by. */
function sameTrees(made: TrainedModel, host: TrainedModel): void {
  for (const name of ['treeLeaves', 'feature', 'missingLeft', 'left', 'right', 'counts'])
    expect([name, decodeInt32(made.body, name)]).toEqual([name, decodeInt32(host.body, name)])
  expect(decodeFloat64(made.body, 'threshold')).toEqual(decodeFloat64(host.body, 'threshold'))
  const [own, other] = [made, host].map((m) => new Float32Array(decodeBytes(m.body, 'values'))) as [Float32Array, Float32Array] // biome-ignore format: one line
  expect(own.length).toBe(other.length)
  for (const [i, v] of own.entries()) expect(Math.abs(v - (other[i] ?? 0))).toBeLessThanOrEqual(Math.abs(v) * 2 ** -23)
  for (const [i, gain] of (made.body['importance'] as number[]).entries())
    expect(gain).toBeCloseTo((host.body['importance'] as number[])[i] ?? 0, 6)
}

test.each([
  { trees: 1, leaves: 2 },
  { trees: 12, leaves: 15 },
  { trees: 5, leaves: 31, minDataInLeaf: 1, lambda: 2.5, learningRate: 0.5, maxBins: 40 },
  { trees: 2, leaves: 120, minDataInLeaf: 37, minGain: 0.5 },
])('grows the trees of the host: %o', { timeout: 120_000 }, async (params) => {
  // enough for two copies of a histogram
  const rows = exampleRows(9000, 3)
  const { relation, ledger } = await onDevice(SCHEMA, rows)
  const made = await gbdt.train(taskOf(relation, params), ctx)
  expect(ledger.total()).toMatchObject({ readbacks: 2 })
  sameTrees(made, await gbdt.train(taskOf(relationOf(SCHEMA, rows), params), ctx))
  relation.close()
})

describe('conformance', () => trainerConformance(async () => ({ trainer: onDeviceOnly(gbdt), params: { trees: 6, leaves: 8 } }))) // biome-ignore format: one line

test('stops early where the host stops, with rows that are on the host or on the device', {
  timeout: 120_000,
}, async () => {
  const rows = exampleRows(600)
  const judges = exampleRows(3000, 5)
  const params = { trees: 60, leaves: 6, earlyStopping: 5, learningRate: 0.4, minDataInLeaf: 5 }
  const host = await gbdt.train(
    { ...taskOf(relationOf(SCHEMA, rows), params), validate: relationOf(SCHEMA, judges) },
    ctx,
  )
  const stopped = host.body['trees'] as number
  expect(stopped).toBeGreaterThan(2)
  expect(stopped).toBeLessThan(40)
  const { relation, ledger } = await onDevice(SCHEMA, rows)
  sameTrees(await gbdt.train({ ...taskOf(relation, params), validate: relationOf(SCHEMA, judges) }, ctx), host)
  // the labels of both parts, whether to stop after every eight trees, how many trees, and these
  expect(ledger.total().readbacks).toBe(4 + Math.ceil((stopped + 5) / 8))
  const other = await onDevice(SCHEMA, judges)
  sameTrees(await gbdt.train({ ...taskOf(relation, params), validate: other.relation }, ctx), host)
  relation.close()
  other.relation.close()
})

test('what the device refuses is learnt on the host, and it is said', async () => {
  const rows = exampleRows(300)
  const { relation, table } = await onDevice(SCHEMA, rows)
  const gpu = new Proxy(table.device.gpu, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (String(name).startsWith('createComputePipeline'))
        return () => {
          throw new Error('too deep')
        }
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  const said: string[] = []
  const train = { ...relation, table: { ...table, device: { ...table.device, gpu } } }
  const params = { trees: 2 }
  const made = await gbdt.train(taskOf(train, params), { ...ctx, say: (why) => said.push(why) })
  expect(said).toEqual([expect.stringContaining('too deep')])
  expect(made).toEqual(await gbdt.train(taskOf(relationOf(SCHEMA, rows), params), ctx))
  relation.close()
})

test('what needs more memory than the device may take is learnt on the host, and it is said', async () => {
  const rows = exampleRows(300)
  const { relation } = await onDevice(SCHEMA, rows, 2 ** 16)
  const said: string[] = []
  const made = await gbdt.train(taskOf(relation, { trees: 2 }), { ...ctx, say: (why) => said.push(why) })
  expect(said).toEqual([expect.stringContaining('memory')])
  expect(made).toEqual(await gbdt.train(taskOf(relationOf(SCHEMA, rows), { trees: 2 }), ctx))
  relation.close()
})

test('scores of the trees as they were grown, for other rows too, are those of the model', {
  timeout: 60_000,
}, async () => {
  const { relation, table } = await onDevice(SCHEMA, exampleRows(3000, 4))
  const other = await onDevice(SCHEMA, exampleRows(700, 8))
  const job = new Job(table)
  try {
    const asked = { ...taskOf(relation, { trees: 7, leaves: 9 }), train: relation }
    const begun = await beginGbdt(job, { ...asked, classes: await classesOf(job, table, 'y') }, ctx)
    const words = await Promise.all(begun.parts.map((part) => job.download([part])))
    const evaluator = gbdt.load(begun.tell(words) as TrainedModel)
    for (const rows of [table, other.table]) {
      const scores = new Float32Array(
        (await job.download([{ from: await begun.scores(rows), at: 0, words: rows.rows }])).buffer,
      )
      const expected = exampleRows(rows.rows, rows === table ? 4 : 8).map(
        (r) =>
        evaluator.one(Float64Array.from(['a', 'b', 'c', 'd', 'constant'], (name) => (r[name] === null ? Number.NaN : Number(r[name])))), // biome-ignore format: one line
      )
      const apart = expected.map((p, i) => Math.abs(p - 1 / (1 + Math.exp(-(scores[i] as number)))))
      expect(Math.max(...apart)).toBeLessThan(1e-5)
    }
  } finally {
    job.close()
    relation.close()
    other.relation.close()
  }
})
