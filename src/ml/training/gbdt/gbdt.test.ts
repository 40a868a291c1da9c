import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sharedMemory } from '../../../base/wasm.ts'
import { binEdges } from '../bins.ts'
import { exampleRows, randomOf, relationOf, trainerConformance } from '../conformance.ts'
import type { TrainContext, TrainTask } from '../trainer.ts'
import { fill } from './fill.ts'
import { readForest } from './forest.ts'
import { gbdt } from './gbdt.ts'
import { layOut, setUp } from './layout.ts'
import { loadKernels } from './wasm.ts'

const signal = new AbortController().signal
const ctx: TrainContext = { signal, progress: () => {} }

describe('conformance', () => trainerConformance(async () => ({ trainer: gbdt, params: { trees: 12, leaves: 15 } })))

describe('bins', () => {
  const schema = [
    { name: 'x', type: 'float64', nullable: true },
    { name: 'y', type: 'bool', nullable: false },
  ] as const
  const value = fc.oneof(
    fc.double(),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(
      0,
      -0,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      5e-324,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ),
  )

  test('say of every value what the raw threshold says, so that a row ends in the same leaf by either', async () => {
    const values = fc.array(value, { minLength: 1, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(values, values, fc.integer({ min: 2, max: 255 }), async (seen, unseen, maxBins) => {
        const edges = binEdges(Float64Array.from(seen), maxBins)
        expect(edges.length).toBeLessThan(maxBins)
        const all = [...seen, ...unseen]
        const layout = layOut({ rows: all.length, validateRows: 0, features: 1, leaves: 2, threads: 1 })
        const memory = sharedMemory(layout.bytes)
        const kernels = await loadKernels(memory)
        setUp(kernels, layout)
        const relation = relationOf(
          schema,
          all.map((x) => ({ x, y: true })),
        )
        await fill(kernels, memory, layout, { relation, features: ['x'], edges: [edges], target: 'y' }, 'train', signal)
        const bins = new Uint8Array(memory.buffer, layout.columns, all.length)
        for (const [i, x] of all.entries()) {
          if (Number.isNaN(x)) expect(bins[i]).toBe(255)
          else for (const [b, edge] of edges.entries()) expect((bins[i] as number) <= b).toBe(x <= edge)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('are as many as there are distinct values, or hold about as many rows each', () => {
    expect(binEdges(Float64Array.of(3, 1, 2, 2, Number.NaN), 255)).toEqual(Float64Array.of(1.5, 2.5))
    const random = randomOf(3)
    const values = Float64Array.from({ length: 50_000 }, () => random() ** 3)
    const edges = binEdges(values, 100)
    expect(edges.length).toBe(99)
    const counts = new Array<number>(100).fill(0)
    for (const x of values) {
      const bin = edges.findIndex((edge) => x <= edge)
      const at = bin < 0 ? 99 : bin
      counts[at] = (counts[at] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(400)
    expect(Math.max(...counts)).toBeLessThan(600)
  })
})

describe('trees', () => {
  const schema = [
    { name: 'a', type: 'float64', nullable: true },
    { name: 'b', type: 'float64', nullable: true },
    { name: 'y', type: 'int32', nullable: false },
  ] as const
  const taskOf = (rows: { a: number | null; b: number; y: number }[], params: TrainTask['params']): TrainTask => ({
    train: relationOf(schema, rows),
    features: ['a', 'b'],
    target: 'y',
    params,
    seed: 1,
    threads: 2,
  })

  test('one split has the values that Newton’s step gives by hand', async () => {
    // 60 rows with a ≤ 1, 15 positive; 40 with a = 2, 30 positive: p = 0.45, g = p − y, h = 0.2475
    const rows = Array.from({ length: 100 }, (_, i) => ({
      a: i < 60 ? 1 : 2,
      b: 0,
      y: Number(i < 15 || (i >= 60 && i < 90)),
    }))
    const model = await gbdt.train(taskOf(rows, { trees: 1, leaves: 31, learningRate: 1 }), ctx)
    const score = (a: number): number => {
      const p = gbdt.load(model).one(Float64Array.of(a, 0))
      return Math.log(p / (1 - p)) - Math.log(45 / 55)
    }
    expect(score(1)).toBeCloseTo(-(60 * 0.45 - 15) / (60 * 0.2475), 5)
    expect(score(1.5)).toBe(score(1))
    expect(score(2)).toBeCloseTo(-(40 * 0.45 - 30) / (40 * 0.2475), 5)
    // 12² / 14.85 + 12² / 9.9 − 0
    expect((model.body['importance'] as number[])[0]).toBeCloseTo(144 / 14.85 + 144 / 9.9, 4)
  })

  test('send missing values where they were better off in training', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => {
      const kind = i % 3
      return { a: kind === 0 ? null : kind, b: 0, y: Number((kind === 2) === i % 10 > 0) }
    })
    const evaluator = gbdt.load(await gbdt.train(taskOf(rows, { trees: 5, minDataInLeaf: 5 }), ctx))
    const [missing, one, two] = [Number.NaN, 1, 2].map((a) => evaluator.one(Float64Array.of(a, 0))) as [
      number,
      number,
      number,
    ]
    expect(Math.abs(missing - one)).toBeLessThan(0.1)
    expect(two - missing).toBeGreaterThan(0.3)
  })

  test('keep to minDataInLeaf, exactly', async () => {
    const rows = exampleRows(5000) as { a: number | null; b: number; y: number }[]
    const model = await gbdt.train(taskOf(rows, { trees: 1, leaves: 200, minDataInLeaf: 37 }), ctx)
    const evaluator = gbdt.load(model)
    const counts = new Map<number, number>()
    for (const row of rows) {
      const score = evaluator.one(Float64Array.of(row.a ?? Number.NaN, row.b))
      counts.set(score, (counts.get(score) ?? 0) + 1)
    }
    expect(counts.size).toBeGreaterThan(20)
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(37)
    const { children, roots } = readForest(model)
    expect(roots.length).toBe(1)
    expect(children.filter((child) => child < 0).length).toBeLessThanOrEqual(200)
  })

  test('stop early when validation no longer gets better, at the best round, on any number of threads', async () => {
    const rows = exampleRows(600) as { a: number | null; b: number; y: number }[]
    const validate = relationOf(schema, exampleRows(9000, 5))
    const params = { trees: 300, earlyStopping: 10, learningRate: 0.3 }
    const model = await gbdt.train({ ...taskOf(rows, params), validate }, ctx)
    const again = await gbdt.train({ ...taskOf(rows, params), validate, threads: 1 }, ctx)
    expect(model.body['trees']).toBeGreaterThan(2)
    expect(model.body['trees']).toBeLessThan(100)
    expect(JSON.stringify(again)).toBe(JSON.stringify(model))
  })

  test('stop growing at once when training is cancelled', async () => {
    const controller = new AbortController()
    const rows = exampleRows(20_000) as { a: number | null; b: number; y: number }[]
    let at = 0
    const training = gbdt.train(taskOf(rows, { trees: 100_000 }), {
      signal: controller.signal,
      progress: ({ done }) => {
        if (done !== 3) return
        at = performance.now()
        controller.abort()
      },
    })
    await expect(training).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(performance.now() - at).toBeLessThan(1000)
  })
})
