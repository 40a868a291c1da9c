import type { Goal } from '../../../runs/goal.ts'
import { softmaxInPlace } from '../softmax.ts'

/** Labels, weights and scores in the shared memory; `scores` has an array an output, one after another. */
export interface Labelled {
  readonly y: Float64Array
  readonly w: Float64Array
  readonly scores: Float64Array
}

/** The gradient and hessian of a goal's loss for a row's score; both times the row's weight. After LightGBM's objectives. */
export type Slopes = (rows: Labelled, from: number, to: number, g: Float32Array, h: Float32Array) => void

/** Keeps steps of counts from overshooting, as LightGBM's `poisson_max_delta_step` does. */
const POISSON_STEP = Math.exp(0.7)

const each =
  (of: (score: number, y: number) => readonly [number, number]): Slopes =>
  ({ y, w, scores }, from, to, g, h) => {
    for (let i = from; i < to; i++) {
      const [gradient, hessian] = of(scores[i] as number, y[i] as number)
      g[i] = (w[i] as number) * gradient
      h[i] = (w[i] as number) * hessian
    }
  }

/** What trees follow down for a goal whose rows stand alone. */
export function slopesOf(goal: Exclude<Goal, { kind: 'ranking' }>): Slopes {
  if (goal.kind === 'multiclass') return softmaxSlopes
  if (goal.kind === 'binary')
    return each((s, y) => {
      const p = 1 / (1 + Math.exp(-s))
      return [p - y, p * (1 - p)]
    })
  switch (goal.objective) {
    case 'squared':
      return ({ y, w, scores }, from, to, g, h) => {
        for (let i = from; i < to; i++) {
          g[i] = (w[i] as number) * ((scores[i] as number) - (y[i] as number))
          h[i] = w[i] as number
        }
      }
    case 'absolute':
      return each((s, y) => [Math.sign(s - y), 1])
    case 'quantile': {
      const alpha = goal.alpha as number
      return each((s, y) => [s >= y ? 1 - alpha : -alpha, 1])
    }
    case 'poisson':
      return each((s, y) => {
        const mean = Math.exp(s)
        return [mean - y, mean * POISSON_STEP]
      })
    case 'tweedie': {
      const power = goal.power as number
      return each((s, y) => {
        const [one, two] = [y * Math.exp((1 - power) * s), Math.exp((2 - power) * s)]
        return [two - one, (2 - power) * two - (1 - power) * one]
      })
    }
  }
}

const softmaxSlopes: Slopes = ({ y, w, scores }, from, to, g, h) => {
  const rows = y.length
  const n = scores.length / rows
  const p = new Float64Array(n)
  // Friedman 2001: the second derivative of K scores that are one too many
  const factor = n / (n - 1)
  for (let i = from; i < to; i++) {
    for (let k = 0; k < n; k++) p[k] = scores[k * rows + i] as number
    softmaxInPlace(p, 0, n)
    const weight = w[i] as number
    for (let k = 0; k < n; k++) {
      const own = p[k] as number
      g[k * rows + i] = weight * (own - Number(y[i] === k))
      h[k * rows + i] = weight * factor * own * (1 - own)
    }
  }
}

/** The loss of a row, by which early stopping judges: an array of scores an output, `rows` apart. */
export function lossOf(
  goal: Exclude<Goal, { kind: 'ranking' }>,
): (scores: Float64Array, y: number, i: number, rows: number) => number {
  if (goal.kind === 'multiclass')
    return (scores, y, i, rows) => {
      const n = scores.length / rows
      let top = Number.NEGATIVE_INFINITY
      for (let k = 0; k < n; k++) top = Math.max(top, scores[k * rows + i] as number)
      let sum = 0
      for (let k = 0; k < n; k++) sum += Math.exp((scores[k * rows + i] as number) - top)
      return Math.log(sum) + top - (scores[y * rows + i] as number)
    }
  const one = oneLoss(goal)
  return (scores, y, i) => one(scores[i] as number, y)
}

function oneLoss(goal: Exclude<Goal, { kind: 'ranking' }>): (score: number, y: number) => number {
  if (goal.kind !== 'regression')
    return (score, y) => {
      const s = y === 1 ? -score : score
      return s > 0 ? s + Math.log1p(Math.exp(-s)) : Math.log1p(Math.exp(s))
    }
  const alpha = goal.objective === 'absolute' ? 0.5 : (goal.alpha ?? 0.5)
  const power = goal.power ?? 1.5
  switch (goal.objective) {
    case 'squared':
      return (s, y) => (s - y) ** 2
    case 'absolute':
    case 'quantile':
      return (s, y) => (y >= s ? alpha * (y - s) : (1 - alpha) * (s - y))
    case 'poisson':
      return (s, y) => Math.exp(s) - y * s
    case 'tweedie':
      return (s, y) => Math.exp((2 - power) * s) / (2 - power) - (y * Math.exp((1 - power) * s)) / (1 - power)
  }
}
