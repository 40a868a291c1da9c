import { describe, expect, test } from 'vitest'
import type { Schema } from '../../plan/types.ts'
import { randomOf, relationOf } from '../training/conformance.ts'
import { failure, quiet, repeated } from './conformance.ts'
import { pairLearnerOf, pairLearners } from './index.ts'
import type { PairTask } from './pairs.ts'

const SCHEMA: Schema = [
  { name: 'who', type: 'int64', nullable: true },
  { name: 'what', type: 'string', nullable: true },
  { name: 'much', type: 'float64', nullable: true },
]
const random = randomOf(8)
/** Two tastes: even users like even things. */
const rows = Array.from({ length: 9000 }, () => {
  const who = Math.floor(random() * 600)
  const thing = Math.floor(random() ** 2 * 20) * 2 + (random() < 0.9 ? who % 2 : (who + 1) % 2)
  return { who: BigInt(who), what: `t${thing}`, much: 1 }
})
const ROLES: Readonly<Record<string, PairTask['columns']>> = {
  'fp-growth': { basket: 'who', item: 'what' },
  'item-item': { user: 'who', item: 'what', weight: 'much' },
  als: { user: 'who', item: 'what', weight: 'much' },
}
const PARAMS: Readonly<Record<string, PairTask['params']>> = {
  'fp-growth': { support: 0.05 },
  'item-item': {},
  als: { factors: 4, iterations: 8, alpha: 2 },
}

test('every learner of pairs is tried', () => expect(Object.keys(ROLES)).toEqual(Object.keys(pairLearners)))

describe.each(Object.keys(ROLES))('%s', (kind) => {
  const learn = async (more: Partial<PairTask> = {}, ctx = quiet()) => {
    const columns = ROLES[kind] as PairTask['columns']
    const found = await (await pairLearnerOf(kind)).learn({ rows: relationOf(SCHEMA, rows), columns, params: PARAMS[kind] ?? {}, seed: 5, threads: 1, ...more }, ctx) // biome-ignore format: one line
    return { ...found, rows: [...found.rows] }
  }
  test('gives the same on any number of threads and however rows are cut into batches', async () => {
    // enough for threads to be worth their start
    const params = { ...PARAMS[kind], ...(kind === 'als' ? { factors: 12, iterations: 3 } : {}) }
    const one = JSON.stringify(await learn({ params }))
    expect(JSON.stringify(await learn({ params, threads: 2 }))).toBe(one)
    expect(JSON.stringify(await learn({ params, threads: 4, rows: relationOf(SCHEMA, rows, 37) }))).toBe(one)
    expect(JSON.parse(one).rows.length).toBeGreaterThan(10)
  })
  test('leaves out rows that lack something, and says so; tells how far it is', async () => {
    const said: string[] = []
    const told: number[] = []
    const some = rows.map((r, i) => ({ ...r, who: i % 10 === 0 ? null : r.who }))
    await learn({ rows: relationOf(SCHEMA, some) }, { ...quiet(), say: (t) => void said.push(t), progress: (p) => void told.push(p.done) }) // biome-ignore format: one line
    expect(said[0]).toBe('900 rows without "who" or "what" are left out')
    expect(told.length).toBeGreaterThan(0)
  })
  test('refuses no rows, rows that all lack something, and parameters that it has not', async () => {
    expect(await failure(learn({ rows: relationOf(SCHEMA, []) }))).toMatchObject({ code: 'TRAIN_DATA' })
    const empty = rows.map((r) => ({ ...r, what: null }))
    expect(await failure(learn({ rows: relationOf(SCHEMA, empty) }))).toMatchObject({ code: 'TRAIN_DATA' })
    expect(await failure(learn({ params: { tpo: 3 } }))).toMatchObject({ code: 'USAGE_INVALID' })
  })
  test('is sound of one pair, and of the same pair again and again', async () => {
    const one = await learn({ rows: relationOf(SCHEMA, rows.slice(0, 1)) })
    expect(one.rows).toEqual([])
    const same = repeated(SCHEMA, Array.from({ length: 1000 }, () => ({ who: 1n, what: 'x', much: 1 })), 100_000) // biome-ignore format: one line
    expect((await learn({ rows: same })).rows).toEqual([])
  })
  test('stops when it is cancelled', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const endless = { ...repeated(SCHEMA, rows.slice(0, 2000), Infinity), rows: Number.NaN }
    expect((await failure(learn({ rows: endless }, quiet(controller.signal)))).code).toBe('CANCELLED')
  })
})

describe.each(['item-item', 'als'])('%s recommends', (kind) => {
  const learn = async () => (await pairLearnerOf(kind)).learn({ rows: relationOf(SCHEMA, rows), columns: ROLES[kind] ?? {}, params: PARAMS[kind] ?? {}, seed: 5, threads: 1 }, quiet()) // biome-ignore format: one line
  test('what is new to a user and to their taste, better than what most people like', async () => {
    const { rows: found, figures } = await learn()
    const had = new Set(rows.map((r) => `${r.who} ${r.what}`))
    const all = [...found]
    expect(all.filter(([who, what]) => had.has(`${who} ${what}`))).toEqual([])
    const fitting = all.filter(([who, what, rank]) => Number(rank) <= 3 && Number(who) % 2 === Number(String(what).slice(1)) % 2) // biome-ignore format: one line
    expect(fitting.length / all.filter(([, , rank]) => Number(rank) <= 3).length).toBeGreaterThan(0.8)
    expect(figures['ndcg']).toBeGreaterThan((figures['popular_ndcg'] as number) * 1.1)
    for (const name of ['precision', 'recall', 'map', 'ndcg', 'hit_rate', 'coverage']) expect(figures[name], name).toBeGreaterThan(0) // biome-ignore format: one line
  })
})
