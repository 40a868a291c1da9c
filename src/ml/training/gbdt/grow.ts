import { GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import { CANDIDATE_BYTES, FEATURE_BYTES, type Layout, setUp } from './layout.ts'
import { validation } from './validation.ts'
import type { Kernels } from './wasm.ts'

/** The parameters that growing reads; see `gbdt.ts` for their meaning. */
export interface GrowParams {
  readonly trees: number
  readonly leaves: number
  readonly learningRate: number
  readonly minDataInLeaf: number
  readonly minHessian: number
  readonly minGain: number
  readonly lambda: number
  readonly earlyStopping: number
}

/** Everything a thread needs beside the memory. */
export interface GrowTask {
  readonly layout: Layout
  readonly params: GrowParams
  /** Value bins of every feature, without the missing one. */
  readonly bins: readonly number[]
  /** The score before the first tree, in log odds. */
  readonly base: number
}

/** A grown tree in bins. A child below zero is leaf ~child; a tree without nodes is leaf 0 alone. */
export interface BinnedTree {
  readonly feature: number[]
  readonly bin: number[]
  readonly missingLeft: number[]
  readonly left: number[]
  readonly right: number[]
  readonly gain: number[]
  readonly values: number[]
}

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
  readonly count: number
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

/**
 * Grows the trees, leaf-wise, as thread `me`. Every thread runs this same function and takes the same decisions from the
 * same sums; between barriers each works on its own rows (gradients, histograms, partitions) or features (sums, splits).
 * `onTree` is called on every thread after each tree.
 */
export function grow(
  kernels: Kernels,
  memory: SharedMemory,
  task: GrowTask,
  me: number,
  onTree: (tree: BinnedTree, done: number) => void,
): { rounds: number } {
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
  const gradientUnit = 1 / layout.gradientScale
  const hessianUnit = 1 / layout.hessianScale
  const score = (g: number, h: number): number => (g * gradientUnit) ** 2 / (h * hessianUnit + params.lambda)
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
    for (let f = me; f < features; f += threads)
      kernels.scan(
        slotAt(leaf.slot) + f * FEATURE_BYTES,
        task.bins[f] as number,
        gradientUnit,
        hessianUnit,
        params.lambda,
        params.minDataInLeaf,
        params.minHessian,
        totalsAt,
        candidateAt(leaf.slot, f),
      )
  }

  /** The best candidate of a slot; of equal ones the first feature's. */
  const withBest = (leaf: Omit<Leaf, 'split'>, scanned: boolean): Leaf => {
    let split: Split | undefined
    if (scanned && leaf.count >= 2 * params.minDataInLeaf) {
      const alone = score(leaf.g, leaf.h)
      let best = params.minGain + 1e-10
      for (let f = 0; f < features; f++) {
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

  const root = (): Leaf => {
    kernels.startTree(rowsFrom(me), rowsFrom(me + 1), scratch, layout.values)
    wait()
    const gap = features * FEATURE_BYTES
    for (let f = me; f < features; f += threads) kernels.combine(f, threads, layout.scratch, gap, slotAt(0), 0)
    wait()
    kernels.totals(slotAt(0), totalsAt)
    const [g, h] = numbers.subarray(totalsAt / 8, totalsAt / 8 + 2) as unknown as [number, number]
    const leaf = { slot: 0, start: 0, count: rows, g, h, above: -1, right: false }
    scanMine(leaf)
    wait()
    return withBest(leaf, true)
  }

  /** Splits a leaf into two and finds their best splits unless `last`; the smaller takes slot `slot`. */
  const divide = (leaf: Leaf, split: Split, node: number, slot: number, last: boolean): [Leaf, Leaf] => {
    const { start } = leaf
    const smallRight = split.count * 2 > leaf.count
    const scanned = !last && Math.max(split.count, leaf.count - split.count) >= 2 * params.minDataInLeaf
    const [from, to] = share(start, leaf.count)
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
    if (all !== split.count)
      throw new GalleyError('INTERNAL_BUG', { what: `a split put ${all} rows left and its histogram ${split.count}` })
    kernels.place(from, to, went, start + before, start + split.count + (from - start - before))
    const common = { above: node, start, slot: leaf.slot }
    const left = { ...common, count: split.count, g: split.g, h: split.h, right: false }
    const right = {
      ...common,
      start: start + split.count,
      count: leaf.count - split.count,
      g: leaf.g - split.g,
      h: leaf.h - split.h,
      right: true,
    }
    ;(smallRight ? right : left).slot = slot
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

  const growTree = (): BinnedTree => {
    const tree: BinnedTree = { feature: [], bin: [], missingLeft: [], left: [], right: [], gain: [], values: [] }
    const leaves: Leaf[] = [root()]
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
    for (const [i, leaf] of leaves.entries()) {
      const denominator = leaf.h * hessianUnit + params.lambda
      const step = denominator > 0 ? (-leaf.g * gradientUnit * params.learningRate) / denominator : 0
      tree.values.push(Math.fround(step))
      const [from, to] = share(leaf.start, leaf.count)
      kernels.markLeaf(from, to, i)
    }
    wait()
    if (me === 0) values.set(tree.values)
    wait()
    return tree
  }

  const validate = layout.validateRows > 0 ? validation(kernels, memory, task, me, wait) : undefined
  if (me === 0) new Float32Array(memory.buffer, layout.scores, rows + 4).fill(task.base)
  wait()
  let bestLoss = Number.POSITIVE_INFINITY
  let bestRounds = 0
  for (let done = 1; done <= params.trees; done++) {
    const tree = growTree()
    onTree(tree, done)
    if (validate !== undefined) {
      const loss = validate(tree)
      if (loss < bestLoss) {
        bestLoss = loss
        bestRounds = done
      } else if (done - bestRounds >= params.earlyStopping) break
    }
    if (tree.feature.length === 0) return { rounds: validate === undefined ? done - 1 : bestRounds }
  }
  return { rounds: validate === undefined ? params.trees : bestRounds }
}
