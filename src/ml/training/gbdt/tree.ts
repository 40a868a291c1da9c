import { GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import { FEATURE_BYTES, setUp } from './layout.ts'
import { type Leaf, type Search, type Split, searchOf, slotAt } from './search.ts'
import type { BinnedTree, GrowTask, TreeStart } from './task.ts'
import type { Kernels } from './wasm.ts'

/** Leaves of fewer rows are split by one thread: waking the others costs more. */
const SMALL = 1024

/** Grows trees over rows in the shared memory, as one of its threads. */
export interface Grower {
  growTree(from: TreeStart): BinnedTree
  wait(): void
  /** First row of a thread's share of all rows. */
  rowsFrom(thread: number): number
}

/**
 * Grows trees leaf-wise, as thread `me`. Every thread runs this same function and takes the same decisions from the
 * same sums; between barriers each works on its own rows (gradients, histograms, partitions) or features (sums, splits).
 */
export function growerOf(kernels: Kernels, memory: SharedMemory, task: GrowTask, me: number): Grower {
  const { layout, params } = task
  const { rows, features, threads } = layout
  setUp(kernels, layout)
  const wait = (): void => kernels.barrier(layout.barrier, threads)
  const numbers = new Float64Array(memory.buffer)
  const values = new Float32Array(memory.buffer, layout.values, layout.leaves)
  const lefts = new Float64Array(memory.buffer, layout.totals, threads * 8)
  const gap = features * FEATURE_BYTES
  const scratch = layout.scratch + me * gap
  const searching = searchOf(kernels, memory, task, me)
  const rowsFrom = (thread: number): number =>
    thread === threads ? rows : Math.min(rows, Math.ceil((rows * thread) / threads / 4) * 4)
  const share = (start: number, count: number): [number, number] => {
    if (count < SMALL) return me === 0 ? [start, start + count] : [start, start]
    return [start + Math.floor((count * me) / threads), start + Math.floor((count * (me + 1)) / threads)]
  }

  const root = (from: TreeStart, search: Search): Leaf => {
    from.begin(rowsFrom(me), rowsFrom(me + 1), scratch)
    wait()
    for (let f = me; f < features; f += threads) kernels.combine(f, threads, layout.scratch, gap, slotAt(task, 0), 0)
    wait()
    const totalsAt = layout.totals + me * 64
    kernels.totals(slotAt(task, 0), totalsAt)
    const [g, h, count] = numbers.subarray(totalsAt / 8, totalsAt / 8 + 3) as unknown as [number, number, number]
    const place = { slot: 0, start: 0, rows, count, above: -1, right: false }
    const groups = task.boost?.groups?.map((_, group) => group)
    const leaf = { ...place, g, h, low: -Infinity, high: Infinity, l2: 0, groups }
    search.scanMine(leaf)
    wait()
    return search.withBest(leaf, true)
  }

  /** Splits a leaf into two and finds their best splits unless `last`; the smaller takes slot `slot`. */
  const divide = (
    { leaf, split, node }: { leaf: Leaf; split: Split; node: number },
    { bounds }: TreeStart,
    search: Search,
    slot: number,
    last: boolean,
  ): [left: Leaf, right: Leaf, set: number[]] => {
    const { start } = leaf
    const smallRight = split.count * 2 > leaf.count
    const scanned = !last && Math.max(split.count, leaf.count - split.count) >= 2 * params.minDataInLeaf
    const [from, to] = share(start, leaf.rows)
    const side = scanned ? Number(smallRight) : -1
    const [went, set] = search.partition(leaf, split, [from, to], side, scratch)
    lefts[me * 8 + 7] = went
    wait()
    let before = 0
    let all = 0
    for (let t = 0; t < threads; t++) {
      if (t === me) before = all
      all += lefts[t * 8 + 7] as number
    }
    if (all !== split.count && !bounds?.sampled)
      throw new GalleyError('INTERNAL_BUG', { what: `a split put ${all} rows left and its histogram ${split.count}` })
    kernels.place(from, to, went, start + before, start + all + (from - start - before))
    const bounded = { low: leaf.low, high: leaf.high, l2: search.l2Of(split.feature) }
    const common = {
      above: node,
      start,
      slot: leaf.slot,
      ...bounded,
      groups: search.within(leaf.groups, split.feature),
    }
    const left = { ...common, rows: all, count: split.count, g: split.g, h: split.h, right: false }
    const right = {
      ...common,
      start: start + all,
      rows: leaf.rows - all,
      count: leaf.count - split.count,
      g: leaf.g - split.g,
      h: leaf.h - split.h,
      right: true,
    }
    ;(smallRight ? right : left).slot = slot
    const rises = bounds?.rises[split.feature] ?? 0
    if (rises !== 0) {
      const middle = (search.gains.valueOf(left) + search.gains.valueOf(right)) / 2
      if (rises > 0) left.high = right.low = middle
      else left.low = right.high = middle
    }
    if (scanned) {
      for (let f = me; f < features; f += threads)
        kernels.combine(f, threads, layout.scratch, gap, slotAt(task, slot), slotAt(task, leaf.slot))
      search.scanMine(left)
      search.scanMine(right)
    }
    wait()
    return [search.withBest(left, scanned), search.withBest(right, scanned), set]
  }

  const growTree = (from: TreeStart): BinnedTree => {
    const search = searching(from)
    const tree: BinnedTree = { feature: [], bin: [], missingLeft: [], left: [], right: [], gain: [], values: [], counts: [], sets: [] } // biome-ignore format: one line
    const leaves: Leaf[] = [root(from, search)]
    while (leaves.length < params.leaves) {
      let pick = -1
      let best = 0
      for (const [i, leaf] of leaves.entries())
        if (leaf.split !== undefined && leaf.split.gain > best) {
          best = leaf.split.gain
          pick = i
        }
      const leaf = leaves[pick]
      if (leaf?.split === undefined) break
      const { split } = leaf
      const node = tree.feature.length
      const last = leaves.length + 1 === params.leaves
      const [left, right, set] = divide({ leaf, split, node }, from, search, leaves.length, last)
      if (leaf.above >= 0) (leaf.right ? tree.right : tree.left)[leaf.above] = node
      tree.feature.push(split.feature)
      tree.bin.push(Math.max(-1, split.bin))
      tree.missingLeft.push(split.missingLeft)
      tree.gain.push(split.gain)
      tree.left.push(~pick)
      tree.right.push(~leaves.length)
      tree.sets.push(set)
      leaves[pick] = left
      leaves.push(right)
    }
    const own = from.bounds?.value
    for (const [i, leaf] of leaves.entries()) {
      tree.counts.push(leaf.count)
      if (!own) tree.values.push(Math.fround(search.gains.stepOf(leaf)))
      else if (i % threads === me)
        values[i] = Math.max(leaf.low, Math.min(leaf.high, own(leaf.start, leaf.rows))) * params.learningRate
      const [first, end] = share(leaf.start, leaf.rows)
      kernels.markLeaf(first, end, i)
    }
    wait()
    if (own) tree.values.push(...values.subarray(0, leaves.length))
    else if (me === 0) values.set(tree.values)
    wait()
    return tree
  }
  return { growTree, wait, rowsFrom }
}
