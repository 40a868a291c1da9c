import { describe, expect, test } from 'vitest'
import { batchOf, type Value } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Schema } from '../../plan/types.ts'
import { EXAMPLE_SCHEMA, FEATURES, failure, quiet, randomOf, relationOf } from '../training/conformance.ts'
import type { Assigner, Learner, LearnTask, LearntModel } from './learner.ts'

export { failure, quiet } from '../training/conformance.ts'

/** Columns of the examples: three blobs in `a` and `b`, the rest by the way. */
export const SCHEMA: Schema = EXAMPLE_SCHEMA.filter((f) => f.name !== 'y')
type Row = Record<string, Value>

export function rowsLike(count: number, seed = 1): Row[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const blob = i % 3
    const a = random() < 0.05 ? null : blob * 10 + random() + random() + random()
    const d = random() < 0.1 ? null : BigInt(Math.floor(random() * 1e6))
    return { a, b: blob * 7 + Math.floor(random() * 4), c: random() < 0.5, d, constant: 7, word: 'x' }
  })
}

/** What a model gives of rows, an array an output. */
export function assignMany(
  assigner: Assigner,
  rows: readonly (readonly number[])[],
  from = 0,
  to = rows.length,
): Float64Array[] {
  const some = rows.slice(from, to)
  const columns = assigner.inputs.map((_, f) => Float64Array.from(some, (row) => row[f] as number))
  const out = assigner.outputs.map(() => new Float64Array(some.length))
  assigner.many(columns, some.length, out)
  return out
}

/** A relation of `rows` rows, the same batch again and again. */
export function repeated(schema: Schema, batch: readonly Row[], rows: number): Relation {
  const names = schema.map((f) => f.name)
  return {
    ...{ place: 'host', schema, rows, close: () => {} },
    async *batches(columns = names) {
      const one = batchOf(
        columns.flatMap((name) => schema.filter((f) => f.name === name)),
        batch,
      )
      for (let at = 0; at < rows; at += batch.length) yield one
    },
  }
}

