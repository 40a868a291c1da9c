import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Schema } from '../../plan/types.ts'
import { close } from '../analysis/statistics/testing.ts'
import { relationOf } from '../training/conformance.ts'
import { decodeFloat64 } from '../training/model.ts'
import { assignMany, quiet } from './conformance.ts'
import { learnerOf, pairLearnerOf } from './index.ts'
import type { LearnTask } from './learner.ts'
import { kernels } from './preferences/als.ts'

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8'))
const NAMES = ['a', 'b', 'c', 'd']
const SCHEMA: Schema = NAMES.map((name) => ({ name, type: 'float64', nullable: false }))
type Columns = Readonly<Record<string, readonly number[]>>

/** The model of a fixture's columns, and what it gives of them. */
async function learnt(kind: string, columns: Columns, params: LearnTask['params']) {
  const points = (columns['a'] ?? []).map((_, i) => NAMES.map((name) => columns[name]?.[i] as number))
  const rows = relationOf(SCHEMA, points.map((p) => Object.fromEntries(NAMES.map((name, j) => [name, p[j] as Value])))) // biome-ignore format: one line
  const learner = await learnerOf(kind)
  const model = await learner.fit({ rows, features: NAMES, params, seed: 1, threads: 1 }, quiet())
  return { model, out: assignMany(learner.load(model), points) }
}
const near = (found: unknown, want: number, relative: number) => expect(close(found, want, relative), `${found} is not ${want}`).toBe(true) // biome-ignore format: one line

test('k-means ends in scikit-learn’s optimum', async () => {
  const { columns, kmeans } = read('rows')
  const { model } = await learnt('k-means', columns, { clusters: kmeans.clusters, tolerance: 0, restarts: 10 })
  near(model.body['inertia'], kmeans.inertia, 1e-10)
  expect(model.body['sizes']).toEqual(kmeans.sizes)
})

test('principal components are scikit-learn’s, their signs too', async () => {
  const { columns, pca } = read('rows')
  const { model } = await learnt('pca', columns, { components: 3 })
  const found = decodeFloat64(model.body, 'components')
  for (let c = 0; c < 3; c++) {
    near((model.body['variance'] as number[])[c], pca.variance[c], 1e-8)
    near((model.body['share'] as number[])[c], pca.share[c], 1e-8)
    for (let j = 0; j < 4; j++) expect(found[c * 4 + j]).toBeCloseTo(pca.components[c][j], 8)
  }
})

test('a Gaussian mixture is as likely as scikit-learn’s', async () => {
  const { columns, mixture } = read('rows')
  const params = { clusters: mixture.clusters, tolerance: 1e-10, maxIterations: 2000 }
  const { model } = await learnt('gaussian-mixture', columns, params)
  expect(Math.abs((model.body['likelihood'] as number) - mixture.likelihood)).toBeLessThan(1e-4)
  near(model.body['bic'], mixture.bic, 1e-5)
  const weights = [...(model.body['weights'] as number[])].sort((a, b) => a - b)
  for (const [i, w] of mixture.weights.entries()) expect(weights[i]).toBeCloseTo(w, 4)
})

test('DBSCAN gives each row scikit-learn’s label, numbered alike', async () => {
  const { columns, dbscan } = read('rows')
  const { out } = await learnt('dbscan', columns, { reach: dbscan.reach, neighbours: dbscan.neighbours })
  expect(Array.from(out[0] ?? [], (v) => (Number.isNaN(v) ? -1 : v))).toEqual(dbscan.labels)
})

test('the isolation forest tells anomalies as well as scikit-learn’s', async () => {
  const { columns, every, auc } = read('anomalies')
  const { out } = await learnt('isolation-forest', columns, { trees: 300 })
  const scores = Array.from(out[0] ?? [])
  const [odd, common] = [scores.filter((_, i) => i % every === every - 1), scores.filter((_, i) => i % every !== every - 1)] // biome-ignore format: one line
  let wins = 0
  for (const x of odd) for (const y of common) wins += x > y ? 1 : x === y ? 0.5 : 0
  expect(Math.abs(wins / odd.length / common.length - auc)).toBeLessThan(0.01)
})

