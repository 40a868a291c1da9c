import { describe, expect, test } from 'vitest'
import { GalleyError } from '../../base/errors.ts'
import { type Batch, batchOf, type Value } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { Schema } from '../../plan/types.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** A relation of rows in memory, for tests, handed out in batches of `size`. */
export function relationOf(schema: Schema, rows: readonly Readonly<Record<string, Value>>[], size = 1000): Relation {
  return {
    place: 'host',
    schema,
    rows: rows.length,
    close: () => {},
    async *batches(columns = schema.map((field) => field.name)): AsyncGenerator<Batch> {
      const some = columns.flatMap((name) => schema.filter((field) => field.name === name))
      for (let at = 0; at < rows.length; at += size) yield batchOf(some, rows.slice(at, at + size))
    },
  }
}

/** Numbers in [0, 1) from a seed (mulberry32), for tests. */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The columns of `exampleRows`. */
export const EXAMPLE_SCHEMA: Schema = [
  { name: 'a', type: 'float64', nullable: true },
  { name: 'b', type: 'int32', nullable: false },
  { name: 'c', type: 'bool', nullable: true },
  { name: 'd', type: 'int64', nullable: true },
  { name: 'constant', type: 'float32', nullable: false },
  { name: 'word', type: 'string', nullable: false },
  { name: 'y', type: 'bool', nullable: false },
]
/** Those that are learnt from. */
export const FEATURES = ['a', 'b', 'c', 'd', 'constant']
type Row = Record<string, Value>

/** Rows whose target leans on `a` (missing in a tenth of them) and `b`. */
export function exampleRows(count: number, seed = 1): Row[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const a = random() < 0.1 ? null : random() * 4 - 2
    const b = Math.floor(random() * 24)
    const p = 1 / (1 + Math.exp(-((a ?? 1) + (b - 12) / 6)))
    const d = random() < 0.2 ? null : BigInt(Math.floor(random() * 1e6))
    return { a, b, c: random() < 0.5, d, constant: 7, word: 'x', y: random() < p }
  })
}

export const quiet = (signal = new AbortController().signal): TrainContext => ({ signal, progress: () => {} })

export async function failure(promise: Promise<unknown>): Promise<GalleyError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof GalleyError)) throw new Error(`expected a GalleyError, got ${String(thrown)}`)
  return thrown
}

function scoreMany(evaluator: Evaluator, rows: readonly number[][]): Float64Array {
  const columns = evaluator.inputs.map((_, f) => Float64Array.from(rows, (row) => row[f] as number))
  const out = new Float64Array(rows.length)
  evaluator.many(columns, rows.length, out)
  return out
}

