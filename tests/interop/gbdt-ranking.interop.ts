import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evaluateOrders } from '../../src/ml/evaluation/orders.ts'
import { quiet, randomOf, relationOf } from '../../src/ml/training/conformance.ts'
import { gbdt } from '../../src/ml/training/gbdt/gbdt.ts'
import type { TrainTask } from '../../src/ml/training/trainer.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const QUERIES = 7000
const TRAIN = 3000
const FEATURES = ['level', 'a', 'b', 'c', 'd', 'e']

const random = randomOf(29)
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
/** Rows of a query share a level, which says nothing of their order; queries have 1 to 60 rows. */
const rows = Array.from({ length: QUERIES }, (_, query) => ({
  query,
  level: normal(),
  size: 1 + Math.floor(random() ** 2 * 60),
})).flatMap(
  // biome-ignore format: one line
  ({ query, level, size }) =>
    Array.from({ length: size }, () => {
      const [a, b, c, d] = [random() + level, random(), random(), random()]
      const e = random() < 0.1 ? null : Math.floor(random() * 7)
      const lean = Math.sin(6 * (a - level)) + 2 * b * c + (e === 3 ? 1 : 0) + d / 4 + normal() / 2
      const grade = Math.max(0, Math.min(4, Math.floor(lean * 1.5)))
      return { query, level, a, b, c, d, e, w: 0.5 + Math.floor(random() * 4), grade, clicked: Number(lean + normal() > 2.6) } // biome-ignore format: one line
    }),
)
const train = rows.filter((r) => r.query < TRAIN)
const unseen = rows.filter((r) => r.query >= TRAIN)
const schema = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: 'float64' as const, nullable: true }))
const groups = Uint32Array.from(unseen, (r) => r.query - TRAIN)

interface Case {
  readonly target: 'grade' | 'clicked'
  readonly theirs?: Record<string, unknown>
  readonly ours?: TrainTask['params']
  readonly weighted?: boolean
}
const CASES: readonly Case[] = [
  { target: 'grade' },
  { target: 'grade', weighted: true },
  { target: 'clicked' },
  { target: 'grade', theirs: { num_leaves: 31, lambda_l2: 5 }, ours: { leaves: 31, lambda: 5 } },
  { target: 'grade', theirs: { bagging_fraction: 0.6, bagging_freq: 1, feature_fraction: 0.8 }, ours: { rowFraction: 0.6, columnFraction: 0.8 } }, // biome-ignore format: one line
  { target: 'grade', theirs: { monotone_constraints: [0, 0, 1, 1, 0, 0] }, ours: { increasing: ['b', 'c'] } },
]
const TREES = 100
const sizesOf = (some: typeof rows): number[] => {
  const sizes = new Map<number, number>()
  for (const { query } of some) sizes.set(query, (sizes.get(query) ?? 0) + 1)
  return [...sizes.values()]
}

/** Parameters are the same; what is compared is how queries are ordered that neither has seen, within half a percent. */
test('LightGBM orders as well as Galley, and finds the same NDCG', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
  try {
    const file = join(folder, 'asked.json')
    const targets = { grade: rows.map((r) => r.grade), clicked: rows.map((r) => r.clicked) }
    const models = CASES.map(({ target, theirs = {}, weighted = false }) => ({
      ...{ target, weighted, trees: TREES },
      params: { num_leaves: 15, learning_rate: 0.1, min_data_in_leaf: 20, ...theirs },
    }))
    const columns = FEATURES.map((name) => rows.map((r) => r[name as 'a']))
    const sizes = { train: sizesOf(train), test: sizesOf(unseen) }
    writeFileSync(file, JSON.stringify({ columns, targets, sizes, weights: rows.map((r) => r.w), train: train.length, models })) // biome-ignore format: one line
    const out = execFileSync(python, [join(import.meta.dirname, 'gbdt-ranking.py'), file], { maxBuffer: 2 ** 28, encoding: 'utf8' }) // biome-ignore format: one line
    const { version, answers } = JSON.parse(out) as { version: string; answers: { scores: number[]; ndcg5: number; ndcg10: number }[] } // biome-ignore format: one line
    process.stdout.write(`LightGBM ${version}, ${train.length} rows of ${TRAIN} queries\n`)
    for (const [i, { target, theirs = {}, ours = {}, weighted = false }] of CASES.entries()) {
      const task: TrainTask = {
        ...{ train: relationOf(schema, train), features: FEATURES, target, seed: 1, threads: 2 },
        goal: { kind: 'ranking', group: 'query' },
        params: { trees: TREES, leaves: 15, ...ours },
        ...(weighted ? { weight: 'w' } : {}),
      }
      const model = gbdt.load(await gbdt.train(task, quiet()))
      const scores = new Float64Array(unseen.length)
      model.many(FEATURES.map((name) => Float64Array.from(unseen, (r) => r[name as 'a'] ?? Number.NaN)), unseen.length, scores) // biome-ignore format: one line
      const y = Float64Array.from(unseen, (r) => r[target])
      const answer = answers[i] as (typeof answers)[number]
      const [own, other] = [evaluateOrders(scores, y, groups), evaluateOrders(Float64Array.from(answer.scores), y, groups)] // biome-ignore format: one line
      const what = `${target} ${JSON.stringify(theirs)}${weighted ? ' weighted' : ''}: NDCG@10 ${own.ndcg10?.toFixed(5)}, LightGBM ${other.ndcg10?.toFixed(5)}`
      process.stdout.write(`${what}\n`)
      expect(own.ndcg10 as number, what).toBeGreaterThan((other.ndcg10 as number) * 0.995)
      // theirs counts a group without a relevant row as 1, and orders rows of one score as they come
      for (const k of ['ndcg5', 'ndcg10'] as const) {
        const all = ((other[k] as number) * (other.groups - other.irrelevant) + other.irrelevant) / other.groups
        expect(Math.abs(all - answer[k]), `${k} ${all} ${answer[k]}`).toBeLessThan(2e-3)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
