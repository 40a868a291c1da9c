import { GalleyError } from '../../base/errors.ts'
import { BINARY, type Goal, linkOf } from '../../runs/goal.ts'
import { linear } from '../training/elastic.ts'
import { logistic } from '../training/logistic.ts'
import { poisson } from '../training/poisson.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from '../training/trainer.ts'
import type { Fold } from './folds.ts'
import type { Searched } from './ground.ts'
import type { HeldRows } from './rows.ts'
import { meanOf, selectEnsemble } from './select.ts'
import { knownOf, lossOf } from './trials.ts'

/** The trainer of a meta-model, which learns over the answers of other models, by what they answer; where nothing is named there are means alone. */
const META: Readonly<Record<string, Trainer>> = { binary: logistic, multiclass: logistic, squared: linear, poisson }

/** How strongly weights are held back, in the order in which they are tried. */
const RIDGES = [1, 30, 1000] as const
/** Numbers that the weights of a model over several classes are fitted from, at most, and rows, at least. */
const [MOST_CELLS, LEAST_ROWS] = [2e7, 200] as const

/** A probability, or a mean count, is taken to be no nearer to 0, or 1, than this: a model that has no doubt would outweigh all others. */
export const SURE = 1e-4

/** What makes a feature of an answer: log odds of a probability, logarithms of several and of mean counts, a number as it is. */
export type Answers = 'logit' | 'log' | 'identity'
export const answersOf = ({ goal = BINARY }: { readonly goal?: Goal }): Answers => (goal.kind === 'multiclass' ? 'log' : linkOf(goal)) // biome-ignore format: one line

const FEATURES: Readonly<Record<Answers, (answer: number) => number>> = {
  logit: (p) => {
    const within = Math.min(Math.max(p, SURE), 1 - SURE)
    return Math.log(within / (1 - within))
  },
  log: (mean) => Math.log(Math.max(mean, SURE)),
  identity: (value) => value,
}
export const featureOf = (model: { readonly goal?: Goal }): ((answer: number) => number) => FEATURES[answersOf(model)]

/** A model over others, to be learnt from what they say of rows that they have not seen, and what it loses on rows that it has not. */
export interface Stack {
  readonly loss: number
  learn(): Promise<TrainedModel>
}

/**
 * A linear model over the answers of models (stacked generalization: Wolpert 1992; Breiman 1996). It is judged fold by fold by what the others tell, as their mean by `picks` is;
 * undefined where it loses no less than that as a whole and in most of the folds. `said` is what each of the models says of rows of the folds, in their order.
 */
export async function stackOver(
  said: readonly Float64Array[],
  picks: number,
  searched: Searched,
  ctx: TrainContext,
): Promise<Stack | undefined> {
  const { held, folds, goal, outputs, cut } = searched
  const trainer = overOf(goal)
  const rows = Uint32Array.from(folds.flatMap((f) => [...f.test]))
  const cells = rows.length * said.length * outputs * outputs
  if (!trainer || said.length < 2 || rows.length < LEAST_ROWS || cells > MOST_CELLS) return undefined
  const over = held.withFeatures(rows, featuresIn(said, searched))
  const parts = partsOf(folds.map((f) => f.test.length), cut === 'time') // biome-ignore format: one line
  const loss = lossOf(goal, outputs)
  const some = (answers: Float64Array, picked: Uint32Array) =>
    Float64Array.from({ length: picked.length * outputs }, (_, i) => answers[(picked[Math.floor(i / outputs)] as number) * outputs + (i % outputs)] as number) // biome-ignore format: one line
  /** What is lost by an account of the rows that each part judges: of each of them, and as a whole. */
  const judged = (accounts: readonly Float64Array[]) => {
    const all = Uint32Array.from(parts.flatMap((p) => [...p.test]))
    const whole = loss(Float64Array.from(accounts.flatMap((own) => [...own])), knownOf(over, all))
    return { whole, parts: accounts.map((own, p) => loss(own, knownOf(over, (parts[p] as Fold).test))) }
  }
  const means: Float64Array[] = []
  for (const { train, test } of parts) {
    const known = knownOf(over, train)
    const { weights } = await selectEnsemble(said.map((own) => some(own, train)), (mean) => loss(mean, known), picks, ctx.signal) // biome-ignore format: one line
    means.push(meanOf(said.map((own) => some(own, test)), weights)) // biome-ignore format: one line
  }
  const mean = judged(means)
  let best: (ReturnType<typeof judged> & { readonly l2: number }) | undefined
  for (const l2 of RIDGES) {
    const accounts: Float64Array[] = []
    for (const { train, test } of parts) {
      const told = await learnOver(trainer, over, train, l2, searched, ctx).catch(orNothing)
      // a part may lack a class
      if (!told || (told.classes && told.classes.length !== outputs)) return undefined
      const own = new Float64Array(test.length * outputs)
      trainer.load(told).many(over.columns(test), test.length, own)
      accounts.push(own)
    }
    const found = judged(accounts)
    if (best && !(found.whole < best.whole)) break
    best = { l2, ...found }
  }
  if (!best) return undefined
  const { l2, whole, parts: own } = best
  const better = own.filter((value, p) => value < (mean.parts[p] as number)).length
  if (!(whole < mean.whole) || better * 2 <= parts.length) return undefined
  return { loss: whole, learn: () => learnOver(trainer, over, Uint32Array.from(rows.keys()), l2, searched, ctx) }
}

const overOf = (goal: Goal): Trainer | undefined => META[goal.kind === 'regression' ? goal.objective : goal.kind]

/** A column an answer of each of the models. */
function featuresIn(
  said: readonly Float64Array[],
  { goal, outputs }: Pick<Searched, 'goal' | 'outputs'>,
): Float64Array[] {
  const feature = featureOf({ goal })
  return said.flatMap((own) =>
    Array.from({ length: outputs }, (_, k) => Float64Array.from({ length: own.length / outputs }, (_, i) => feature(own[i * outputs + k] as number)))) // biome-ignore format: one line
}

/** Folds of the rows that all folds judge; of time, by what comes before. */
function partsOf(sizes: readonly number[], ordered: boolean): Fold[] {
  const edges = [0]
  for (const size of sizes) edges.push((edges.at(-1) as number) + size)
  const between = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  return sizes.flatMap((_, f) => {
    const [from, to] = [edges[f] as number, edges[f + 1] as number]
    const after = ordered ? [] : between(to, edges.at(-1) as number)
    const train = Uint32Array.from([...between(0, from), ...after])
    return train.length > 0 ? [{ train, test: Uint32Array.from(between(from, to)) }] : []
  })
}

const orNothing = (thrown: unknown): undefined => {
  if (!(thrown instanceof GalleyError && thrown.code === 'TRAIN_DATA')) throw thrown
}

async function learnOver(
  trainer: Trainer,
  over: HeldRows,
  rows: Uint32Array,
  l2: number,
  { seed, threads }: Searched,
  { signal }: TrainContext,
): Promise<TrainedModel> {
  const task: TrainTask = { ...over.task(rows), params: { l2 }, seed, threads }
  return trainer.train(task, { signal, progress: () => {} })
}
