import { systemClock } from '../../base/clock.ts'
import { hashJson } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { naiveBayes } from '../training/bayes.ts'
import { linear } from '../training/elastic.ts'
import { gbdt } from '../training/gbdt/gbdt.ts'
import { dataError } from '../training/intake.ts'
import { knn } from '../training/knn.ts'
import { logistic } from '../training/logistic.ts'
import { mlp } from '../training/mlp.ts'
import { broken, checkModel, modelOf } from '../training/model.ts'
import { poisson } from '../training/poisson.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from '../training/trainer.ts'
import { loadEnsemble } from './ensemble.ts'
import { type Searched, searchedIn } from './ground.ts'
import { askedIn, toldOf, trialsKept } from './kept.ts'
import { byPromise } from './propose.ts'
import { search } from './rounds.ts'
import { selectEnsemble } from './select.ts'
import { stackOver } from './stack.ts'
import { type Suspect, suspectsOf, warningOf } from './suspects.ts'
import { knownOf, lossOf, runTrial, type Trial } from './trials.ts'

/** The best trials, which an ensemble is made of beside the best of each trainer. */
const LIBRARY = 10

const MEMBERS: Readonly<Record<string, Trainer>> = { gbdt, logistic, linear, poisson, mlp, knn, naiveBayes }

/**
 * Looks for a trainer and its parameters by cross-validation on the training rows, and learns all rows with what it found: the mean of
 * several models or a model over them where that loses less, else one. With `seconds: 0` the same rows and seed give the same model; else how far the search
 * comes is the machine's affair.
 */
export const auto: Trainer = {
  kind: 'auto',
  goals: ['binary', 'multiclass', 'ranking', 'squared', 'absolute', 'quantile', 'poisson', 'tweedie'],
  train,
  answer,
  load,
}

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const { signal } = ctx
  const began = systemClock.ticks()
  const searched = await searchedIn(task, signal)
  const { params, targets, families, held } = searched
  const suspects = await suspectsOf(task.features, held, targets, signal)
  const warning = warningOf(suspects)
  if (warning) ctx.say?.(warning)
  const kept = trialsKept(ctx.journal, families)
  if (kept.size > 0) ctx.say?.(`goes on with ${kept.size} trials of an interrupted search`)
  // of columns that all say the same there is nothing to look for
  const some = held
    .columns(Uint32Array.from({ length: held.rows }, (_, i) => i))
    .some((c) => c.some((x) => !Object.is(x, c[0])))
  const until = params.seconds > 0 ? began + params.seconds * 1000 : Number.POSITIVE_INFINITY
  const trials = await search(searched, { kept, until, limit: some ? params.trials : 1, seed: task.seed }, ctx)
  if (trials.every((t) => t.loss === Number.MAX_VALUE))
    throw dataError(`none of ${trials.length} trials answers with numbers for rows that it has not seen`, 'look at the features for values far beyond all others, or name fewer') // biome-ignore format: one line
  return settle(task, searched, trials, suspects, ctx)
}

/** One trial of a search that another process is at. */
async function answer(task: TrainTask, ask: Json, { signal }: Pick<TrainContext, 'signal'>): Promise<Json> {
  const searched = await searchedIn(task, signal)
  const { earlier, ...next } = askedIn(ask, searched.families)
  return toldOf(await runTrial(next, searched, earlier, signal))
}

/** Learns all rows with the best of what was tried. */
async function settle(
  task: TrainTask,
  searched: Searched,
  trials: readonly Trial[],
  suspects: readonly Suspect[],
  ctx: TrainContext,
): Promise<TrainedModel> {
  const { targets, cut } = searched
  const order = trials.toSorted(byPromise)
  const { taken, meta, loss } = await together(order, searched, ctx)
  const members: TrainedModel[] = []
  for (const { trial } of taken) {
    const trainer = MEMBERS[trial.family.trainer] as Trainer
    const own = ctx.journal ? { journal: await ctx.journal.part(hashJson(trial.params).slice(0, 16)) } : {}
    members.push(await trainer.train({ ...task, params: trial.params }, { ...ctx, ...own, progress: () => {} }))
  }
  const leaderboard = order.slice(0, 50).map(({ family, params: own, rung, loss: value }) => ({
    ...{ trainer: family.trainer, params: own, loss: value },
    stage: ['a part of a fold', 'a fold', 'all folds'][rung],
  }))
  // one after the other is what a search is where nothing is said
  const { parallel = 1, ...others } = task.params
  const said = parallel === 1 ? others : task.params
  return modelOf(
    'auto',
    task,
    targets,
    { ...said, cut },
    {
      ...(meta ? { members, meta } : { members, weights: taken.map((t) => t.weight) }),
      ...{ leaderboard, ...(suspects.length > 0 ? { suspects } : {}) },
      ...{ trials: trials.length, loss },
    },
  )
}

interface Together {
  readonly taken: readonly { readonly trial: Trial; readonly weight: number }[]
  /** The meta-model over them, where it is more than their mean. */
  readonly meta?: TrainedModel
  readonly loss: number
}

function libraryOf(order: readonly Trial[]): Trial[] {
  const seen = new Set<string>()
  return order
    .filter((t) => t.rung === 2)
    .filter(({ family }, place) => {
      const first = !seen.has(family.trainer)
      seen.add(family.trainer)
      return place < LIBRARY || first
    })
}

/** The best trial, or the mean of several or a model over them where that loses less. */
async function together(order: readonly Trial[], searched: Searched, ctx: TrainContext): Promise<Together> {
  const { targets, params, held, folds } = searched
  const best = order[0] as Trial
  const alone = { taken: [{ trial: best, weight: 1 }], loss: best.loss }
  const library = libraryOf(order)
  if (library.length < 2 || params.ensemble < 2) return alone
  const said = library.map((t) => t.said as Float64Array)
  const loss = lossOf(targets.goal, targets.outputs)
  const known = knownOf(held, Uint32Array.from(folds.flatMap((f) => [...f.test])))
  const several = await selectEnsemble(said, (mean) => loss(mean, known), params.ensemble, ctx.signal)
  const picked = several.weights.flatMap((weight, m) => (weight > 0 ? [{ trial: library[m] as Trial, weight }] : []))
  if (!(several.loss < best.loss)) return alone
  const own = picked.map(({ trial }) => trial.said as Float64Array)
  const stack = await stackOver(own, params.ensemble, searched, ctx)
  return stack && stack.loss < best.loss
    ? { taken: picked, meta: await stack.learn(), loss: stack.loss }
    : { taken: picked, loss: several.loss }
}

function load(model: TrainedModel): Evaluator {
  checkModel(model, 'auto')
  return loadEnsemble(model, (member) => {
    const trainer = Object.hasOwn(MEMBERS, member.kind) ? MEMBERS[member.kind] : undefined
    if (!trainer) throw broken(`it has a member of an unknown kind '${member.kind}'`)
    return trainer.load(member)
  })
}
