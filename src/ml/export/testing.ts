import { randomOf, relationOf } from '../training/conformance.ts'
import { trainerOf } from '../training/index.ts'
import type { TrainedModel, TrainTask } from '../training/trainer.ts'

const FEATURES = ['a', 'b', 'code']
const SAID: Readonly<Record<string, TrainTask['goal']>> = {
  binary: { kind: 'binary' },
  multiclass: { kind: 'multiclass' },
  squared: { kind: 'regression', objective: 'squared' },
  poisson: { kind: 'regression', objective: 'poisson' },
  ranking: { kind: 'ranking', group: 'code' },
}

/** Models of every form that can be written, small, and rows to ask them: usual ones, missing, infinite and unseen. */
export const EXPORTED: readonly (readonly [trainer: string, goal: string, params?: TrainTask['params']])[] = [
  ['gbdt', 'binary'],
  ['gbdt', 'multiclass'],
  ['gbdt', 'squared', { categorical: ['code'], minDataPerGroup: 5 }],
  ['gbdt', 'poisson', { trees: 3 }],
  ['gbdt', 'ranking'],
  ['gbdt', 'binary', { minDataInLeaf: 1e6 }],
  ['logistic', 'binary'],
  ['logistic', 'multiclass'],
  ['linear', 'squared'],
  ['poisson', 'poisson'],
  ['mlp', 'binary', { epochs: 2 }],
  ['mlp', 'multiclass', { epochs: 2, layers: 2, units: 7 }],
  ['mlp', 'squared', { epochs: 2 }],
  ['naiveBayes', 'binary'],
  ['naiveBayes', 'multiclass'],
  ['auto', 'binary', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
  ['auto', 'multiclass', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
  ['auto', 'squared', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
]

export async function modelToExport(
  kind: string,
  goal: string,
  params: TrainTask['params'] = {},
): Promise<TrainedModel> {
  // biome-ignore format: one line
  const random = randomOf(3)
  const rows = Array.from({ length: 900 }, () => {
    const [a, b, code] = [random() < 0.1 ? null : random() * 4, random() * 10 - 5, Math.floor(random() * 30)]
    const lean = (a ?? 1) + b / 4 + ((code * 7) % 5) / 2 + random()
    const y = goal === 'binary' ? lean > 2.5 : goal === 'multiclass' ? (['빨강', "it's", 'b"*/'][Math.max(0, Math.min(2, Math.floor(lean - 1)))] ?? '') : goal === 'poisson' || goal === 'ranking' ? Math.max(0, Math.floor(lean)) : lean // biome-ignore format: one line
    return { a, b, code, y }
  })
  const types = { binary: 'bool', multiclass: 'string' } as const
  const schema = [...FEATURES, 'y'].map((name) => ({ name, type: name === 'y' ? (types[goal as 'binary'] ?? ('float64' as const)) : ('float64' as const), nullable: true })) // biome-ignore format: one line
  const own = kind === 'gbdt' ? { trees: 12, leaves: 9, ...params } : params
  const said = SAID[goal]
  const task: TrainTask = { train: relationOf(schema, rows), features: FEATURES, target: 'y', params: own, seed: 1, threads: 1, ...(said && goal !== 'binary' ? { goal: said } : {}) } // biome-ignore format: one line
  return (await trainerOf(kind)).train(task, { signal: new AbortController().signal, progress: () => {} })
}

export function rowsToAsk(): number[][] {
  const random = randomOf(11)
  const usual = Array.from({ length: 200 }, () => [random() * 5 - 0.5, random() * 14 - 7, Math.floor(random() * 40)])
  const odd = [Number.NaN, 1 / 0, -1 / 0, 0, -0, 1e308, -1e308, 0.5]
  return [...usual, ...odd.flatMap((x) => [[x, 1, 3], [1, x, 3], [1, 1, x], [x, x, x], [x, -x, x]])] // biome-ignore format: one line
}