/** The suite that every learner of rows passes. `most`: rows that it is tried on with threads. */
export function learnerConformance(kind: string, learner: Learner, params: LearnTask['params'], most = 12_000): void {
  const learn = (rows: readonly Row[], more: Partial<LearnTask> = {}, ctx = quiet()): Promise<LearntModel> =>
    learner.fit({ rows: relationOf(SCHEMA, rows), features: FEATURES, params, seed: 7, threads: 1, ...more }, ctx)
  const probes = [
    ...rowsLike(200, 9).map((row) => FEATURES.map((name) => (row[name] === null ? Number.NaN : Number(row[name])))),
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, Number.MAX_VALUE].map((x) => FEATURES.map(() => x)), // biome-ignore format: one line
  ]

  describe(`${kind}: what it learns`, () => {
    test('is the same on one, two and four threads, and however the rows are cut into batches', async () => {
      const rows = rowsLike(most)
      const one = JSON.stringify(await learn(rows))
      expect(JSON.stringify(await learn(rows, { threads: 2 }))).toBe(one)
      expect(JSON.stringify(await learn(rows, { threads: 4, rows: relationOf(SCHEMA, rows, 4999) }))).toBe(one)
      expect(JSON.stringify(await learn(rows.slice(0, 500), { rows: relationOf(SCHEMA, rows.slice(0, 500), 1) }))).toBe(
        JSON.stringify(await learn(rows.slice(0, 500))),
      )
    })

    test('gives the same after a round trip through JSON, by `one` as by `many`, and many at a time', async () => {
      const model = await learn(rowsLike(900))
      const fresh = learner.load(model)
      const read = learner.load(JSON.parse(JSON.stringify(model)) as LearntModel)
      expect(read.kind).toBe(learner.kind)
      expect(read.inputs).toEqual(FEATURES)
      expect(read.outputs).toEqual(learner.outputs(params))
      const whole = assignMany(fresh, probes)
      expect(assignMany(read, probes)).toEqual(whole)
      const singly = probes.map((row) => read.one(Float64Array.from(row)))
      for (const [o, column] of whole.entries()) {
        expect(Float64Array.from(singly, (row) => row[o] as number)).toEqual(column)
        expect(assignMany(read, probes, 50, 77)[o]).toEqual(column.slice(50, 77))
        // whole numbers, or null
        if (read.outputs[o]?.type === 'int32')
          for (const v of column) expect(Number.isNaN(v) || Number.isInteger(v)).toBe(true)
      }
      for (const v of Object.values(learner.figures(model))) expect(v).toBeTypeOf('number')
    })

    test('takes values that are missing or infinite, and says how many', async () => {
      const rows: Row[] = rowsLike(900).map((r, i) => ({ ...r, a: [1 / 0, -1 / 0, r['a'] ?? null][i % 3] ?? null }))
      const said: string[] = []
      const model = await learn(rows, {}, { ...quiet(), say: (text) => void said.push(text) })
      expect(said.filter((s) => s.startsWith('600 of 900 values of "a" are infinite'))).toHaveLength(1)
      expect(said.some((s) => /^\d+ of 900 values of "d" are missing: they count as its mean$/.test(s))).toBe(true)
      for (const column of assignMany(learner.load(model), probes.slice(0, 200)))
        for (const v of column) expect(Math.abs(v)).not.toBe(Infinity)
    })

    test('is sound of ten rows, and of a million zeros beside another column', async () => {
      const ten = learner.load(await learn(rowsLike(10), { params: small(params) }))
      expect(assignMany(ten, probes)).toHaveLength(ten.outputs.length)
      const schema: Schema = [{ name: 'z', type: 'float64', nullable: false }, { name: 'y', type: 'float64', nullable: false }] // biome-ignore format: one line
      const batch = Array.from({ length: 10_000 }, (_, i) => ({ z: 0, y: i % 2 }))
      const rows = repeated(schema, batch, Math.min(1_000_000, most * 20))
      const zeros = await learn([], { rows, features: ['z', 'y'], params: small(params) })
      for (const column of assignMany(learner.load(zeros), [[0, 0], [0, 1]])) for (const v of column) expect(Math.abs(v)).not.toBe(Infinity) // biome-ignore format: one line
    })

    test('tells how far it is', async () => {
      const told: number[] = []
      await learn(rowsLike(3000), {}, { ...quiet(), progress: (p) => void told.push(p.done) })
      expect(told.length).toBeGreaterThan(0)
      expect(told.every((n) => Number.isFinite(n) && n >= 0)).toBe(true)
    })
  })

  describe(`${kind}: what it refuses`, () => {
    test.each([
      ['no rows', [] as Row[], {}, 'TRAIN_DATA', 'no rows'],
      ['no features', rowsLike(50), { features: [] }, 'TRAIN_DATA', 'no features'],
      ['a feature twice', rowsLike(50), { features: ['a', 'a'] }, 'TRAIN_DATA', '"a"'],
      ['a text column', rowsLike(50), { features: ['a', 'word'] }, 'TRAIN_DATA', '"word"'],
      ['a column without values', rowsLike(50).map((r) => ({ ...r, d: null })), {}, 'TRAIN_DATA', '"d"'],
      ['values beyond their squares', rowsLike(50).map((r, i) => ({ ...r, a: i * 1e307 })), {}, 'TRAIN_DATA', '"a"'],
      ['an unknown column', rowsLike(50), { features: ['a', 'bb'] }, 'PLAN_UNKNOWN_COLUMN', 'bb'],
      ['an unknown parameter', rowsLike(50), { params: { clustrs: 1 } }, 'USAGE_INVALID', 'clustrs'],
      ['a parameter that is none', rowsLike(50), { params: { standardise: 1 } }, 'USAGE_INVALID', 'standardise'],
      ['ten million columns', rowsLike(50), { features: { length: 1e7 } }, 'TRAIN_DATA', '10000000 features'],
    ])('%s', async (_, rows, more, code, words) => {
      const error = await failure(learn(rows, more as Partial<LearnTask>))
      expect(error.code).toBe(code)
      expect(error.message).toContain(words)
    })

    test('a model of a newer format, and one of another learner', async () => {
      const model = await learn(rowsLike(200))
      expect(() => learner.load({ ...model, format: 2 as 1 })).toThrow(expect.objectContaining({ code: 'MODEL_FORMAT_NEWER' })) // biome-ignore format: one line
      expect(() => learner.load({ ...model, kind: 'other' })).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' })) // biome-ignore format: one line
    })
  })

  test(`${kind} stops within a second when it is cancelled, while it reads or learns`, async () => {
    const cancelled = new AbortController()
    cancelled.abort()
    expect((await failure(learn(rowsLike(100), {}, quiet(cancelled.signal)))).code).toBe('CANCELLED')
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 100)
    const start = performance.now()
    const endless = { ...repeated(SCHEMA, rowsLike(2000), Infinity), rows: Number.NaN }
    expect((await failure(learn([], { rows: endless }, quiet(controller.signal)))).code).toBe('CANCELLED')
    expect(performance.now() - start).toBeLessThan(1100)
  })
}

/** Parameters for a handful of rows. */
const small = (params: LearnTask['params']): LearnTask['params'] => ({
  ...params,
  ...('clusters' in params ? { clusters: 2 } : {}),
  ...('components' in params ? { components: 1 } : {}),
})
