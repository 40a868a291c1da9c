import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { BLOCK_ROWS, designOf, featureStats } from './design.ts'
import { goalBlocks } from './goalBlocks.ts'
import { gramsOf } from './gram.ts'
import { checkColumns } from './intake.ts'
import { readTargets } from './labels.ts'
import { solveInTurns } from './linear.ts'
import { loadLinear, logisticBody } from './logisticModel.ts'
import { checkModel, modelOf } from './model.ts'
import { paced } from './pace.ts'
import { type NumberParam, numberParams } from './params.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/**
 * Σ ½(y − p)² + l1 · Σ|w| + l2/2 · Σ w², over standardised columns and without the intercept. `tolerance` is of the largest change of a
 * prediction in a round of the descent, against the target's deviation.
 */
const LINEAR_PARAMS = {
  l1: { value: 0, min: 0, max: 1e12 },
  l2: { value: 1, min: 0, max: 1e12 },
  maxIterations: { value: 10_000, min: 1, max: 1e6, integer: true },
  tolerance: { value: 1e-12, min: 0, max: 1 },
} as const satisfies Record<string, NumberParam>

/** Columns whose covariances are held: 1.6 GiB of them, with what they are solved in. */
const MOST_COLUMNS = 10_000

/**
 * Linear regression: least squares, ridge, lasso and elastic net in one. Two passes make the covariances; without `l1` they are solved
 * at once, with it by coordinate descent (Friedman, Hastie and Tibshirani, 2010). Missing and infinite values as `logistic` takes them.
 */
export const linear: Trainer = {
  kind: 'linear',
  goals: ['squared'],
  train,
  load(model) {
    checkModel(model, 'linear')
    return loadLinear(model)
  },
}

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = numberParams('linear', task.params, LINEAR_PARAMS)
  checkColumns(task)
  const targets = await readTargets(task.train, task, ctx.signal)
  const stats = await featureStats(task.train, task.features, ctx.signal)
  const design = designOf(stats.columns)
  const blocks = await goalBlocks(task, targets, stats, design, ctx.signal)
  const p = design.width
  if (p > MOST_COLUMNS)
    throw new GalleyError('TRAIN_DATA', {
      what: `linear regression of ${p} columns holds their covariances: ${((p * p * 16) / 2 ** 30).toFixed(1)} GiB`,
      why: `it takes at most ${MOST_COLUMNS} columns, indicators of missing values among them`,
      fix: 'name fewer features, or learn with gbdt or mlp',
    })
  const pace = paced(ctx.signal)
  // lower triangle of Σ w·x·x, Σ w·x·(y − ȳ), Σ w·x and Σ w·(y − ȳ)²
  const grams = await gramsOf(p)
  const gram = grams.lower
  const cross = new Float64Array(p)
  const sums = new Float64Array(p)
  let squares = 0
  const residual = new Float64Array(BLOCK_ROWS)
  let done = 0
  for await (const { x, y, w, rows } of blocks()) {
    throwIfAborted(ctx.signal)
    for (let i = 0; i < rows; i++) {
      const d = (y[i] as number) - targets.mean
      residual[i] = (w[i] as number) * d
      squares += (w[i] as number) * d * d
    }
    grams.take(x, w, residual, rows)
    for (let a = 0; a < p; a++) {
      sums[a] = (sums[a] as number) + grams.add(a)
      cross[a] = (cross[a] as number) + grams.cross(a)
      const turn = pace(rows * (a + 1))
      if (turn) await turn
    }
    done += rows
    ctx.progress({ done, total: targets.rows, unit: 'rows' })
    await nextTurn()
  }
  // the intercept takes out the means
  for (let a = 0; a < p; a++)
    for (let b = 0; b <= a; b++) {
      const centred = (gram[a * p + b] as number) - ((sums[a] as number) * (sums[b] as number)) / targets.weight
      gram[a * p + b] = centred
      gram[b * p + a] = centred
    }
  const { l1, l2 } = params
  const { weights, iterations } =
    l1 === 0
      ? { weights: await solveInTurns(withDiagonal(gram, p, l2), cross, ctx.signal), iterations: 1 }
      : await descend(gram, cross, { l1, l2, most: params.maxIterations, enough: params.tolerance * squares }, pace)
  const intercept = weights.reduce((b, w, j) => b - (w * (sums[j] as number)) / targets.weight, targets.mean)
  const fitted = weights.reduce((sum, w, a) => {
    const row = weights.reduce((s, other, b) => s + other * (gram[a * p + b] as number), 0)
    return sum + w * (row - 2 * (cross[a] as number))
  }, squares)
  const all = Float64Array.of(...weights, intercept)
  const fit = { iterations, loss: fitted / 2 / targets.weight }
  return modelOf('linear', task, targets, params, logisticBody(stats.columns, design.indicators, all, fit))
}

function withDiagonal(gram: Float64Array, p: number, l2: number): Float64Array {
  const out = gram.slice()
  for (let j = 0; j < p; j++) out[j * p + j] = (out[j * p + j] as number) + l2
  return out
}

/** Coordinate descent on the covariances, each weight in turn to where it is best, until a round changes next to nothing. */
async function descend(
  gram: Float64Array,
  cross: Float64Array,
  { l1, l2, most, enough }: { l1: number; l2: number; most: number; enough: number },
  pace: ReturnType<typeof paced>,
): Promise<{ weights: Float64Array; iterations: number }> {
  const p = cross.length
  const weights = new Float64Array(p)
  // Σ x·(y − p) of each column
  const slope = cross.slice()
  let iterations = 0
  for (; iterations < most; iterations++) {
    let change = 0
    for (let j = 0; j < p; j++) {
      const own = gram[j * p + j] as number
      if (own <= 0) continue
      const before = weights[j] as number
      const reach = (slope[j] as number) + own * before
      const after = (Math.sign(reach) * Math.max(0, Math.abs(reach) - l1)) / (own + l2)
      const moved = after - before
      if (moved === 0) continue
      weights[j] = after
      change = Math.max(change, moved * moved * own)
      // the covariances are the same either way, and a row of them lies together
      for (let i = 0; i < p; i++) slope[i] = (slope[i] as number) - moved * (gram[j * p + i] as number)
      const turn = pace(2 * p)
      if (turn) await turn
    }
    if (change <= enough * 1e-6) break
  }
  return { weights, iterations }
}
