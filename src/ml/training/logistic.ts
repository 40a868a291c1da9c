import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { isOnDevice } from '../../engines/webgpu/table.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { BLOCK_ROWS, columnStats, designOf, makeBlocks, thinned } from './design.ts'
import { orOnHost } from './device/fallback.ts'
import { gramsOf } from './gram.ts'
import { checkClasses, checkColumns } from './intake.ts'
import { isPlain } from './labels.ts'
import { addScaled, solveInTurns } from './linear.ts'
import { loadLinear, logisticBody } from './logisticModel.ts'
import { checkModel } from './model.ts'
import { paced } from './pace.ts'
import { type NumberParam, numberParams } from './params.ts'
import { loadSoftmax } from './softmax.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/**
 * `l2` is λ in Σ loss + λ/2 · Σ w², over standardised columns and without the intercept; `tolerance` bounds the Newton
 * decrement a row at which it stops.
 */
export const LOGISTIC_PARAMS = {
  l2: { value: 1, min: 0, max: 1e12 },
  maxIterations: { value: 50, min: 1, max: 1000, integer: true },
  tolerance: { value: 1e-9, min: 0, max: 1 },
} as const satisfies Record<string, NumberParam>

/** From so many rows on, the descent begins on every eighth of them. */
const MANY_ROWS = 50_000
const PART = 8

/** With more features than this a Hessian takes longer than many steps without. */
const WIDE = 1500

/** A step that shrinks the decrement by less than this wants a Hessian of its own. */
const SHRINKS = 8

/** Where a descent is: the loss, its gradient and, where it was asked for, the lower triangle of its Hessian. */
interface Point {
  readonly weights: Float64Array
  readonly loss: number
  readonly g: Float64Array
  readonly h: Float64Array | undefined
}

interface Descent extends Point {
  /** The Hessian that the last step was made with. */
  readonly curve: Float64Array
  readonly iterations: number
}

/**
 * L2-regularised logistic regression by Newton's method with step halving. Columns are standardised; a missing value
 * counts as the mean and, in columns that miss some in training, adds an indicator; an infinite one counts as the
 * largest or smallest finite value of the training rows. With weights, for several classes, or of very many features, by L-BFGS (`glm.ts`).
 */
