import { describe, expect, test } from 'vitest'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import { baseline } from '../baseline.ts'
import { EXAMPLE_SCHEMA, exampleRows, relationOf, trainerConformance } from '../conformance.ts'
import type { TrainTask } from '../trainer.ts'
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

describe('conformance', () => trainerConformance(async () => ({ trainer: onDeviceOnly(baseline), params: { by: ['a'] } }))) // biome-ignore format: one line
