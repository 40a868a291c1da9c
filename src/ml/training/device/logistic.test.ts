import { describe, expect, test } from 'vitest'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { descend } from '../../../engines/webgpu/learn/newton.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import { exampleRows, randomOf, relationOf, EXAMPLE_SCHEMA as SCHEMA, trainerConformance } from '../conformance.ts'
import { logistic } from '../logistic.ts'
import { decodeFloat64 } from '../model.ts'
import type { TrainTask } from '../trainer.ts'
import { onDeviceOnly } from './testing.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }

describe('conformance', () => trainerConformance(async () => ({ trainer: onDeviceOnly(logistic) })))

const taskOf = (train: TrainTask['train'], params: TrainTask['params'] = {}): TrainTask => ({
  train,
  features: ['a', 'b', 'c', 'd', 'constant'],
  target: 'y',
  params,
  seed: 1,
  threads: 1,
})

test.each([{ l2: 1 }, { l2: 0 }, { l2: 50 }])('has the weights of the host, in two readbacks: %o', async (params) => {
  const random = randomOf(5)
  const rows = exampleRows(6000, 3).map((r) => ({ ...r, constant: random(), d: r['d'] === null ? null : 10n ** 15n + BigInt(r['d'] as bigint) })) // biome-ignore format: one line
  const { relation, ledger } = await onDevice(SCHEMA, rows)
  const made = await logistic.train(taskOf(relation, params), ctx)
  expect(ledger.total()).toMatchObject({ readbacks: 2 })
  expect(ledger.total().down).toBeLessThan(800)
  const host = await logistic.train(taskOf(relationOf(SCHEMA, rows), params), ctx)
  expect(made.params).toEqual(host.params)
  for (const name of ['weights', 'missing', 'mean', 'scale', 'low', 'high']) {
    const [own, other] = [decodeFloat64(made.body, name), decodeFloat64(host.body, name)]
    for (const [i, x] of own.entries())
      expect(Math.abs(x - (other[i] ?? 0)) / Math.max(1, Math.abs(x))).toBeLessThan(1e-5)
  }
  expect(Math.abs((made.body['intercept'] as number) - (host.body['intercept'] as number))).toBeLessThan(1e-5)
  expect(made.body['loss']).toBeCloseTo(host.body['loss'] as number, 6)
  relation.close()
})

test('more columns than one thread solves for are a gap', async () => {
  const { table, relation } = await onDevice(SCHEMA, exampleRows(10))
  const job = new Job(table)
  const values = job.buffer(4)
  const many = { design: { rows: 1, width: 300, values }, target: values, loss: 'logistic' as const, intercept: 0 }
  const learning = descend(job, { ...many, l2: 1, tolerance: 0, maxIterations: 1 }, () => {})
  await expect(learning).rejects.toThrow('256 columns at most')
  job.close()
  relation.close()
})
