import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { randomsOf } from '../../base/random.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { aimOf, BINARY, type Goal } from '../../runs/goal.ts'
import { naiveBayes } from '../training/bayes.ts'
import { linear } from '../training/elastic.ts'
import { gbdt } from '../training/gbdt/gbdt.ts'
import { checkColumns, checkGroup, dataError } from '../training/intake.ts'
import { knn } from '../training/knn.ts'
import { readTargets, type Targets } from '../training/labels.ts'
import { logistic } from '../training/logistic.ts'
import { mlp } from '../training/mlp.ts'
import { broken, checkModel, modelOf } from '../training/model.ts'
import { type NumberParam, numberParams } from '../training/params.ts'
import { poisson } from '../training/poisson.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from '../training/trainer.ts'
import { loadEnsemble, selectEnsemble } from './ensemble.ts'
import { type Cut, foldsOf } from './folds.ts'
import { isAt, keepTrial, trialsKept } from './kept.ts'
import { propose } from './propose.ts'
import { type HeldRows, holdRows } from './rows.ts'
import { familiesFor, pointOf } from './space.ts'
import { type Suspect, suspectsOf, warningOf } from './suspects.ts'
import { knownOf, lossOf, runTrial, type Trial } from './trials.ts'

const AUTO_PARAMS = {
  /** Points that are tried, and how long points are begun; what comes first ends the search. 0 seconds: as many trials as there are. */
  trials: { value: 60, min: 1, max: 10_000, integer: true },
  seconds: { value: 60, min: 0, max: 86_400 },
  folds: { value: 5, min: 2, max: 20, integer: true },
  /** Rows that trials learn from, drawn by the seed. */
  rows: { value: 50_000, min: 100, max: 2_000_000, integer: true },
  /** Models of an ensemble, drawn with repeats; 0: one model. */
  ensemble: { value: 12, min: 0, max: 100, integer: true },
} as const satisfies Record<string, NumberParam>
const CUTS: readonly Cut[] = ['stratified', 'random', 'time', 'group']
/** The longest that a timer goes, ms. */
const LONGEST = 2 ** 31 - 1
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
  load,
}

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = numberParams('auto', task.params, AUTO_PARAMS, ['cut', 'group'])
  checkColumns(task)
  const { signal } = ctx
  const now = systemClock.ticks
  let until = params.seconds > 0 ? now() + params.seconds * 1000 : Number.POSITIVE_INFINITY
  const targets = await readTargets(task.train, task, signal)
  const { goal, outputs } = targets
  const { cut, group } = cutOf(task, targets)
  const held = await holdRows(task, targets, params.rows, signal, group)
  const folds = foldsOf(cut, held.rows, Math.min(params.folds, most(held, goal, cut)), task.seed, cut === 'group' ? held.groups : held.y) // biome-ignore format: one line
  const families = familiesFor(aimOf(goal), held.rows, task.features.length, targets.rows)
  const random = randomsOf(task.seed, 0x6175)
  const ground = { held, folds, goal, outputs, seed: task.seed, threads: task.threads }
  const queue = families.flatMap((family) => family.starts.map((start) => ({ family, point: pointOf(family, start) })))
  const trials: Trial[] = []
  const suspects = await suspectsOf(task.features, held, targets, signal)
  const warning = warningOf(suspects)
  if (warning) ctx.say?.(warning)
  const before = trialsKept(ctx.journal, families)
  if (before.length > 0) ctx.say?.(`goes on with ${before.length} trials of an interrupted search`)
  // of columns that all say the same there is nothing to look for
  const some = held
    .columns(Uint32Array.from({ length: held.rows }, (_, i) => i))
    .some((c) => c.some((x) => !Object.is(x, c[0])))
  const limit = some ? params.trials : 1
  while (trials.length < limit && (trials.length === 0 || now() < until)) {
    throwIfAborted(signal)
    const next = queue.shift() ?? propose(trials, families, random)
    const known = before[trials.length]
    if (known && isAt(known.trial, next)) {
      trials.push(known.trial)
      until -= known.ms
      continue
    }
    const began = now()
    try {
      // the first is run to its end, so that there is a model
      const left = AbortSignal.timeout(
        trials.length === 0 ? LONGEST : Math.max(1, Math.ceil(Math.min(LONGEST, until - now()))),
      )
      trials.push(await runTrial(next, ground, trials, AbortSignal.any([signal, left])))
    } catch (thrown) {
      throwIfAborted(signal)
      if (thrown instanceof GalleyError && thrown.code === 'CANCELLED') break
      throw thrown
    }
    await keepTrial(ctx.journal, trials.length - 1, trials.at(-1) as Trial, now() - began)
    ctx.progress({ done: trials.length, total: limit, unit: 'steps' })
    await nextTurn()
  }
  return settle(task, targets, params, { trials, held, folds, cut, suspects }, ctx)
}

