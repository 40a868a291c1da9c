import { describe, expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Goal } from '../../runs/goal.ts'
import { modelToExport } from '../export/testing.ts'
import { failure, quiet, randomOf, relationOf } from '../training/conformance.ts'
import { auto } from './auto.ts'
import { searchedIn } from './ground.ts'
import { stackOver } from './stack.ts'

const SIGNAL = new AbortController().signal
const FIELD = { type: 'float64' as const, nullable: true }

/** A search over rows of two features, and what models say that each know one of them. */
async function halves(
  goal: Goal,
  of: (a: number, b: number, random: () => number) => Value,
  says: (x: number, random: () => number) => readonly number[],
  cut: 'random' | 'time' = 'random',
) {
  const random = randomOf(8)
  const rows = Array.from({ length: 600 }, () => {
    const [a, b] = [random() * 2 - 1, random() * 2 - 1]
    return { a, b, y: of(a, b, random) }
  })
  const type = goal.kind === 'binary' ? 'bool' : goal.kind === 'multiclass' ? 'int32' : 'float64'
  const schema = [{ name: 'a', ...FIELD }, { name: 'b', ...FIELD }, { name: 'y', type, nullable: true } as const]
  const params = { seconds: 0, folds: 3, cut }
  const searched = await searchedIn({ train: relationOf(schema, rows), features: ['a', 'b'], target: 'y', params, goal, seed: 1, threads: 1 }, SIGNAL) // biome-ignore format: one line
  const judged = searched.folds.flatMap((f) => [...f.test])
  const said = (['a', 'b'] as const).map((name) => Float64Array.from(judged.flatMap((row) => says((rows[row] as (typeof rows)[number])[name], random)))) // biome-ignore format: one line
  return { searched, said }
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const NUMBER: Goal = { kind: 'regression', objective: 'squared' }

describe('a model over models', () => {
  test('adds what each of them knows, where a mean halves it', async () => {
    const { searched, said } = await halves(
      NUMBER,
      (a, b) => a + b,
      (x) => [x],
    )
    const stack = await stackOver(said, 12, searched, quiet())
    expect(stack?.loss).toBeLessThan(0.01)
    const model = await stack?.learn()
    expect(model).toMatchObject({ kind: 'linear', features: ['f0', 'f1'] })
  })
  test('of classes takes log odds for features, and of counts logarithms', async () => {
    const binary = await halves({ kind: 'binary' }, (a, b, random) => random() < sigmoid(4 * a + 4 * b), (x) => [sigmoid(3 * x)]) // biome-ignore format: one line
    const of = (p: number, y: number) => -Math.log(y ? p : 1 - p)
    const { y } = binary.searched.held
    const rows = binary.searched.folds.flatMap((f) => [...f.test])
    const mean = rows.reduce((sum, row, i) => sum + of(((binary.said[0]?.[i] as number) + (binary.said[1]?.[i] as number)) / 2, y[row] as number), 0) / rows.length // biome-ignore format: one line
    const stack = await stackOver(binary.said, 12, binary.searched, quiet())
    expect(stack?.loss).toBeLessThan(mean * 0.95)
    const three = await halves({ kind: 'multiclass' }, (a, b) => Math.floor((a + b + 2) * 0.75), (x) => [0, 1, 2].map((k) => Math.exp(-((x + 1 - k) ** 2)) / [0, 1, 2].reduce((s, j) => s + Math.exp(-((x + 1 - j) ** 2)), 0))) // biome-ignore format: one line
    expect(await (await stackOver(three.said, 12, three.searched, quiet()))?.learn()).toMatchObject({ kind: 'logistic', features: ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'] }) // biome-ignore format: one line
    const counts = await halves({ kind: 'regression', objective: 'poisson' }, (a, b) => Math.round(Math.exp(a + b)), (x) => [Math.exp(x)]) // biome-ignore format: one line
    expect(await (await stackOver(counts.said, 12, counts.searched, quiet()))?.learn()).toMatchObject({ kind: 'poisson' }) // biome-ignore format: one line
  })
  test('is not learnt where a mean is as good, from few rows, or for a goal that has none', async () => {
    const noisy = await halves(
      NUMBER,
      (a) => a,
      () => [0],
    )
    const answers = Float64Array.from(noisy.searched.folds.flatMap((f) => [...f.test]), (row) => noisy.searched.held.y[row] as number) // biome-ignore format: one line
    const random = randomOf(2)
    const near = [0, 1, 2].map(() => answers.map((v) => v + random() - 0.5))
    const useless = answers.map(() => random())
    expect(await stackOver([answers, useless], 12, noisy.searched, quiet())).toBeUndefined()
    expect(await stackOver(near.slice(0, 1), 12, noisy.searched, quiet())).toBeUndefined()
    const median = await halves(
      { kind: 'regression', objective: 'absolute' },
      (a, b) => a + b,
      (x) => [x],
    )
    expect(await stackOver(median.said, 12, median.searched, quiet())).toBeUndefined()
  })
  test('of rows in the order of time learns from what came before', async () => {
    // what comes last is unlike the rest: folds that looked ahead would know of it
    const { searched, said } = await halves(
      NUMBER,
      (a, b) => a + b,
      (x) => [x],
      'time',
    )
    const turned = said.map((own) => own.map((v, i) => (i >= (own.length * 2) / 3 ? -v : v)))
    expect((await stackOver(said, 12, searched, quiet()))?.loss).toBeLessThan(0.01)
    expect(await stackOver(turned, 12, searched, quiet())).toBeUndefined()
  })
  test('stops when it is told to', async () => {
    const { searched, said } = await halves(
      NUMBER,
      (a, b) => a + b,
      (x) => [x],
    )
    const error = await failure(stackOver(said, 12, searched, quiet(AbortSignal.abort())) as Promise<never>)
    expect(error.code).toBe('CANCELLED')
  })
})

test.each(['binary', 'multiclass', 'squared', 'poisson'])(
  'answers of a %s stack are the same one by one and together',
  async (goal) => {
    const model = await modelToExport('stack', goal)
    const evaluator = auto.load(JSON.parse(JSON.stringify(model)))
    const columns = [Float64Array.of(1, 2, Number.NaN), Float64Array.of(-3, 4, 1 / 0), Float64Array.of(7, 1, 99)]
    const n = evaluator.outputs
    const all = new Float64Array(3 * n)
    evaluator.many(columns, 3, all)
    for (let i = 0; i < 3; i++) {
      const own = new Float64Array(n)
      const one = evaluator.one(
        Float64Array.from(columns, (c) => c[i] as number),
        own,
      )
      if (n === 1) own[0] = one
      expect([...own]).toEqual([...all.subarray(i * n, (i + 1) * n)])
      if (n > 1) expect(one).toBe(own.indexOf(Math.max(...own)))
    }
    const { members } = model.body as { members: unknown[] }
    const short = { ...model, body: { ...model.body, members: members.slice(1) } }
    expect(() => auto.load(short)).toThrow('the model can not be read')
  },
)
