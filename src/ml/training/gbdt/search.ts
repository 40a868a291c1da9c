import type { SharedMemory } from '../../../base/wasm.ts'
import { type Gains, gainsOf, type Sums } from './gains.ts'
import { CANDIDATE_BYTES, FEATURE_BYTES } from './layout.ts'
import { setsOf } from './sets.ts'
import type { GrowTask, TreeStart } from './task.ts'
import type { Kernels } from './wasm.ts'

export interface Split {
  readonly gain: number
  readonly feature: number
  /** The last bin that goes left; below 0: the code of a set of categories. */
  readonly bin: number
  readonly missingLeft: number
  readonly g: number
  readonly h: number
  readonly count: number
}

export interface Leaf extends Sums {
  readonly slot: number
  readonly start: number
  /** Rows of the leaf, and those of them that are in its histogram. */
  readonly rows: number
  readonly count: number
  /** The groups of features that have all of those above it; undefined: features are in no groups. */
  readonly groups: readonly number[] | undefined
  /** The node above and whether this is its right child; −1 for the root. */
  readonly above: number
  readonly right: boolean
  readonly split: Split | undefined
}

/** Looks for the splits of a tree's leaves, as one of the threads. */
export interface Search {
  readonly gains: Gains
  /** Scans this thread's features of a leaf; the candidates are complete after the next barrier. */
  scanMine(leaf: Omit<Leaf, 'split'>): void
  /** A leaf with the best candidate; of equal ones the first feature's. */
  withBest(leaf: Omit<Leaf, 'split'>, scanned: boolean): Leaf
  /** Sends rows order[from, to) of a leaf left or right, adding one side's to the histogram at `scratch`: those that went left, and the set by which, if any. */
  partition(leaf: Leaf, split: Split, share: readonly [number, number], side: number, scratch: number): readonly [went: number, set: number[]] // biome-ignore format: one line
  /** The penalty of squares beside lambda that both sides of a split by a feature have. */
  l2Of(feature: number): number
  /** Groups that have a feature, too. */
  within(groups: Leaf['groups'], feature: number): Leaf['groups']
}

export const slotAt = ({ layout }: GrowTask, slot: number): number =>
  layout.slots + slot * layout.features * FEATURE_BYTES

export function searchOf(
  kernels: Kernels,
  memory: SharedMemory,
  task: GrowTask,
  me: number,
): (from: TreeStart) => Search {
  const { layout, params } = task
  const { rows, features, threads } = layout
  const numbers = new Float64Array(memory.buffer)
  const totalsAt = layout.totals + me * 64
  const candidateAt = (slot: number, f: number): number => layout.candidates + (slot * features + f) * CANDIDATE_BYTES
  const histAt = (leaf: Pick<Leaf, 'slot'>, f: number): number => slotAt(task, leaf.slot) + f * FEATURE_BYTES
  const { sets: asked, groups: all } = task.boost ?? {}
  const sets = asked && layout.goal ? setsOf(kernels, memory, { ...layout, goal: layout.goal }, asked, task, me) : undefined // biome-ignore format: one line
  return (from) => {
    const { gradientUnit, hessianUnit, bounds } = from
    const gains = gainsOf(params, from)
    const may = (leaf: Pick<Leaf, 'groups'>, f: number): boolean => {
      if (bounds?.uses[f] === 0) return false
      return !leaf.groups || leaf.groups.some((group) => all?.[group]?.includes(f))
    }
    return {
      gains,
      l2Of: (feature) => sets?.l2(feature) ?? 0,
      within: (groups, feature) => groups?.filter((group) => all?.[group]?.includes(feature)),
      scanMine(leaf) {
        if (leaf.count < 2 * params.minDataInLeaf) return
        numbers.set([leaf.g, leaf.h, leaf.count], totalsAt / 8)
        for (let f = me; f < features; f += threads) {
          if (!may(leaf, f)) continue
          const hist = histAt(leaf, f)
          const to = candidateAt(leaf.slot, f)
          if (sets?.has(f)) {
            numbers.set(sets.scan(hist, f, leaf, from), to / 8)
            continue
          }
          const rises = bounds?.rises[f] ?? 0
          const asked = [
            ...[hist, task.bins[f] as number, gradientUnit, hessianUnit, params.lambda],
            ...[params.minDataInLeaf, params.minHessian, totalsAt, to],
          ] as unknown as Parameters<Kernels['scan']>
          if (bounds && (bounds.l1 > 0 || rises !== 0 || leaf.low > -Infinity || leaf.high < Infinity))
            kernels.scanWithin(...asked, bounds.l1, leaf.low, leaf.high, rises)
          else kernels.scan(...asked)
        }
      },
      withBest(leaf, scanned) {
        let split: Split | undefined
        if (scanned && leaf.count >= 2 * params.minDataInLeaf) {
          const alone = gains.aloneOf(leaf)
          // of gradients at any scale: what rounding may make of nothing
          let best = params.minGain + (bounds ? 1e-10 * Math.abs(alone) + gradientUnit ** 2 : 1e-10)
          for (let f = 0; f < features; f++) {
            if (!may(leaf, f)) continue
            const at = candidateAt(leaf.slot, f) / 8
            const gain = (numbers[at] as number) - alone
            if (gain <= best) continue
            best = gain
            const [, bin, missingLeft, g, h, count] = numbers.subarray(at, at + 6)
            split = { gain, feature: f, bin, missingLeft, g, h, count } as Split
          }
        }
        return { ...leaf, split }
      },
      partition(leaf, { feature, bin, missingLeft }, [first, end], side, scratch) {
        const column = layout.columns + feature * rows
        if (bin >= 0 || !sets) return [kernels.partition(first, end, column, bin, missingLeft, side, scratch), []]
        const table = sets.table(histAt(leaf, feature), feature, bin, from)
        return [kernels.partitionBy(first, end, column, table, side, scratch), sets.words()]
      },
    }
  }
}
