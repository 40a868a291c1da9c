import { describe, expect, test } from 'vitest'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import { baseline } from '../baseline.ts'
import { EXAMPLE_SCHEMA, exampleRows, relationOf, trainerConformance } from '../conformance.ts'
import type { TrainTask } from '../trainer.ts'
import { beginBaseline } from './baseline.ts'
import { onDeviceOnly } from './testing.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }
const taskOf = (train: TrainTask['train'], params: TrainTask['params']): TrainTask => ({
  train,
  features: ['a', 'b', 'c', 'd'],
  target: 'y',
  params,
  seed: 1,
  threads: 1,
})

test.each([{}, { by: ['a'] }, { by: ['b', 'a'], bins: 16 }, { by: ['a', 'c', 'd'], bins: 5, smoothing: 0 }])(
  'counts the cells of the host, to the bit: %o',
  async (params) => {
    const rows = exampleRows(5000, 5)
    const { relation, ledger } = await onDevice(EXAMPLE_SCHEMA, rows)
    const made = await baseline.train(taskOf(relation, params), ctx)
    expect(made).toEqual(await baseline.train(taskOf(relationOf(EXAMPLE_SCHEMA, rows), params), ctx))
    expect(ledger.total().readbacks).toBeLessThanOrEqual(2)
    relation.close()
  },
)

test('cells of one rate, however many rows they hold, have one score', async () => {
  // two of five rows each: with any smoothing, the rate of all
  const rows = exampleRows(20 * 105, 5).map((r, i) => ({ ...r, b: Math.floor(Math.sqrt(2 * Math.floor(i / 10) + 0.25) - 0.5), y: i % 5 < 2 })) // biome-ignore format: one line
  const { relation, table } = await onDevice(EXAMPLE_SCHEMA, rows)
  for (const smoothing of [0, 0.3, 20]) {
    const job = new Job(table)
    const classes = { rows: rows.length, positives: (rows.length * 2) / 5 }
    const task = { ...taskOf(relation, { by: ['b'], smoothing }), train: relation, classes }
    const from = await (await beginBaseline(job, task, ctx)).scores(table)
    const scores = new Float32Array((await job.download([{ from, at: 0, words: rows.length }])).buffer)
    expect([...new Set(scores)]).toEqual([Math.fround(Math.log(2 / 3))])
    job.close()
  }
  relation.close()
})

describe('conformance', () => trainerConformance(async () => ({ trainer: onDeviceOnly(baseline), params: { by: ['a'] } }))) // biome-ignore format: one line
