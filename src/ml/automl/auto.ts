import { systemClock } from '../../base/clock.ts'
import { hashJson } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { naiveBayes } from '../training/bayes.ts'
import { linear } from '../training/elastic.ts'
import { gbdt } from '../training/gbdt/gbdt.ts'
import { knn } from '../training/knn.ts'
import type { Targets } from '../training/labels.ts'
import { logistic } from '../training/logistic.ts'
import { mlp } from '../training/mlp.ts'
import { broken, checkModel, modelOf } from '../training/model.ts'
import { poisson } from '../training/poisson.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from '../training/trainer.ts'
import { loadEnsemble, selectEnsemble } from './ensemble.ts'
import { type Searched, searchedIn } from './ground.ts'
import { askedIn, toldOf, trialsKept } from './kept.ts'
import { search } from './rounds.ts'
import { type Suspect, suspectsOf, warningOf } from './suspects.ts'
import { knownOf, lossOf, runTrial, type Trial } from './trials.ts'

/** Trials that an ensemble is made of. */
const LIBRARY = 10

const MEMBERS: Readonly<Record<string, Trainer>> = { gbdt, logistic, linear, poisson, mlp, knn, naiveBayes }

/**
 * Looks for a trainer and its parameters by cross-validation on the training rows, and learns all rows with what it found: the mean of
 * several models where that loses less, else one. With `seconds: 0` the same rows and seed give the same model; else how far the search
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
  const { params, targets, cut, families, held, folds } = searched
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
  return settle(task, targets, params, { trials, held, folds, cut, suspects }, ctx)
}

/** One trial of a search that another process is at. */
async function answer(task: TrainTask, ask: Json, { signal }: Pick<TrainContext, 'signal'>): Promise<Json> {
  const searched = await searchedIn(task, signal)
  const { earlier, ...next } = askedIn(ask, searched.families)
  return toldOf(await runTrial(next, searched, earlier, signal))
}

interface Found extends Pick<Searched, 'held' | 'folds' | 'cut'> {
  readonly trials: readonly Trial[]
  readonly suspects: readonly Suspect[]
}

/** Learns all rows with the best of what was tried. */
async function settle(
  task: TrainTask,
  targets: Targets,
  params: { readonly ensemble: number },
  { trials, held, folds, cut, suspects }: Found,
  ctx: TrainContext,
): Promise<TrainedModel> {
  const order = trials.toSorted((a, b) => b.rung - a.rung || a.loss - b.loss)
  const library = order.filter((t) => t.rung === 2).slice(0, LIBRARY)
  const best = order[0] as Trial
  const loss = lossOf(targets.goal, targets.outputs)
  const known = knownOf(held, Uint32Array.from(folds.flatMap((f) => [...f.test])))
  const several =
    library.length > 1 && params.ensemble > 1
      ? await selectEnsemble(library.map((t) => t.said as Float64Array), (mean) => loss(mean, known), params.ensemble, ctx.signal) // biome-ignore format: one line
      : undefined
  const together = several !== undefined && several.loss < best.loss
  const taken = together ? library.flatMap((trial, m) => ((several.weights[m] as number) > 0 ? [{ trial, weight: several.weights[m] as number }] : [])) : [{ trial: best, weight: 1 }] // biome-ignore format: one line
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
      ...{ members, weights: taken.map((t) => t.weight), leaderboard },
      ...(suspects.length > 0 ? { suspects } : {}),
      ...{ trials: trials.length, loss: together ? several.loss : best.loss },
    },
  )
}

function load(model: TrainedModel): Evaluator {
  checkModel(model, 'auto')
  return loadEnsemble(model, (member) => {
    const trainer = Object.hasOwn(MEMBERS, member.kind) ? MEMBERS[member.kind] : undefined
    if (!trainer) throw broken(`it has a member of an unknown kind '${member.kind}'`)
    return trainer.load(member)
  })
}