export const logistic: Trainer = { kind: 'logistic', goals: ['binary', 'multiclass'], train, load }

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = numberParams('logistic', task.params, LOGISTIC_PARAMS)
  checkColumns(task)
  const { train } = task
  if (!isPlain(task) || task.features.length > WIDE)
    return (await import('./glm.ts')).learnGlm('logistic', task, params, ctx)
  if (isOnDevice(train)) {
    const [{ learnOnDevice }, { beginLogistic }] = [await import('./device/begin.ts'), await import('./device/logistic.ts')] // biome-ignore format: one line
    const made = await orOnHost(ctx, () => learnOnDevice(beginLogistic, { ...task, train }, ctx))
    if (made) return made
  }
  const stats = await columnStats(task.train, task.features, task.target, ctx.signal)
  checkClasses(stats, task.target)
  const design = designOf(stats.columns)
  const blocks = await makeBlocks(task, stats, design, ctx.signal)
  const size = design.width + 1
  const { width } = design
  const grams = await gramsOf(width)
  const pace = paced(ctx.signal)

  /**
   * Loss at `weights` with its gradient and, when `curved`, its Hessian (lower triangle), in one pass over every
   * `every`-th row, with the penalty in proportion. The intercept comes last.
   */
  const evaluate = async (weights: Float64Array, every: number, curved: boolean): Promise<Point> => {
    const g = new Float64Array(size)
    const h = curved ? new Float64Array(size * size) : undefined
    const score = new Float64Array(BLOCK_ROWS)
    const residual = new Float64Array(BLOCK_ROWS)
    const weight = new Float64Array(BLOCK_ROWS)
    grams.clear()
    let loss = 0
    let turn = 0
    for await (const whole of blocks()) {
      throwIfAborted(ctx.signal)
      const { x, labels, rows } = every === 1 ? whole : thinned(whole, every, design.width)
      score.fill(weights[width] as number)
      for (let j = 0; j < width; j++) addScaled(score, x.subarray(j * BLOCK_ROWS, j * BLOCK_ROWS + rows), weights[j] as number, rows) // biome-ignore format: one line
      let [residuals, curvature] = [0, 0]
      for (let i = 0; i < rows; i++) {
        const s = score[i] as number
        const z = Math.exp(-Math.abs(s))
        const p = s >= 0 ? 1 / (1 + z) : z / (1 + z)
        const y = labels[i] as number
        loss += Math.log1p(z) + (y === 1 ? Math.max(-s, 0) : Math.max(s, 0))
        residuals += residual[i] = p - y
        curvature += weight[i] = z / (1 + z) ** 2
      }
      grams.take(x, weight, residual, rows)
      for (let a = 0; a < width; a++) {
        g[a] = (g[a] as number) + grams.cross(a)
        if (!h) continue
        h[width * size + a] = (h[width * size + a] as number) + grams.add(a)
        const turn = pace(rows * (a + 1))
        if (turn) await turn
      }
      g[width] = (g[width] as number) + residuals
      if (h) h[width * size + width] = (h[width * size + width] as number) + curvature
      if (++turn % 8 === 0) await nextTurn()
    }
    for (let a = 0; h && a < width; a++) h.set(grams.lower.subarray(a * width, a * width + a + 1), a * size)
    for (let j = 0; j < size - 1; j++) {
      const w = weights[j] as number
      loss += (params.l2 / every / 2) * w * w
      g[j] = (g[j] as number) + (params.l2 / every) * w
      if (h) h[j * size + j] = (h[j * size + j] as number) + params.l2 / every
    }
    return { weights, loss, g, h }
  }

  /**
   * Newton's steps from `start` until they no longer matter. With `curve`, a Hessian from nearby, a pass only sums the
   * gradient (a chord method), for as long as the steps shrink fast enough.
   */
  const descend = async (start: Point, every: number, near?: Float64Array): Promise<Descent> => {
    let here = start
    let iterations = 0
    let last = Number.POSITIVE_INFINITY
    let curve = near
    for (; ; iterations++) {
      ctx.progress({ done: iterations, unit: 'steps' })
      if (!curve) {
        const { h } = here.h ? here : await evaluate(here.weights, every, true)
        curve = h as Float64Array
      }
      if (iterations === params.maxIterations) break
      const step = await solveInTurns(curve, here.g, ctx.signal)
      let decrement = 0
      for (let j = 0; j < size; j++) decrement += (step[j] as number) * (here.g[j] as number)
      if (decrement / 2 <= (params.tolerance * stats.rows) / every) break
      if (near === curve && decrement * SHRINKS > last) {
        curve = undefined
        last = Number.POSITIVE_INFINITY
        continue
      }
      last = decrement
      const own = near !== curve
      let there = here
      for (let halvings = 0, scale = 1; halvings < 20; halvings++, scale /= 2) {
        const next = here.weights.map((w, j) => w - scale * (step[j] as number))
        there = await evaluate(next, every, own)
        if (there.loss <= here.loss) break
      }
      if (there.loss > here.loss) {
        if (own) break
        curve = undefined
        continue
      }
      here = there
      if (own) curve = here.h
    }
    return { ...here, curve, iterations }
  }

  const prior = new Float64Array(size)
  prior[size - 1] = Math.log(stats.positives / (stats.rows - stats.positives))
  const { rows, positives } = stats
  const whole = async (): Promise<Descent> => descend(await evaluate(prior, 1, true), 1)
  /** A start that a part of many rows gives is so near that two or three gradients over all of them are left. */
  const fromPart = async (): Promise<Descent> => {
    const part = await descend(await evaluate(prior, PART, true), PART)
    const start = await evaluate(part.weights, 1, false)
    // at the prior every row is as likely as the rate says; a part that misleads is left aside
    const atPrior = -positives * Math.log(positives / rows) - (rows - positives) * Math.log(1 - positives / rows)
    return start.loss <= atPrior
      ? descend(
          start,
          1,
          part.curve.map((x) => x * PART),
        )
      : whole()
  }
  const { weights, loss, iterations } = await (rows > MANY_ROWS ? fromPart() : whole())
  return {
    format: 1,
    kind: 'logistic',
    features: task.features,
    target: task.target,
    params,
    body: logisticBody(stats.columns, design.indicators, weights, { iterations, loss: loss / stats.rows }),
  }
}

function load(model: TrainedModel): Evaluator {
  checkModel(model, 'logistic')
  return model.classes ? loadSoftmax(model) : loadLinear(model)
}
