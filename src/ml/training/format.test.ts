import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { relationOf } from './conformance.ts'
import { trainerOf } from './index.ts'
import type { TrainedModel, TrainTask } from './trainer.ts'

const file = new URL('../../../tests/fixtures/models/format-1.json', import.meta.url)
const { rows, models } = JSON.parse(readFileSync(file, 'utf8')) as {
  rows: [number | null, number, number][]
  models: { asked: TrainTask['params']; model: TrainedModel; scores: string }[]
}
const schema = [
  { name: 'a', type: 'float64', nullable: true },
  { name: 'b', type: 'int32', nullable: false },
  { name: 'y', type: 'bool', nullable: false },
] as const

/** Written by Galley when it learnt binary targets alone. */
test.each(models.map((m) => [m.model.kind, m] as const))(
  'a %s model of then',
  async (kind, { asked, model, scores }) => {
    const trainer = await trainerOf(kind)
    const probes = [
      ...rows.slice(0, 20).map(([a, b]) => [a ?? Number.NaN, b]),
      [Number.NaN, Number.NaN],
      [1 / 0, -1 / 0],
    ]
    const evaluator = trainer.load(model)
    const again = Float64Array.from(probes, (row) => evaluator.one(Float64Array.from(row)))
    expect(Buffer.from(again.buffer).toString('base64'), 'scores the same bytes').toBe(scores)

    const train = relationOf(
      schema,
      rows.map(([a, b, y]) => ({ a, b, y: y === 1 })),
    )
    const ctx = { signal: new AbortController().signal, progress: () => {} }
    const task: TrainTask = { train, features: ['a', 'b'], target: 'y', params: asked, seed: 1, threads: 2 }
    // what came later is said behind what was there
    const learnt = await trainer.train(task, ctx)
    const { counts: _, ...body } = learnt.body
    if (kind === 'logistic') {
      // sums are taken in another order since
      const own = trainer.load(learnt)
      for (const [i, row] of probes.entries())
        expect(own.one(Float64Array.from(row))).toBeCloseTo(again[i] as number, 12)
      expect(Object.keys(body)).toEqual(Object.keys(model.body))
      return
    }
    expect(JSON.stringify({ ...learnt, body }), 'is learnt to the same bytes').toBe(JSON.stringify(model))
  },
)