interface Found {
  readonly trials: readonly Trial[]
  readonly held: Awaited<ReturnType<typeof holdRows>>
  readonly folds: ReturnType<typeof foldsOf>
  readonly cut: Cut
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
  return modelOf(
    'auto',
    task,
    targets,
    { ...task.params, cut },
    {
      ...{ members, weights: taken.map((t) => t.weight), leaderboard },
      ...(suspects.length > 0 ? { suspects } : {}),
      ...{ trials: trials.length, loss: together ? several.loss : best.loss },
    },
  )
}

/** Folds that every class has a row in, or that every one has a group. @throws TRAIN_DATA for a single group */
function most({ rows, y, groups }: HeldRows, { kind }: Goal, cut: Cut): number {
  if (cut === 'group' && groups) {
    const found = new Set(groups).size
    if (found > 1) return found
    throw dataError('all rows are of one group: none is left to judge by', 'bring rows of several groups, or cut in another way') // biome-ignore format: one line
  }
  if (kind === 'regression' || kind === 'ranking') return Math.max(2, Math.floor(rows / 2))
  const counts = new Map<number, number>()
  for (const label of y) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Math.max(2, Math.min(...counts.values()))
}

/** How rows are cut into folds, and by which column they stay together. @throws USAGE_INVALID, PLAN_UNKNOWN_COLUMN, TRAIN_DATA */
function cutOf(
  { params, goal = BINARY, train, target }: TrainTask,
  targets: Targets,
): { readonly cut: Cut; readonly group?: string } {
  const { cut: said, group } = params
  const invalid = (what: string, fix: string) => new GalleyError('USAGE_INVALID', { what: `auto: ${what}`, fix })
  if (said !== undefined && !CUTS.includes(said as Cut))
    throw invalid(`cut must be one of ${CUTS.join(', ')}, and is ${JSON.stringify(said)}`, "say 'time' where rows stand in the order of time, else leave it out") // biome-ignore format: one line
  if (goal.kind === 'ranking') {
    if ((said ?? 'group') === 'group' && group === undefined) return { cut: 'group' }
    throw invalid(`a ranking is judged by whole groups of '${goal.group}'`, 'leave cut and group out')
  }
  if ((said === 'group') !== (group !== undefined))
    throw invalid(
      "cut: 'group' and the column of groups go together",
      "write auto({ cut: 'group', group: 'customer' })",
    )
  if (group !== undefined) {
    if (typeof group !== 'string') throw invalid(`group must name a column, and is ${JSON.stringify(group)}`, "write group: 'customer'") // biome-ignore format: one line
    checkGroup(train.schema, group, target)
    return { cut: 'group', group }
  }
  if (said === undefined) return { cut: goal.kind === 'regression' || targets.outputs > 50 ? 'random' : 'stratified' }
  return { cut: said as Cut }
}

function load(model: TrainedModel): Evaluator {
  checkModel(model, 'auto')
  return loadEnsemble(model, (member) => {
    const trainer = Object.hasOwn(MEMBERS, member.kind) ? MEMBERS[member.kind] : undefined
    if (!trainer) throw broken(`it has a member of an unknown kind '${member.kind}'`)
    return trainer.load(member)
  })
}
