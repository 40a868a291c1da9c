import { expect, test } from 'vitest'
import type { Relation } from '../../engines/engine.ts'
import type { Schema } from '../../plan/types.ts'
import type { Goal } from '../../runs/goal.ts'
import { failure, quiet, randomOf, relationOf } from './conformance.ts'
import { trainerOf } from './index.ts'

const ROWS = 10

/** Rows of very many columns that are all zero: the columns are one. */
function zeros(features: readonly string[]): Relation {
  const zero = new Float64Array(ROWS)
  const y = Float64Array.from({ length: ROWS }, (_, i) => i % 2)
  const schema: Schema = [...features, 'y'].map((name) => ({ name, type: 'float64', nullable: false }))
  const fields = new Map(schema.map((f) => [f.name, f]))
  return {
    ...{ place: 'host', schema, rows: ROWS, close: () => {} },
    async *batches(asked = schema.map((f) => f.name)) {
      const some = asked.flatMap((name) => fields.get(name) ?? [])
      const columns = some.map(({ name, type }) => ({ kind: 'fixed', type, length: ROWS, validity: null, values: name === 'y' ? y : zero }) as const) // biome-ignore format: one line
      yield { schema: some, rows: ROWS, columns }
    },
  }
}
const NUMBER: Goal = { kind: 'regression', objective: 'squared' }
const taskOf = (count: number, goal: Goal) => {
  const features = Array.from({ length: count }, (_, i) => `f${i}`)
  return { train: zeros(features), features, target: 'y', params: {}, seed: 1, threads: 2, goal }
}

test.each(['baseline', 'logistic', 'gbdt', 'naiveBayes', 'knn', 'mlp'])(
  '%s of 20,000 columns of zeros says the rate',
  { timeout: 60_000 },
  async (kind) => {
    const trainer = await trainerOf(kind)
    const task = taskOf(20_000, { kind: 'binary' })
    const score = trainer.load(await trainer.train(task, quiet())).one(new Float64Array(20_000))
    expect(score).toBeCloseTo(0.5, 6)
  },
)

test('linear regression of 20,000 columns says that it has no room for their covariances', async () => {
  const { train } = await trainerOf('linear')
  expect(await failure(train(taskOf(20_000, NUMBER), quiet()))).toMatchObject({
    code: 'TRAIN_DATA',
    what: expect.stringContaining('20000 columns'),
    why: expect.stringContaining('at most 10000'),
  })
})

test('what a machine has no room for is said as such', async () => {
  const { train } = await trainerOf('gbdt')
  const task = taskOf(10, { kind: 'binary' })
  const full: Relation = {
    ...task.train,
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    async *batches() {
      throw new RangeError('Array buffer allocation failed')
    },
  }
  expect(await failure(train({ ...task, train: full }, quiet()))).toMatchObject({
    code: 'TRAIN_DATA',
    what: "'gbdt' has no room for 10 rows × 10 features",
    fix: expect.stringContaining('fewer'),
  })
})

test('a lasso of columns that say the same stops when it is told to', async () => {
  const features = Array.from({ length: 200 }, (_, i) => `f${i}`)
  const random = randomOf(6)
  const rows = Array.from({ length: 400 }, () => {
    const [all, y] = [random(), random()]
    return { ...Object.fromEntries(features.map((name) => [name, all + random() / 1000])), y: all + y }
  })
  const schema: Schema = [...features, 'y'].map((name) => ({ name, type: 'float64', nullable: false }))
  const task = { ...taskOf(0, NUMBER), train: relationOf(schema, rows), features, params: { l1: 1e-4, l2: 1e-4, maxIterations: 1_000_000 } } // biome-ignore format: one line
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 300)
  expect((await failure((await trainerOf('linear')).train(task, quiet(stop.signal)))).code).toBe('CANCELLED')
})
