import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'

/**
 * How often each of several models is taken into their mean, by what it does for the loss of rows that none has seen (Caruana et al. 2004,
 * "Ensemble selection from libraries of models"): greedily, with repeats, until `picks` are taken.
 */
export async function selectEnsemble(
  predictions: readonly Float64Array[],
  lossOf: (mean: Float64Array) => number,
  picks: number,
  signal: AbortSignal,
): Promise<{ readonly weights: number[]; readonly loss: number }> {
  const times = predictions.map(() => 0)
  const length = predictions[0]?.length ?? 0
  const sum = new Float64Array(length)
  let best = { weights: [...times], loss: Number.POSITIVE_INFINITY }
  for (let taken = 1; taken <= picks; taken++) {
    let [pick, least] = [-1, Number.POSITIVE_INFINITY]
    for (const [m, own] of predictions.entries()) {
      const loss = lossOf(sum.map((s, i) => (s + (own[i] as number)) / taken))
      if (loss < least) [pick, least] = [m, loss]
      await nextTurn()
      throwIfAborted(signal)
    }
    if (pick < 0) break
    times[pick] = (times[pick] as number) + 1
    for (const [i, p] of (predictions[pick] as Float64Array).entries()) sum[i] = (sum[i] as number) + p
    if (least < best.loss) best = { weights: times.map((t) => t / taken), loss: least }
  }
  return best
}

/** The mean by weight of what several say. */
export const meanOf = (said: readonly Float64Array[], weights: readonly number[]): Float64Array =>
  (said[0] as Float64Array).map((_, i) => said.reduce((sum, own, m) => sum + (weights[m] as number) * (own[i] as number), 0)) // biome-ignore format: one line
