import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { BLOCK_ROWS, designOf, featureStats } from './design.ts'
import { goalBlocks } from './goalBlocks.ts'
import { readTargets, type Targets } from './labels.ts'
import { minimise, type Slope } from './lbfgs.ts'
import { addScaled, dot } from './linear.ts'
import { logisticBody } from './logisticModel.ts'
import { modelOf } from './model.ts'
import { softmaxBody } from './softmax.ts'
import type { TrainContext, TrainedModel, TrainTask } from './trainer.ts'

/** Steps of L-BFGS that cost about what one of Newton's does. */
const STEPS = 20

/**
 * Generalised linear models by L-BFGS: logistic regression with weights or of several classes (a set of weights each, all penalised), and
 * Poisson regression with a logarithmic link. Minimises Σ loss + λ/2 · Σ w² over standardised columns.
 */
export async function learnGlm(
  kind: 'logistic' | 'poisson',
  task: TrainTask,
  params: { readonly l2: number; readonly maxIterations: number; readonly tolerance: number },
  ctx: TrainContext,
): Promise<TrainedModel> {
  const targets = await readTargets(task.train, task, ctx.signal)
  const stats = await featureStats(task.train, task.features, ctx.signal)
  const design = designOf(stats.columns)
  const blocks = await goalBlocks(task, targets, stats, design, ctx.signal)
  const { outputs, weight } = targets
  const lossOf = kind === 'poisson' ? poissonLoss : outputs > 1 ? softmaxLoss : logisticLoss
  const size = design.width + 1
  const score = Array.from({ length: outputs }, () => new Float64Array(BLOCK_ROWS))
  const evaluate = async (at: Float64Array): Promise<Slope> => {
    const gradient = new Float64Array(at.length)
    let loss = 0
    let turn = 0
    for await (const { x, y, w, rows } of blocks()) {
      throwIfAborted(ctx.signal)
      const column = (j: number) => x.subarray(j * BLOCK_ROWS, j * BLOCK_ROWS + rows)
      for (const [k, own] of score.entries()) {
        own.fill(at[k * size + design.width] as number, 0, rows)
        for (let j = 0; j < design.width; j++) addScaled(own, column(j), at[k * size + j] as number, rows)
      }
      // scores become the loss's slopes
      loss += lossOf(score, y, w, rows)
      for (const [k, own] of score.entries()) {
        for (let j = 0; j < design.width; j++)
          gradient[k * size + j] = (gradient[k * size + j] as number) + dot(own, column(j), rows)
        let sum = 0
        for (let i = 0; i < rows; i++) sum += own[i] as number
        gradient[k * size + design.width] = (gradient[k * size + design.width] as number) + sum
      }
      if (++turn % 8 === 0) await nextTurn()
    }
    for (let i = 0; i < at.length; i++) {
      if (i % size === design.width) continue
      const own = at[i] as number
      loss += (params.l2 / 2) * own * own
      gradient[i] = (gradient[i] as number) + params.l2 * own
    }
    return { loss, gradient }
  }
  const start = new Float64Array(outputs * size)
  for (const [k, intercept] of interceptsOf(targets).entries()) start[k * size + design.width] = intercept
  const { at, loss, steps } = await minimise(start, evaluate, {
    limit: params.tolerance * weight,
    most: params.maxIterations * STEPS,
    step: (done) => ctx.progress({ done, unit: 'steps' }),
  })
  const fit = { iterations: steps, loss: loss / weight }
  return modelOf(
    kind,
    task,
    targets,
    params,
    outputs > 1
      ? softmaxBody(stats.columns, design.indicators, at, outputs, fit)
      : logisticBody(stats.columns, design.indicators, at, fit),
  )
}

/** The scores that rows have without features. */
function interceptsOf({ goal, byClass, weight, mean }: Targets): number[] {
  if (goal.kind === 'multiclass') return Array.from(byClass, (n) => Math.log(n / weight))
  return [goal.kind === 'binary' ? Math.log((byClass[1] as number) / (byClass[0] as number)) : Math.log(mean)]
}

type Loss = (scores: readonly Float64Array[], y: Float64Array, w: Float64Array, rows: number) => number

const logisticLoss: Loss = ([score], y, w, rows) => {
  const s = score as Float64Array
  let loss = 0
  for (let i = 0; i < rows; i++) {
    const own = s[i] as number
    const z = Math.exp(-Math.abs(own))
    const p = own >= 0 ? 1 / (1 + z) : z / (1 + z)
    loss += (w[i] as number) * (Math.log1p(z) + (y[i] === 1 ? Math.max(-own, 0) : Math.max(own, 0)))
    s[i] = (w[i] as number) * (p - (y[i] as number))
  }
  return loss
}

/** exp(s) − y·s, without what does not depend on s. */
const poissonLoss: Loss = ([score], y, w, rows) => {
  const s = score as Float64Array
  let loss = 0
  for (let i = 0; i < rows; i++) {
    const own = s[i] as number
    const mean = Math.exp(own)
    loss += (w[i] as number) * (mean - (y[i] as number) * own)
    s[i] = (w[i] as number) * (mean - (y[i] as number))
  }
  return loss
}

const softmaxLoss: Loss = (scores, y, w, rows) => {
  let loss = 0
  for (let i = 0; i < rows; i++) {
    let top = Number.NEGATIVE_INFINITY
    for (const s of scores) top = Math.max(top, s[i] as number)
    let sum = 0
    for (const s of scores) sum += Math.exp((s[i] as number) - top)
    const own = scores[y[i] as number] as Float64Array
    const weight = w[i] as number
    loss += weight * (Math.log(sum) + top - (own[i] as number))
    for (const s of scores) s[i] = (weight * Math.exp((s[i] as number) - top)) / sum
    own[i] = (own[i] as number) - weight
  }
  return loss
}
