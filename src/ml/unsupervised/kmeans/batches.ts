import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import type { LearnContext } from '../learner.ts'
import type { Matrix } from '../matrix.ts'
import { squared } from './kernels.ts'

/** Batches without a better cost after which it ends. */
const PATIENCE = 10

/**
 * Moves centres by small batches of rows (Sculley 2010): each centre is the mean of the rows that it was given so far. It
 * ends when the smoothed cost of batches has not fallen for ten of them; gives how many there were.
 */
export async function batches(
  { rows, width: d, data }: Matrix,
  centres: Float64Array,
  k: number,
  { batch, maxIterations }: { readonly batch: number; readonly maxIterations: number },
  random: () => number,
  ctx: LearnContext,
): Promise<number> {
  const size = Math.min(batch, rows)
  const counts = new Float64Array(k)
  const most = Math.ceil((maxIterations * rows) / size)
  const smooth = Math.min(1, (2 * size) / (rows + 1))
  const picked = new Int32Array(size)
  const labels = new Int32Array(size)
  let [cost, least, waited] = [Number.NaN, Infinity, 0]
  for (let done = 1; done <= most; done++) {
    let own = 0
    for (let i = 0; i < size; i++) {
      const row = Math.floor(random() * rows)
      let [best, label] = [Infinity, 0]
      for (let c = 0; c < k; c++) {
        const s = squared(data, row * d, centres, c * d, d)
        if (s < best) [best, label] = [s, c]
      }
      picked[i] = row
      labels[i] = label
      own += best
    }
    for (let i = 0; i < size; i++) {
      const c = labels[i] as number
      const n = (counts[c] = (counts[c] as number) + 1)
      for (let j = 0, at = c * d, row = (picked[i] as number) * d; j < d; j++, at++, row++)
        centres[at] = (centres[at] as number) + ((data[row] as number) - (centres[at] as number)) / n
    }
    cost = Number.isNaN(cost) ? own / size : cost + (own / size - cost) * smooth
    ctx.progress({ done, total: most, unit: 'steps' })
    if (cost < least) [least, waited] = [cost, 0]
    else if (++waited >= PATIENCE) return done
    if (done % 8 === 0) await nextTurn()
    throwIfAborted(ctx.signal)
  }
  return most
}