test('frequent sets and rules are mlxtend’s, exactly', async () => {
  const { baskets, support, confidence, sets, rules } = read('baskets')
  const schema: Schema = [{ name: 'b', type: 'int64', nullable: false }, { name: 'i', type: 'string', nullable: false }] // biome-ignore format: one line
  const lines = (baskets as string[][]).flatMap((own, b) => own.map((i) => ({ b: BigInt(b), i })))
  const params = { support, confidence, lift: 0, items: 12 }
  const task = { rows: relationOf(schema, lines), columns: { basket: 'b', item: 'i' }, params, seed: 1, threads: 1 }
  const found = await (await pairLearnerOf('fp-growth')).learn(task, quiet())
  const own = (found.model.body['sets'] as [string[], number][]).map(([items, n]) => [items.join(' '), n])
  expect(own.sort()).toEqual(sets.sort())
  const text = (r: readonly unknown[]) => `${r[0]} → ${r[1]}`
  const byName = new Map([...found.rows].map(([a, c, , ...more]) => [`${(a as string[]).join(' ')} → ${(c as string[]).join(' ')}`, more])) // biome-ignore format: one line
  expect([...byName.keys()].sort()).toEqual((rules as unknown[][]).map(text).sort())
  for (const rule of rules as [string, string, ...(number | null)[]][])
    for (const [m, want] of rule.slice(2).entries()) {
      const value = byName.get(text(rule))?.[m]
      if (want === null) expect(value).toBe(null)
      else expect(value).toBeCloseTo(want as number, 12)
    }
})

const PAIRS: Schema = [
  { name: 'u', type: 'int64', nullable: false },
  { name: 'i', type: 'int64', nullable: false },
  { name: 'w', type: 'float64', nullable: false },
]
async function preferences(kind: string, params: LearnTask['params']) {
  const { weights } = read('preferences') as { weights: number[][] }
  const lines = weights.flatMap((row, u) => row.flatMap((w, i) => (w > 0 ? [{ u: BigInt(u), i: BigInt(i), w }] : [])))
  const columns = { user: 'u', item: 'i', weight: 'w' }
  const task = { rows: relationOf(PAIRS, lines), columns, params, seed: 3, threads: 1 }
  return { weights, lines, ...(await (await pairLearnerOf(kind)).learn(task, quiet())) }
}

test('alternating least squares ends as low as implicit', async () => {
  const { als } = read('preferences')
  const { factors: f, alpha, regularisation, loss } = als
  const { weights, model } = await preferences('als', {
    factors: f,
    alpha,
    regularisation,
    iterations: 300,
    holdout: 0,
  })
  const items = model.body['items'] as number[]
  const y = decodeFloat64(model.body, 'factors')
  const gram = new Float64Array(f * f)
  for (let r = 0; r < items.length; r++) for (let i = 0; i < f; i++) for (let j = 0; j <= i; j++) gram[i * f + j] = (gram[i * f + j] as number) + (y[r * f + i] as number) * (y[r * f + j] as number) // biome-ignore format: one line
  for (let i = 0; i < f; i++) gram[i * f + i] = (gram[i * f + i] as number) + regularisation
  let found = regularisation * y.reduce((s, v) => s + v * v, 0)
  for (const row of weights) {
    const own = items.flatMap((i, place) => ((row[i] as number) > 0 ? [place] : []))
    const x = new Float64Array(f)
    const arrays = { starts: Int32Array.of(0, own.length), item: Int32Array.from(own), weight: Float64Array.from(own, (p) => row[items[p] as number] as number), from: y, gram, to: x } // biome-ignore format: one line
    kernels.solve(arrays, { f, alpha }, 0, 1)
    found += regularisation * x.reduce((s, v) => s + v * v, 0)
    for (const [place, i] of items.entries()) {
      const w = row[i] as number
      const product = x.reduce((s, v, j) => s + v * (y[place * f + j] as number), 0)
      found += ((w > 0 ? 1 : 0) - product) ** 2 * (w > 0 ? 1 + alpha * w : 1)
    }
  }
  expect(found / loss, `${found} beside ${loss}`).toBeLessThan(1.001)
})

test('item-item scores are the cosine formula’s', async () => {
  const { items } = read('preferences') as { items: [number, number][][] }
  const { rows } = await preferences('item-item', { top: 5, neighbours: 1000, holdout: 0 })
  const found = items.map((): [number, number][] => [])
  for (const [u, i, , score] of rows) found[Number(u)]?.push([Number(i), score as number])
  for (const [u, own] of items.entries())
    for (const [place, [, score]] of own.entries()) near(found[u]?.[place]?.[1], score, 1e-12)
})