/** The suite that every trainer passes. `make` gives the trainer and parameters that keep a training short. */
export function trainerConformance(make: () => Promise<{ trainer: Trainer; params?: TrainTask['params'] }>): void {
  const learn = async (rows: readonly Row[], more: Partial<TrainTask> = {}, ctx = quiet()): Promise<TrainedModel> => {
    const { trainer, params = {} } = await make()
    const train = relationOf(EXAMPLE_SCHEMA, rows)
    return trainer.train({ train, features: FEATURES, target: 'y', params, seed: 7, threads: 1, ...more }, ctx)
  }
  const probes = [
    ...exampleRows(300, 9).map((row) => FEATURES.map((name) => (row[name] === null ? Number.NaN : Number(row[name])))),
    FEATURES.map(() => Number.NaN),
    FEATURES.map(() => Number.POSITIVE_INFINITY),
    FEATURES.map(() => Number.NEGATIVE_INFINITY),
    FEATURES.map(() => -0),
    FEATURES.map(() => Number.MAX_VALUE),
  ]

  describe('what it learns', () => {
    test('is the same on one thread and on two, and however the rows are cut into batches', async () => {
      const rows = exampleRows(12_000)
      const one = JSON.stringify(await learn(rows))
      expect(JSON.stringify(await learn(rows, { threads: 2 }))).toBe(one)
      expect(JSON.stringify(await learn(rows, { train: relationOf(EXAMPLE_SCHEMA, rows, 4999) }))).toBe(one)
    })

    test('scores the same after a round trip through JSON, and by `one` as by `many`', async () => {
      const { trainer } = await make()
      const model = await learn(exampleRows(3000))
      const fresh = trainer.load(model)
      const read = trainer.load(JSON.parse(JSON.stringify(model)) as TrainedModel)
      expect(read.kind).toBe(trainer.kind)
      expect(read.inputs).toEqual(FEATURES)
      const many = scoreMany(fresh, probes)
      expect(scoreMany(read, probes)).toEqual(many)
      expect(Float64Array.from(probes, (row) => read.one(Float64Array.from(row)))).toEqual(many)
      for (const score of many) expect(score).toBeGreaterThanOrEqual(0)
      for (const score of many) expect(score).toBeLessThanOrEqual(1)
    })

    test('takes infinite values, missing columns and one constant column', async () => {
      const rows: Row[] = exampleRows(2000).map((row, i) => ({
        ...row,
        a: [1 / 0, -1 / 0, row['a'] ?? null][i % 3] ?? null,
        d: null,
      }))
      const { trainer } = await make()
      for (const score of scoreMany(trainer.load(await learn(rows)), probes)) expect(score).toBeTypeOf('number')
      for (const score of scoreMany(trainer.load(await learn(rows)), probes)) expect(Number.isFinite(score)).toBe(true)
      const constant = trainer.load(await learn(rows, { features: ['constant'], params: {} }))
      const rate = rows.filter((row) => row['y']).length / rows.length
      expect(constant.one(Float64Array.of(7))).toBeCloseTo(rate, 6)
    })
  })

  describe('what it refuses', () => {
    test.each([
      ['no rows', [] as Row[], {}, 'TRAIN_DATA', 'no rows'],
      ['one class', exampleRows(50).map((r) => ({ ...r, y: true })), {}, 'TRAIN_DATA', 'one class'],
      ['a missing label', exampleRows(50).map((r) => ({ ...r, y: null })), {}, 'TRAIN_DATA', '"y"'],
      ['a text column', exampleRows(50), { features: ['a', 'word'] }, 'TRAIN_DATA', '"word"'],
      ['the target as a feature', exampleRows(50), { features: ['a', 'y'] }, 'TRAIN_DATA', '"y"'],
      ['an unknown column', exampleRows(50), { features: ['a', 'bb'] }, 'PLAN_UNKNOWN_COLUMN', 'bb'],
      ['an unknown parameter', exampleRows(50), { params: { smothing: 1 } }, 'USAGE_INVALID', 'smothing'],
    ])('%s', async (_, rows, more, code, words) => {
      const error = await failure(learn(rows, more as Partial<TrainTask>))
      expect(error.code).toBe(code)
      expect(error.message).toContain(words)
    })

    test('a model of a newer format', async () => {
      const { trainer } = await make()
      const model = { ...(await learn(exampleRows(200))), format: 2 as 1 }
      expect(() => trainer.load(model)).toThrow(expect.objectContaining({ code: 'MODEL_FORMAT_NEWER' }))
    })
  })

  test('stops within a second when it is cancelled', async () => {
    const cancelled = new AbortController()
    cancelled.abort()
    expect((await failure(learn(exampleRows(100), {}, quiet(cancelled.signal)))).code).toBe('CANCELLED')

    const controller = new AbortController()
    const endless: Relation = {
      ...relationOf(EXAMPLE_SCHEMA, []),
      async *batches(columns = []) {
        const batch = batchOf(
          columns.flatMap((name) => EXAMPLE_SCHEMA.filter((f) => f.name === name)),
          exampleRows(2000),
        )
        while (true) yield batch
      },
    }
    setTimeout(() => controller.abort(), 100)
    const start = performance.now()
    expect((await failure(learn([], { train: endless }, quiet(controller.signal)))).code).toBe('CANCELLED')
    expect(performance.now() - start).toBeLessThan(1100)
  })
}
