import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { randomsOf } from '../../base/random.ts'
import { lnGamma } from '../analysis/statistics/distributions/special.ts'

/** How much is drawn, and of what share of the draws an interval is made. */
export interface Resampling {
  readonly resamples: number
  readonly seed: number
  readonly confidence: number
  readonly signal?: AbortSignal
}

export const USUAL: Resampling = { resamples: 1000, seed: 1, confidence: 0.95 }

/** Up to so many units are drawn one by one; of more, how often each group of equal ones is drawn. */
export const DRAWN_SINGLY = 20_000

/** Draws between two looks at the signal. */
const A_TURN = 16

/** Calls `each` once a resample, with random numbers that depend on the seed and the resample alone. @throws CANCELLED */
export async function resampling(
  { resamples, seed, signal }: Resampling,
  each: (random: () => number, resample: number) => void,
): Promise<void> {
  for (let r = 0; r < resamples; r++) {
    if (r % A_TURN === 0) {
      await nextTurn()
      if (signal) throwIfAborted(signal)
    }
    each(randomsOf(seed, r), r)
  }
}

/** How often each unit is drawn when as many are drawn as there are, into `out`. */
export function drawUnits(random: () => number, units: number, out: Float64Array): void {
  out.fill(0)
  for (let i = 0; i < units; i++) {
    const at = Math.floor(random() * units)
    out[at] = (out[at] as number) + 1
  }
}

/** A Poisson number: by inversion, of a mean from 12 on by transformed rejection (Hörmann 1993, PTRS). */
export function poisson(mean: number, random: () => number): number {
  if (mean <= 0) return 0
  if (mean < 12) {
    const u = random()
    let p = Math.exp(-mean)
    let below = p
    let k = 0
    while (u > below && k < 200) {
      k++
      p *= mean / k
      below += p
    }
    return k
  }
  const b = 0.931 + 2.53 * Math.sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const alpha = 1.1239 + 1.1328 / (b - 3.4)
  const quick = 0.9277 - 3.6224 / (b - 2)
  for (;;) {
    const u = random() - 0.5
    const v = random()
    const edge = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / edge + b) * u + mean + 0.43)
    if (edge >= 0.07 && v <= quick) return k
    if (k < 0 || (edge < 0.013 && v > edge)) continue
    const bound = -mean + k * Math.log(mean) - lnGamma(k + 1)
    if (Math.log((v * alpha) / (a / (edge * edge) + b)) <= bound) return k
  }
}
