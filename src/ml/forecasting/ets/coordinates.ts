import type { Form } from './form.ts'
import { ALPHA, BETA, GAMMA, LEVEL, PHI, SEASON, SLOPE } from './recursion.ts'

/** Bounds of alpha and phi. */
const [LOW, HIGH] = [1e-4, 0.9999]
const [DAMPED_LOW, DAMPED_HIGH] = [0.8, 0.98]

/** Shares of their ranges that smoothing parameters have. */
export interface Shares {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
  readonly phi: number
}

/** Numbers without bounds for the points of a form, as a search wants them. */
export interface Coordinates {
  of(point: Float64Array): Float64Array
  /** Writes the point of a place; false: it has an index of a season that multiplies which is not above 0. */
  place(x: Float64Array, point: Float64Array): boolean
  /** Of derivatives by the point, those by its place. */
  chain(point: Float64Array, by: Float64Array, out: Float64Array): void
}

/** A slope acts on all values to come, so its unit is a smaller one. */
const [OF_LEVEL, OF_SLOPE] = [0.5, 0.05]
/** A search that begins at an end of a range does not leave it. */
const END = 0.02

const lowOf = (p: number): number => (p === ALPHA ? LOW : p === PHI ? DAMPED_LOW : 0)
const highOf = (p: number, alpha: number): number => (p === ALPHA ? HIGH : p === BETA ? alpha : p === GAMMA ? 1 - alpha : DAMPED_HIGH) // biome-ignore format: one line
const logistic = (x: number): number => 1 / (1 + Math.exp(-x))

/** Puts smoothing parameters into a point. */
export function smooth({ trend, season }: Form, { alpha, beta, gamma, phi }: Shares, point: Float64Array): void {
  const a = LOW + (HIGH - LOW) * alpha
  point[ALPHA] = a
  point[BETA] = trend === 'N' ? 0 : a * beta
  point[GAMMA] = season === 'N' ? 0 : (1 - a) * gamma
  point[PHI] = trend === 'Ad' ? DAMPED_LOW + (DAMPED_HIGH - DAMPED_LOW) * phi : 1
}

/**
 * Smoothing parameters by logistic shares of the usual region (0 < α < 1, 0 < β < α, 0 < γ < 1 − α, 0.8 < φ < 0.98), states in units of `error`, a season by as
 * many numbers as it has periods, of which what they have in common counts for nothing.
 */
export function coordinatesOf({ trend, season }: Form, m: number, error: number): Coordinates {
  const smoothing = [ALPHA, ...(trend === 'N' ? [] : [BETA]), ...(season === 'N' ? [] : [GAMMA]), ...(trend === 'Ad' ? [PHI] : [])] // biome-ignore format: one line
  const states = [LEVEL, ...(trend === 'N' ? [] : [SLOPE])]
  const level = smoothing.length
  const indices = level + states.length
  const periods = season === 'N' ? 0 : m
  const middle = season === 'M' ? 1 : 0
  const unitOf = (p: number): number => error * (p === LEVEL ? OF_LEVEL : OF_SLOPE)
  return {
    of(point) {
      const x = new Float64Array(indices + periods)
      for (const [i, p] of smoothing.entries()) {
        const low = lowOf(p)
        const share = ((point[p] as number) - low) / (highOf(p, point[ALPHA] as number) - low)
        const inside = Math.min(1 - END, Math.max(END, share))
        x[i] = Math.log(inside / (1 - inside))
      }
      for (const [i, p] of states.entries()) x[level + i] = (point[p] as number) / unitOf(p)
      for (let k = 0; k < periods; k++) x[indices + k] = ((point[SEASON + k] as number) - middle) / error
      return x
    },
    place(x, point) {
      for (let i = 0; i < level; i++) {
        const p = smoothing[i] as number
        const low = lowOf(p)
        point[p] = low + (highOf(p, point[ALPHA] as number) - low) * logistic(x[i] as number)
      }
      for (let i = level; i < indices; i++) {
        const p = states[i - level] as number
        point[p] = (x[i] as number) * unitOf(p)
      }
      let mean = 0
      for (let k = 0; k < periods; k++) mean += (x[indices + k] as number) / periods
      for (let k = 0; k < periods; k++) {
        const index = middle + ((x[indices + k] as number) - mean) * error
        if (season === 'M' && !(index > 0)) return false
        point[SEASON + k] = index
      }
      return true
    },
    chain(point, by, out) {
      const alpha = point[ALPHA] as number
      let byAlpha = by[ALPHA] as number
      for (let i = level - 1; i >= 0; i--) {
        const p = smoothing[i] as number
        const low = lowOf(p)
        const range = highOf(p, alpha) - low
        const share = ((point[p] as number) - low) / range
        const own = p === ALPHA ? byAlpha : (by[p] as number)
        // the ranges of beta and gamma end where alpha says
        if (p === BETA) byAlpha += own * share
        if (p === GAMMA) byAlpha -= own * share
        out[i] = own * range * share * (1 - share)
      }
      for (let i = level; i < indices; i++) {
        const p = states[i - level] as number
        out[i] = (by[p] as number) * unitOf(p)
      }
      let mean = 0
      for (let k = 0; k < periods; k++) mean += (by[SEASON + k] as number) / periods
      for (let k = 0; k < periods; k++) out[indices + k] = ((by[SEASON + k] as number) - mean) * error
    },
  }
}
