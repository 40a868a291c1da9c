import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { encodeArray } from '../../training/model.ts'
import { transposed } from './interactions.ts'
import { recommender } from './recommender.ts'

/** ms that it works before others have a turn. */
const TURN = 20

/** Item-item: who likes something is recommended what is liked by the same people (cosine of weights; Sarwar et al. 2001). */
export const itemItemLearner = recommender(
  'item-item',
  {
    /** Items that each is compared with in the end. */
    neighbours: { value: 50, min: 1, max: 1000, integer: true },
    /** Added to the product of two lengths, so that what few people like is not taken for alike too easily. */
    shrink: { value: 0, min: 0, max: 1e9 },
  },
  async (x, { neighbours, shrink }, _, ctx) => {
    const by = transposed(x)
    const lengths = new Float64Array(x.items)
    for (const [p, i] of x.item.entries()) lengths[i] = (lengths[i] as number) + (x.weight[p] as number) ** 2
    for (let i = 0; i < x.items; i++) lengths[i] = Math.sqrt(lengths[i] as number)
    const products = new Float64Array(x.items)
    const near: Int32Array[] = []
    const alike: Float64Array[] = []
    let since = performance.now()
    for (let i = 0; i < x.items; i++) {
      const touched: number[] = []
      for (let p = by.starts[i] as number; p < (by.starts[i + 1] as number); p++) {
        const u = by.item[p] as number
        const w = by.weight[p] as number
        for (let q = x.starts[u] as number; q < (x.starts[u + 1] as number); q++) {
          const j = x.item[q] as number
          if (products[j] === 0) touched.push(j)
          products[j] = (products[j] as number) + w * (x.weight[q] as number)
        }
      }
      const likeness = (j: number) =>
        (products[j] as number) / ((lengths[i] as number) * (lengths[j] as number) + shrink)
      const best = touched.filter((j) => j !== i).sort((a, b) => likeness(b) - likeness(a) || a - b)
      const kept = best.slice(0, neighbours)
      near.push(Int32Array.from(kept))
      alike.push(Float64Array.from(kept, likeness))
      for (const j of touched) products[j] = 0
      if (performance.now() - since < TURN) continue
      ctx.progress({ done: i + 1, total: x.items, unit: 'steps' })
      await nextTurn()
      throwIfAborted(ctx.signal)
      since = performance.now()
    }
    ctx.progress({ done: x.items, total: x.items, unit: 'steps' })
    return {
      score(user, out) {
        out.fill(Number.NaN)
        for (let p = x.starts[user] as number; p < (x.starts[user + 1] as number); p++) {
          const [w, items, likeness] = [x.weight[p] as number, near[x.item[p] as number] as Int32Array, alike[x.item[p] as number] as Float64Array] // biome-ignore format: one line
          for (let n = 0; n < items.length; n++) {
            const j = items[n] as number
            out[j] = (Number.isNaN(out[j]) ? 0 : (out[j] as number)) + w * (likeness[n] as number)
          }
        }
      },
      body: { near: near.map(encodeArray), alike: alike.map(encodeArray) },
    }
  },
)
