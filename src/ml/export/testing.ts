import type { Value } from '../../engines/batch.ts'
import { featureOf } from '../automl/stack.ts'
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
  // categories that are no whole numbers
  ['gbdt', 'binary', { categorical: ['b', 'code'], catSmooth: 0, minDataPerGroup: 1 }],
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
  ['knn', 'binary', { k: 7 }],
  ['knn', 'multiclass', { k: 3 }],
  ['knn', 'squared'],
  ['baseline', 'binary'],
  ['baseline', 'multiclass', { by: ['a', 'code'], bins: 6 }],
  ['baseline', 'squared', { by: ['b'] }],
  ['auto', 'binary', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
  ['auto', 'multiclass', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
  ['auto', 'squared', { trials: 12, seconds: 0, folds: 2, ensemble: 8 }],
  ['stack', 'binary'],
  ['stack', 'multiclass'],
  ['stack', 'squared'],
  ['stack', 'poisson'],
]
/** Of a stack: what its members are, of which the last has learnt over them. */
const STACKS: Readonly<Record<string, readonly string[]>> = {
  binary: ['gbdt', 'knn', 'logistic'],
  multiclass: ['gbdt', 'naiveBayes', 'logistic'],
  squared: ['gbdt', 'mlp', 'linear'],
  poisson: ['gbdt', 'poisson'],
}

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
  const said = SAID[goal]
  const task: TrainTask = { train: relationOf(schema, rows), features: FEATURES, target: 'y', params, seed: 1, threads: 1, ...(said && goal !== 'binary' ? { goal: said } : {}) } // biome-ignore format: one line
  return kind === 'stack' ? stackOf(STACKS[goal] as readonly string[], task, rows) : learnt(kind, task)
}

async function learnt(kind: string, task: TrainTask): Promise<TrainedModel> {
  const params = kind === 'gbdt' ? { trees: 12, leaves: 9, ...task.params } : task.params
  return (await trainerOf(kind)).train({ ...task, params }, { signal: new AbortController().signal, progress: () => {} }) // biome-ignore format: one line
}

/** Members, and the last kind of them once more over what they say of the rows. */
async function stackOf(
  kinds: readonly string[],
  task: TrainTask,
  rows: readonly Readonly<Record<string, Value>>[],
): Promise<TrainedModel> {
  const members: TrainedModel[] = []
  for (const kind of kinds) members.push(await learnt(kind, task))
  const model = members[0] as TrainedModel
  const all = await Promise.all(members.map(async (m) => (await trainerOf(m.kind)).load(m)))
  const feature = featureOf(model)
  const names = all.flatMap((m, i) => Array.from({ length: m.outputs }, (_, k) => `f${i}_${k}`))
  const answers = rows.map((row) => {
    const told = all.flatMap((m) => {
      const out = new Float64Array(m.outputs)
      const one = m.one(
        Float64Array.from(FEATURES, (name) => Number(row[name] ?? Number.NaN)),
        out,
      )
      return m.outputs === 1 ? [one] : [...out]
    })
    const own = Object.fromEntries(told.map((answer, i) => [names[i] as string, feature(answer)]))
    return { ...own, y: row['y'] as Value }
  })
  const label = task.train.schema.flatMap((f) => (f.name === 'y' ? [f] : []))
  const schema = [...names.map((name) => ({ name, type: 'float64' as const, nullable: true })), ...label]
  const meta = await learnt(kinds.at(-1) as string, { ...task, train: relationOf(schema, answers), features: names })
  return { ...model, kind: 'auto', params: {}, body: { members, meta } }
}

export function rowsToAsk(): number[][] {
  const random = randomOf(11)
  const usual = Array.from({ length: 200 }, () => [random() * 5 - 0.5, random() * 14 - 7, Math.floor(random() * 40)])
  const odd = [Number.NaN, 1 / 0, -1 / 0, 0, -0, 1e308, -1e308, 0.5]
  return [...usual, ...odd.flatMap((x) => [[x, 1, 3], [1, x, 3], [1, 1, x], [x, x, x], [x, -x, x]])] // biome-ignore format: one line
}
