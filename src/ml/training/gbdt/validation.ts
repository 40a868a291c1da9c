import type { SharedMemory } from '../../../base/wasm.ts'
import type { BinnedTree, GrowTask } from './grow.ts'
import { LOSS_BLOCK, NODE_BYTES } from './layout.ts'
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
    if (me === 0) {
      nodes[0] = -1
      for (const [i, f] of tree.feature.entries())
        nodes.set([f, tree.bin[i], tree.missingLeft[i], tree.left[i], tree.right[i]] as number[], i * 5)
    }
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
