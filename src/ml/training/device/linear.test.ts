import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import { EXAMPLE_SCHEMA, exampleRows, randomOf } from '../conformance.ts'
import { loadLinear } from '../logisticModel.ts'
import { linearOnDevice } from './linear.ts'
import { scoreOnDevice } from './score.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }
const SCHEMA = [...EXAMPLE_SCHEMA, { name: 'z', type: 'float64', nullable: true }] as const
const FEATURES = ['a', 'b', 'c', 'constant']

function examples(count: number) {
  const random = randomOf(8)
  return exampleRows(count, 4).map(
    (r): Record<string, Value> => ({
      ...r,
      z: 1e6 + 3 * Number(r['a'] ?? -2) - 0.5 * Number(r['b']) + (r['c'] ? 20 : 0) + random(),
    }),
  )
}

test('linear regression finds the slopes, in two readbacks, and scores on the device as on the host', async () => {
  const rows = examples(5000)
  const { table, relation, ledger } = await onDevice(SCHEMA, rows)
  const task = { features: FEATURES, target: 'z', params: { l2: 0 } }
  const model = await linearOnDevice(table, task, ctx)
  expect(ledger.total()).toMatchObject({ readbacks: 2 })
  const evaluator = loadLinear(JSON.parse(JSON.stringify(model)))
  const at = (a: number, b: number, c: number) => evaluator.one(Float64Array.of(a, b, c, 7))
  expect(at(1, 0, 0) - at(0, 0, 0)).toBeCloseTo(3, 1)
  expect(at(0, 10, 0) - at(0, 0, 0)).toBeCloseTo(-5, 1)
  expect(at(0, 0, 1) - at(0, 0, 0)).toBeCloseTo(20, 1)
  expect(at(0, 0, 0)).toBeCloseTo(1e6 + 0.5, 0)
  expect(at(Number.NaN, 0, 0) - at(-2, 0, 0)).toBeCloseTo(0, 1)
  // the residuals of least squares are orthogonal to every column
  const residuals = rows.map((r) => Number(r['z']) - at(r['a'] === null ? Number.NaN : Number(r['a']), Number(r['b']), Number(r['c']))) // biome-ignore format: one line
  const along = (f: (r: (typeof rows)[number]) => number) =>
    rows.reduce((s, r, i) => s + f(r) * (residuals[i] ?? 0), 0) / rows.length
  expect(Math.abs(along(() => 1))).toBeLessThan(1e-4)
  expect(Math.abs(along((r) => Number(r['b']) / 24))).toBeLessThan(1e-4)
  expect(Math.abs(along((r) => Number(r['a'] ?? 0)))).toBeLessThan(1e-4)

  const job = new Job(table)
  const scores = await scoreOnDevice(job, table, model)
  const got = new Float32Array((await job.download([{ from: scores, at: 0, words: rows.length }])).buffer)
  for (const [i, r] of rows.slice(0, 500).entries())
    expect(Math.abs((got[i] ?? 0) - (Number(r['z']) - (residuals[i] ?? 0)))).toBeLessThan(0.13) // an f32 near 1e6 has steps of 1/16
  job.close()
  relation.close()
})

test('a target without a value in some row is refused', async () => {
  const rows = examples(100).map((r, i) => ({ ...r, z: i === 3 ? null : (r['z'] ?? null) }))
  const { table, relation } = await onDevice(SCHEMA, rows)
  const learning = linearOnDevice(table, { features: FEATURES, target: 'z', params: {} }, ctx)
  await expect(learning).rejects.toMatchObject({ code: 'TRAIN_DATA', what: expect.stringContaining('"z"') })
  relation.close()
})
