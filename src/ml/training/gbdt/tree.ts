import { GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import { CANDIDATE_BYTES, FEATURE_BYTES, setUp } from './layout.ts'
import type { BinnedTree, GrowTask, TreeStart } from './task.ts'
import type { Kernels } from './wasm.ts'

interface Split {
  readonly gain: number
  readonly feature: number
  readonly bin: number
  readonly missingLeft: number
  readonly g: number
  readonly h: number
  readonly count: number
}

interface Leaf {
  readonly slot: number
  readonly start: number
  /** Rows of the leaf, and those of them that are in its histogram. */
  readonly rows: number
  readonly count: number
  /** What its value is kept within. */
  readonly low: number
  readonly high: number
  /** Sums of gradients and hessians, in fixed-point units. */
  readonly g: number
  readonly h: number
  /** The node above and whether this is its right child; −1 for the root. */
  readonly above: number
  readonly right: boolean
  readonly split: Split | undefined
}

/** Leaves of fewer rows are split by one thread: waking the others costs more. */
const SMALL = 4096

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
  const scratch = layout.scratch + me * features * FEATURE_BYTES
  const totalsAt = layout.totals + me * 64
  const slotAt = (slot: number): number => layout.slots + slot * features * FEATURE_BYTES
  const candidateAt = (slot: number, f: number): number => layout.candidates + (slot * features + f) * CANDIDATE_BYTES
  let gradientUnit = 1
  let hessianUnit = 1
  let bounds: TreeStart['bounds']
  /** What a leaf that is not split gains, and its value. */
  const leafValue = ({ g, h, low, high }: Pick<Leaf, 'g' | 'h' | 'low' | 'high'>): number => {
    const denominator = h * hessianUnit + params.lambda
    if (!(denominator > 0)) return 0
    const step = -drawn(g * gradientUnit, bounds?.l1 ?? 0) / denominator
    return bounds ? Math.max(low, Math.min(high, step)) : step
  }
  const stepOf = (leaf: Leaf): number => {
    if (bounds) return leafValue(leaf) * params.learningRate
    const denominator = leaf.h * hessianUnit + params.lambda
    // in this order: models of before are the same to the bit
    return denominator > 0 ? (-leaf.g * gradientUnit * params.learningRate) / denominator : 0
  }
  const score = (leaf: Omit<Leaf, 'split'>): number => {
    const { g, h } = leaf
    if (!bounds) return (g * gradientUnit) ** 2 / (h * hessianUnit + params.lambda)
    const value = leafValue(leaf)
    return -(2 * drawn(g * gradientUnit, bounds.l1) * value + (h * hessianUnit + params.lambda) * value ** 2)
  }
  const rowsFrom = (thread: number): number =>
    thread === threads ? rows : Math.min(rows, Math.ceil((rows * thread) / threads / 4) * 4)
  const share = (start: number, count: number): [number, number] => {
    if (count < SMALL) return me === 0 ? [start, start + count] : [start, start]
    return [start + Math.floor((count * me) / threads), start + Math.floor((count * (me + 1)) / threads)]
  }

  /** Scans this thread's features of a slot; the candidates are complete after the next barrier. */
  const scanMine = (leaf: Omit<Leaf, 'split'>): void => {
    if (leaf.count < 2 * params.minDataInLeaf) return
    numbers.set([leaf.g, leaf.h, leaf.count], totalsAt / 8)
    for (let f = me; f < features; f += threads) {
      if (bounds?.uses[f] === 0) continue
      const rises = bounds?.rises[f] ?? 0
      const asked = [
        slotAt(leaf.slot) + f * FEATURE_BYTES,
        task.bins[f] as number,
        gradientUnit,
        hessianUnit,
        params.lambda,
        params.minDataInLeaf,
        params.minHessian,
        totalsAt,
        candidateAt(leaf.slot, f),
      ] as const
      if (bounds && (bounds.l1 > 0 || rises !== 0 || leaf.low > -Infinity || leaf.high < Infinity))
        kernels.scanWithin(...asked, bounds.l1, leaf.low, leaf.high, rises)
      else kernels.scan(...asked)
    }
  }

  /** The best candidate of a slot; of equal ones the first feature's. */
  const withBest = (leaf: Omit<Leaf, 'split'>, scanned: boolean): Leaf => {
    let split: Split | undefined
    if (scanned && leaf.count >= 2 * params.minDataInLeaf) {
      const alone = score(leaf)
      // of gradients at any scale: what rounding may make of nothing
      let best = params.minGain + (bounds ? 1e-10 * Math.abs(alone) + gradientUnit ** 2 : 1e-10)
      for (let f = 0; f < features; f++) {
        if (bounds?.uses[f] === 0) continue
        const at = candidateAt(leaf.slot, f) / 8
        const gain = (numbers[at] as number) - alone
        if (gain <= best) continue
        best = gain
        const [, bin, missingLeft, g, h, count] = numbers.subarray(at, at + 6)
        split = { gain, feature: f, bin, missingLeft, g, h, count } as Split
      }
    }
    return { ...leaf, split }
  }

  const root = (from: TreeStart): Leaf => {
    from.begin(rowsFrom(me), rowsFrom(me + 1), scratch)
    wait()
    const gap = features * FEATURE_BYTES
    for (let f = me; f < features; f += threads) kernels.combine(f, threads, layout.scratch, gap, slotAt(0), 0)
    wait()
    kernels.totals(slotAt(0), totalsAt)
    const [g, h, count] = numbers.subarray(totalsAt / 8, totalsAt / 8 + 3) as unknown as [number, number, number]
    const leaf = { slot: 0, start: 0, rows, count, low: -Infinity, high: Infinity, g, h, above: -1, right: false }
    scanMine(leaf)
    wait()
    return withBest(leaf, true)
  }

  /** Splits a leaf into two and finds their best splits unless `last`; the smaller takes slot `slot`. */
  const divide = (leaf: Leaf, split: Split, node: number, slot: number, last: boolean): [Leaf, Leaf] => {
    const { start } = leaf
    const smallRight = split.count * 2 > leaf.count
    const scanned = !last && Math.max(split.count, leaf.count - split.count) >= 2 * params.minDataInLeaf
    const [from, to] = share(start, leaf.rows)
    const column = layout.columns + split.feature * rows
    const side = scanned ? Number(smallRight) : -1
    const went = kernels.partition(from, to, column, split.bin, split.missingLeft, side, scratch)
    const lefts = new Float64Array(memory.buffer, layout.totals, threads * 8)
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
    const common = { above: node, start, slot: leaf.slot, low: leaf.low, high: leaf.high }
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
      const middle = (leafValue(left) + leafValue(right)) / 2
      if (rises > 0) left.high = right.low = middle
      else left.low = right.high = middle
    }
    if (scanned) {
      const gap = features * FEATURE_BYTES
      for (let f = me; f < features; f += threads)
        kernels.combine(f, threads, layout.scratch, gap, slotAt(slot), slotAt(leaf.slot))
      scanMine(left)
      scanMine(right)
    }
    wait()
    return [withBest(left, scanned), withBest(right, scanned)]
  }

  const growTree = (from: TreeStart): BinnedTree => {
    gradientUnit = from.gradientUnit
    hessianUnit = from.hessianUnit
    bounds = from.bounds
    const tree: BinnedTree = {
      feature: [],
      bin: [],
      missingLeft: [],
      left: [],
      right: [],
      gain: [],
      values: [],
      counts: [],
    }
    const leaves: Leaf[] = [root(from)]
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
      const node = tree.feature.length
      const last = leaves.length + 1 === params.leaves
      const [left, right] = divide(leaf, leaf.split, node, leaves.length, last)
      if (leaf.above >= 0) (leaf.right ? tree.right : tree.left)[leaf.above] = node
      tree.feature.push(leaf.split.feature)
      tree.bin.push(leaf.split.bin)
      tree.missingLeft.push(leaf.split.missingLeft)
      tree.gain.push(leaf.split.gain)
      tree.left.push(~pick)
      tree.right.push(~leaves.length)
      leaves[pick] = left
      leaves.push(right)
    }
    const own = bounds?.value
    for (const [i, leaf] of leaves.entries()) {
      tree.counts.push(leaf.count)
      if (!own) tree.values.push(Math.fround(stepOf(leaf)))
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

/** A gradient drawn towards 0 by an l1 penalty. */
const drawn = (g: number, l1: number): number => (l1 === 0 ? g : Math.sign(g) * Math.max(0, Math.abs(g) - l1))
