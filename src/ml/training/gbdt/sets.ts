import type { SharedMemory } from '../../../base/wasm.ts'
import { type Sums, worthOf } from './gains.ts'
import type { GoalLayout, Layout } from './layout.ts'
import type { GrowParams, SetTask, TreeStart } from './task.ts'
import type { Kernels } from './wasm.ts'

/** Features of as few categories are split one against the others. */
const FEW = 4
const [UP, DOWN, ONE] = [0, 1, 2] as const

/** A split as six numbers of a candidate: gain, a code below 0 of its set, 0, and the left side's gradient, hessian and count. */
type Candidate = [gain: number, code: number, missingLeft: 0, g: number, h: number, count: number]

/** Splits of one thread by sets of categories. */
export interface Sets {
  has(feature: number): boolean
  /** The penalty of squares beside lambda that a split by the feature has. */
  l2(feature: number): number
  /** The best split of a feature's histogram; its gain is −1 where there is none. */
  scan(hist: number, feature: number, leaf: Sums & { readonly count: number }, from: TreeStart): Candidate
  /** Writes the bins of a split's set as this thread's table, and gives where it lies. */
  table(hist: number, feature: number, code: number, from: TreeStart): number
  /** The table that was written last as 8 words of bits. */
  words(): number[]
}

/**
 * Categories in the order of gradient ÷ hessian, the first so many of them against the others, from both ends (Fisher 1958; after
 * LightGBM's FindBestThresholdCategorical). A category of few rows, one that was not seen and a missing value go right.
 */
export function setsOf(
  kernels: Kernels,
  memory: SharedMemory,
  layout: Layout & { readonly goal: GoalLayout },
  task: SetTask,
  { bins, params }: { readonly bins: readonly number[]; readonly params: GrowParams },
  me: number,
): Sets {
  const { catSmooth, catL2, maxCatThreshold, minDataPerGroup } = task
  const { lambda, minDataInLeaf, minHessian } = params
  const among = new Set(task.features)
  const at = layout.goal.unpacked + me * 256 * 24
  const numbers = new Float64Array(memory.buffer, at, 256 * 3)
  const tableAt = layout.goal.tables + me * 256
  const table = new Uint8Array(memory.buffer, tableAt, 256)
  const of = (bin: number): readonly [g: number, h: number, count: number] =>
    numbers.subarray(bin * 3, bin * 3 + 3) as unknown as [number, number, number]

  /** Categories with rows enough, in the order in which they are split; `numbers` has the histogram. */
  const ordered = (hist: number, feature: number, { gradientUnit, hessianUnit }: TreeStart): number[] => {
    const n = bins[feature] as number
    kernels.unpack(hist, n, at)
    const some: number[] = []
    for (let b = 0; b < n; b++) if ((of(b)[2] as number) >= (n <= FEW ? 1 : catSmooth)) some.push(b)
    if (n <= FEW) return some
    const ratio = Float64Array.from({ length: n }, (_, b) => {
      const [g, h] = of(b)
      return (g * gradientUnit) / (h * hessianUnit + catSmooth)
    })
    return some.sort((a, b) => (ratio[a] as number) - (ratio[b] as number) || a - b)
  }

  return {
    has: (feature) => among.has(feature),
    l2: (feature) => (among.has(feature) && (bins[feature] as number) > FEW ? catL2 : 0),
    scan(hist, feature, leaf, from) {
      const { gradientUnit, hessianUnit, bounds } = from
      const order = ordered(hist, feature, from)
      const few = (bins[feature] as number) <= FEW
      const l2 = lambda + (few ? 0 : catL2)
      const l1 = bounds?.l1 ?? 0
      const best: Candidate = [Number.NEGATIVE_INFINITY, 0, 0, 0, 0, 0]
      const gainOf = (g: number, h: number): number =>
        worthOf(g * gradientUnit, h * hessianUnit + l2, l1, leaf) +
        worthOf((leaf.g - g) * gradientUnit, (leaf.h - h) * hessianUnit + l2, l1, leaf)
      const enough = (h: number, count: number): boolean => count >= minDataInLeaf && h * hessianUnit >= minHessian
      const take = (code: number, g: number, h: number, count: number): void => {
        const gain = gainOf(g, h)
        if (gain > best[0]) [best[0], best[1], best[3], best[4], best[5]] = [gain, ~code, g, h, count]
      }
      if (few) {
        for (const bin of order) {
          const [g, h, count] = of(bin)
          if (enough(h, count) && enough(leaf.h - h, leaf.count - count)) take(ONE * 256 + bin, g, h, count)
        }
        return best
      }
      const most = Math.min(maxCatThreshold, Math.floor((order.length + 1) / 2))
      for (const way of [UP, DOWN]) {
        let [g, h, count, group] = [0, 0, 0, 0]
        for (let i = 0; i < most; i++) {
          const [ownG, ownH, rows] = of(order[way === UP ? i : order.length - 1 - i] as number)
          g += ownG
          h += ownH
          count += rows
          group += rows
          if (!enough(h, count)) continue
          const others = leaf.count - count
          if (!enough(leaf.h - h, others) || others < minDataPerGroup) break
          if (group < minDataPerGroup) continue
          group = 0
          take(way * 256 + i, g, h, count)
        }
      }
      return best
    },
    table(hist, feature, code, from) {
      const [way, n] = [~code >> 8, ~code & 255]
      table.fill(0)
      if (way === ONE) table[n] = 1
      else {
        const order = ordered(hist, feature, from)
        for (let i = 0; i <= n; i++) table[order[way === UP ? i : order.length - 1 - i] as number] = 1
      }
      return tableAt
    },
    words: () =>
      Array.from({ length: 8 }, (_, w) => table.subarray(w * 32, w * 32 + 32).reduce((bits, own, i) => bits | (own << i), 0)), // biome-ignore format: one line
  }
}
