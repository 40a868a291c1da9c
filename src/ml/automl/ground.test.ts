import { expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Goal } from '../../runs/goal.ts'
import { failure, quiet, randomOf, relationOf } from '../training/conformance.ts'
import type { TrainTask } from '../training/trainer.ts'
import { auto } from './auto.ts'

const NUMBER = { type: 'float64', nullable: false } as const
const COUNTS: Goal = { kind: 'regression', objective: 'poisson' }

/** A short search over 300 rows. */
function search(
  of: (row: number, a: number) => Value,
  more: Partial<TrainTask> = {},
  weightOf: (row: number) => number = () => 1,
) {
  const random = randomOf(4)
  const rows = Array.from({ length: 300 }, (_, i) => {
    const a = random() * 2 - 1
    return { a, w: weightOf(i), y: of(i, a) }
  })
  const label = typeof rows[0]?.y === 'boolean' ? ('bool' as const) : ('float64' as const)
  const schema = [{ name: 'a', ...NUMBER }, { name: 'w', ...NUMBER }, { name: 'y', type: label, nullable: false }] // biome-ignore format: one line
  const { params, ...others } = more
  const task = { train: relationOf(schema, rows), features: ['a'], target: 'y', seed: 3, threads: 1, ...others }
  return auto.train({ ...task, params: { trials: 3, seconds: 0, folds: 3, ...params } }, quiet())
}
const cut = { cut: 'time' }

test('a class of which all rows are learnt and none is judged is no proof of anything', async () => {
  const one = await failure(search((row) => row === 150))
  expect(one).toMatchObject({ code: 'TRAIN_DATA', what: expect.stringContaining('all of one class') })
  expect((await failure(search((row) => Number(row === 150), { goal: COUNTS }))).message).toContain('all 0')
  expect((await search((row) => row % 100 === 0)).body['loss']).toBeGreaterThan(0.01)
})

test('counts that begin late are judged from there on', async () => {
  const late = (from: number) => search((row) => Number(row >= from), { goal: COUNTS, params: cut })
  expect((await late(120)).body['loss']).toBeLessThan(10)
  expect((await failure(late(280))).message).toContain('before each part has none above 0')
})

test('rows that count nothing teach nothing, and the folds that have others are judged', async () => {
  const from = (first: number) =>
    search(
      (_, a) => a > 0,
      { weight: 'w', params: cut },
      (row) => Number(row >= first),
    )
  expect((await from(100)).body['loss']).toBeLessThan(1)
  expect((await failure(from(290))).message).toContain('that count')
})
