import { expect, test } from 'vitest'
import { metricsOf } from './judge.ts'

test('classes that were all told rightly are no certainty', async () => {
  const labels = Float64Array.from({ length: 20 }, (_, i) => i % 3)
  const scores = Float64Array.from([...labels].flatMap((own) => [0, 1, 2].map((k) => (k === own ? 0.8 : 0.1))))
  const scored = { goal: { kind: 'multiclass' }, scores, labels, outputs: 3, groups: new Uint32Array(0) } as const
  const { metrics } = await metricsOf(scored, null, { resamples: 50, seed: 1, confidence: 0.95 })
  // 1 − 0.025^(1 / n)
  expect(metrics['accuracy']).toEqual({ value: 1, low: expect.closeTo(0.025 ** (1 / 20), 9), high: 1, method: 'exact' })
})
