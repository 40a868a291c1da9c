import { GalleyError } from '../../base/errors.ts'
import { aimOf, type Goal } from '../../runs/goal.ts'
import type { Trainer } from './trainer.ts'

/** The trainers by kind; each is loaded when it is first used. A new one adds its line here. */
export const trainers: Readonly<Record<string, () => Promise<Trainer>>> = {
  baseline: async () => (await import('./baseline.ts')).baseline,
  logistic: async () => (await import('./logistic.ts')).logistic,
  linear: async () => (await import('./elastic.ts')).linear,
  poisson: async () => (await import('./poisson.ts')).poisson,
  knn: async () => (await import('./knn.ts')).knn,
  naiveBayes: async () => (await import('./bayes.ts')).naiveBayes,
  mlp: async () => (await import('./mlp.ts')).mlp,
  auto: async () => (await import('../automl/auto.ts')).auto,
  gbdt: async () => (await import('./gbdt/gbdt.ts')).gbdt,
}

/** @throws RECIPE_INVALID for a kind that there is none of, naming those that there are */
export async function trainerOf(kind: string): Promise<Trainer> {
  const load = Object.hasOwn(trainers, kind) ? trainers[kind] : undefined
  if (load) return withinMemory(await load())
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no trainer '${kind}'`,
    fix: `there are ${Object.keys(trainers).join(', ')}`,
  })
}

/** What a machine has no room for is said as such. */
const withinMemory = (trainer: Trainer): Trainer => ({
  ...trainer,
  train: (task, ctx) =>
    trainer.train(task, ctx).catch((thrown: unknown) => {
      if (!(thrown instanceof RangeError && /allocation failed|Invalid (typed )?array (buffer )?length/i.test(thrown.message))) throw thrown // biome-ignore format: one line
      throw new GalleyError('TRAIN_DATA', {
        what: `'${trainer.kind}' has no room for ${task.train.rows ?? 'so many'} rows × ${task.features.length} features`,
        why: `${thrown.message}: this machine, or one array, can't hold what it needs at once`,
        fix: 'name fewer features, or train on fewer rows',
        cause: thrown,
      })
    }),
})

/** Makes sure that all of these kinds can learn it. @throws RECIPE_INVALID naming the first that can't, and those that can */
export async function checkGoal(kinds: readonly string[], goal: Goal): Promise<void> {
  const aim = aimOf(goal)
  for (const kind of kinds) {
    const { goals } = await trainerOf(kind)
    if (goals.includes(aim)) continue
    const all = await Promise.all(Object.keys(trainers).map(trainerOf))
    const able = all.filter((t) => t.goals.includes(aim)).map((t) => t.kind)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${kind}' can't learn ${goal.kind === 'regression' ? `a regression (${aim})` : `a ${aim} target`}`,
      why: `it learns ${goals.join(', ')}`,
      fix: `take ${able.join(' or ')}`,
    })
  }
}
