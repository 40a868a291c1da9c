import type { SharedMemory } from '../../../base/wasm.ts'
import { type Grouped, groupsOf, lacks } from './lambdarank.ts'
import { type GoalLayout, type Layout, LOSS_BLOCK, NODE_BYTES } from './layout.ts'
import { lossOf } from './objectives.ts'
import type { BinnedTree, BoostTask, GrowTask } from './task.ts'
import type { Kernels } from './wasm.ts'

/** The mean logistic loss on the validation rows after one more tree; summed block by block in a fixed order. */
export function validation(
  kernels: Kernels,
  memory: SharedMemory,
  { layout, base }: GrowTask,
  me: number,
  wait: () => void,
): (tree: BinnedTree) => number {
  const { rows, validateRows, threads } = layout
  const first = rows + 4
  const scores = new Float64Array(memory.buffer, layout.validateScores, validateRows)
  const labels = new Uint8Array(memory.buffer, layout.validateLabels, validateRows)
  const blocks = Math.ceil(validateRows / LOSS_BLOCK)
  const losses = new Float64Array(memory.buffer, layout.losses, blocks)
  const nodes = new Int32Array(memory.buffer, layout.nodes, (layout.leaves * NODE_BYTES) / 4)
  if (me === 0) scores.fill(base)
  return (tree) => {
    if (me === 0) putNodes(nodes, tree)
    wait()
    for (let block = me; block < blocks; block += threads) {
      const from = block * LOSS_BLOCK
      const to = Math.min(from + LOSS_BLOCK, validateRows)
      kernels.applyTree(first + from, first + to, layout.nodes, layout.values, layout.validateScores - first * 8)
      let sum = 0
      for (let i = from; i < to; i++) {
        const s = labels[i] === 1 ? -(scores[i] as number) : (scores[i] as number)
        sum += s > 0 ? s + Math.log1p(Math.exp(-s)) : Math.log1p(Math.exp(s))
      }
      losses[block] = sum
    }
    wait()
    let total = 0
    for (let block = 0; block < blocks; block++) total += losses[block] as number
    return total / validateRows
  }
}

function putNodes(nodes: Int32Array, tree: BinnedTree): void {
  nodes[0] = -1
  for (const [i, f] of tree.feature.entries())
    nodes.set([f, tree.bin[i], tree.missingLeft[i], tree.left[i], tree.right[i]] as number[], i * 5)
}

/** The groups of a ranking's rows; undefined of another goal. */
export function groupedOf(
  memory: SharedMemory,
  {
    layout,
    boost: { ranked },
  }: { readonly layout: Layout; readonly boost: { readonly ranked?: BoostTask['ranked'] | undefined } },
  part: 'train' | 'validate',
): Grouped | undefined {
  const at = layout.goal?.groups
  if (!at || !ranked) return undefined
  const [rows, groups] = [part === 'train' ? layout.rows : layout.validateRows, ranked[part]]
  const [members, starts] = part === 'train' ? [at.members, at.starts] : [at.validateMembers, at.validateStarts]
  return {
    groups,
    members: new Uint32Array(memory.buffer, members, rows),
    starts: new Uint32Array(memory.buffer, starts, groups + 1),
  }
}

/** The same of any goal: trees are applied to the scores of an output each, and the loss is asked after a round of them. */
export function goalValidation(
  kernels: Kernels,
  memory: SharedMemory,
  { layout, boost: { goal, bases, sets: some, ranked } }: GrowTask & { readonly boost: BoostTask },
  me: number,
  wait: () => void,
): { apply(tree: BinnedTree, output: number): void; loss(): number } {
  const { rows, validateRows, threads } = layout
  const at = layout.goal as GoalLayout
  const first = rows + 4
  const scores = new Float64Array(memory.buffer, at.validateScores, validateRows * bases.length)
  const y = new Float64Array(memory.buffer, at.validateY, validateRows)
  const blocks = Math.ceil(validateRows / LOSS_BLOCK)
  const losses = new Float64Array(memory.buffer, layout.losses, blocks)
  const nodes = new Int32Array(memory.buffer, layout.nodes, (layout.leaves * NODE_BYTES) / 4)
  const sets = new Int32Array(memory.buffer, at.sets, layout.leaves * 8)
  const lossIn = goal.kind === 'ranking' ? undefined : lossOf(goal)
  const ranks = groupedOf(memory, { layout, boost: { ranked } }, 'validate')
  const lacksOf = ranks && lacks({ y, scores }, ranks, groupsOf(ranks, threads, me))
  if (me === 0) for (const [k, base] of bases.entries()) scores.fill(base, k * validateRows, (k + 1) * validateRows)
  /** This thread's blocks of rows. */
  const mine = (work: (from: number, to: number, block: number) => void): void => {
    for (let block = me; block < blocks; block += threads)
      work(block * LOSS_BLOCK, Math.min((block + 1) * LOSS_BLOCK, validateRows), block)
  }
  return {
    apply(tree, output) {
      if (tree.feature.length === 0) return
      if (me === 0) {
        putNodes(nodes, tree)
        for (const [i, set] of tree.sets.entries()) sets.set(set, i * 8)
      }
      wait()
      const out = at.validateScores + (output * validateRows - first) * 8
      mine((from, to) =>
        some
          ? kernels.applySets(first + from, first + to, layout.nodes, layout.values, out, at.sets)
          : kernels.applyTree(first + from, first + to, layout.nodes, layout.values, out),
      )
      // the nodes and values are the next tree's
      wait()
    },
    loss() {
      if (ranks && lacksOf) {
        const found = new Float64Array(memory.buffer, at.groups?.validateLacks, ranks.groups)
        lacksOf(found)
        wait()
        let [sum, judged] = [0, 0]
        for (const lack of found)
          if (!Number.isNaN(lack)) {
            sum += lack
            judged++
          }
        wait()
        return sum / judged
      }
      mine((from, to, block) => {
        let sum = 0
        for (let i = from; i < to; i++) sum += lossIn?.(scores, y[i] as number, i, validateRows) ?? 0
        losses[block] = sum
      })
      wait()
      let total = 0
      for (let block = 0; block < blocks; block++) total += losses[block] as number
      // others may write theirs again only when all have read
      wait()
      return total / validateRows
    },
  }
}
