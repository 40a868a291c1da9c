import { GalleyError } from '../../base/errors.ts'
import type { Goal } from '../../runs/goal.ts'
import { CLIP, logLoss } from '../evaluation/metrics.ts'
import { orderJudge } from '../evaluation/orders.ts'
import { evaluateNumbers } from '../evaluation/regression.ts'
import { trainerOf } from '../training/index.ts'
import { mix } from '../training/mix.ts'
import { quantileIn } from '../training/quantiles.ts'
import type { TrainTask } from '../training/trainer.ts'
import type { Fold } from './folds.ts'
import type { Tried } from './propose.ts'
import type { HeldRows } from './rows.ts'
import { type Family, paramsAt } from './space.ts'

/** A trial as the leaderboard has it. */
export interface Trial extends Tried {
  readonly params: TrainTask['params']
  /** Of each rung that it came to. */
  readonly losses: readonly (number | undefined)[]
  /** What it says of each row of the folds, rung 2 alone: an output after another a row. */
  readonly said: Float64Array | undefined
}

/** What rows that models are judged by are: labels, and of a ranking their groups. */
export interface Known {
  readonly y: Float64Array
  readonly groups?: Uint32Array
}
type Loss = (said: Float64Array, known: Known) => number

/** The loss that models are chosen by: of classes the log loss, of a ranking 1 − NDCG@10, of a number what its objective is measured by. */
export function lossOf(goal: Goal, outputs: number): Loss {
  const loss = lossIn(goal, outputs)
  return (said, known) => (said.every(Number.isFinite) ? loss(said, known) : Number.POSITIVE_INFINITY)
}

function lossIn(goal: Goal, outputs: number): Loss {
  if (goal.kind === 'ranking')
    return (said, { y, groups }) => {
      const judged = orderJudge(said, y, groups ?? new Uint32Array(y.length), 1).of(Uint32Array.from(y.keys()))
      return judged ? 1 - judged.value : Number.POSITIVE_INFINITY
    }
  if (goal.kind === 'binary') return (said, { y }) => logLoss(said, Uint8Array.from(y)) ?? Number.POSITIVE_INFINITY
  if (goal.kind === 'multiclass') {
    // a report of every class is too much for each of an ensemble's trials
    const loss = (p: number) => -Math.log(Math.min(Math.max(p, CLIP), 1 - CLIP))
    return (said, { y }) => y.reduce((sum, k, i) => sum + loss(said[i * outputs + k] as number), 0) / y.length
  }
  const alpha = quantileIn(goal)
  const options = {
    ...(alpha === undefined ? {} : { alpha }),
    ...(goal.power === undefined ? {} : { power: goal.power }),
  }
  const name = { squared: 'rmse', absolute: 'mae', quantile: 'pinball', poisson: 'poissonDeviance', tweedie: 'tweedieDeviance' } as const // biome-ignore format: one line
  return (said, { y }) => evaluateNumbers(said, y, options)[name[goal.objective]] ?? Number.POSITIVE_INFINITY
}

/** Labels and groups of some rows. */
export const knownOf = ({ y, groups }: Pick<HeldRows, 'y' | 'groups'>, rows: Uint32Array): Known => ({
  y: Float64Array.from(rows, (i) => y[i] as number),
  ...(groups ? { groups: Uint32Array.from(rows, (i) => groups[i] as number) } : {}),
})

/** What trials are run over. */
export interface Ground {
  readonly held: HeldRows
  readonly folds: readonly Fold[]
  readonly goal: Goal
  readonly outputs: number
  readonly seed: number
  readonly threads: number
}

/** Losses of trials before, of each of the rungs that one may end at. */
export type Earlier = readonly [first: readonly number[], second: readonly number[]]

export const earlierOf = (trials: readonly Pick<Trial, 'losses'>[]): Earlier => {
  const of = (rung: number) => trials.flatMap((t) => t.losses[rung] ?? [])
  return [of(0), of(1)]
}

/** Rows of a fold that the first rung takes, and the least of them. */
const [PART, LEAST] = [4, 1000] as const

/**
 * Runs a point through its rungs: a quarter of a fold's rows, the whole fold, all folds. After each of the first two it goes on only when
 * at most half of those that came there before were better (successive halving, as trials come: Li et al. 2020).
 */
export async function runTrial(
  { family, point }: { readonly family: Family; readonly point: readonly number[] },
  { held, folds, goal, outputs, seed, threads }: Ground,
  earlier: Earlier,
  signal: AbortSignal,
): Promise<Trial> {
  const trainer = await trainerOf(family.trainer)
  const params = paramsAt(family, point)
  const loss = lossOf(goal, outputs)
  /** What a model of some rows says of others; nothing sure where they can't be learnt from, as rows of one class. */
  const judged = async ({ train, test }: Fold): Promise<Float64Array> => {
    const task: TrainTask = { ...held.task(train), params, seed, threads }
    const said = new Float64Array(test.length * outputs)
    const learnt = await trainer.train(task, { signal, progress: () => {} }).catch((thrown: unknown) => {
      if (thrown instanceof GalleyError && thrown.code === 'TRAIN_DATA') return undefined
      throw thrown
    })
    if (!learnt) return said.fill(Number.NaN)
    const model = trainer.load(learnt)
    // of a part that lacks a class
    const places = learnt.classes?.map(Number) ?? [0]
    const own = new Float64Array(test.length * model.outputs)
    model.many(held.columns(test), test.length, own)
    for (let i = 0; i < test.length; i++)
      for (const [k, place] of places.entries()) said[i * outputs + place] = own[i * model.outputs + k] as number
    return said
  }
  const losses: (number | undefined)[] = []
  const told = (rung: number, said?: Float64Array): Trial => {
    const value = losses[rung] as number
    return {
      ...{ family, point, params, rung, losses, said },
      loss: Number.isFinite(value) ? value : Number.MAX_VALUE,
    }
  }
  const behind = (rung: 0 | 1): boolean => {
    const others = earlier[rung]
    return others.length >= 4 && others.filter((other) => other < (losses[rung] as number)).length > others.length / 2
  }
  const [first, ...rest] = folds as readonly [Fold, ...Fold[]]
  if (first.train.length / PART >= LEAST) {
    const some = first.train.filter((row, i) => (held.groups ? mix(held.groups[row] as number) : i) % PART === 0)
    losses[0] = loss(await judged({ train: some, test: first.test }), knownOf(held, first.test))
    if (behind(0)) return told(0)
  }
  const parts = [await judged(first)]
  losses[1] = loss(parts[0] as Float64Array, knownOf(held, first.test))
  if (behind(1)) return told(1)
  for (const fold of rest) parts.push(await judged(fold))
  const said = Float64Array.from(parts.flatMap((part) => [...part]))
  losses[2] = loss(said, knownOf(held, Uint32Array.from(folds.flatMap((f) => [...f.test]))))
  return told(2, said)
}
