import type { SharedMemory } from '../../../base/wasm.ts'
import { replayerOf } from './replay.ts'
import type { BinnedTree, GrowTask } from './task.ts'
import { growerOf } from './tree.ts'
import { validation } from './validation.ts'
import type { Kernels } from './wasm.ts'

/**
 * Grows the trees of a binary target without weights, as thread `me`, with gradients that the kernels take.
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
  const { growTree, wait, rowsFrom } = growerOf(kernels, memory, task, me)
  const again = task.grown ? replaying(memory, task, [rowsFrom(me), rowsFrom(me + 1)], me, wait) : undefined
  const from = {
    begin: (first: number, end: number, scratch: number) => kernels.startTree(first, end, scratch, layout.values),
    gradientUnit: 1 / layout.gradientScale,
    hessianUnit: 1 / layout.hessianScale,
  }
  const validate = layout.validateRows > 0 ? validation(kernels, memory, task, me, wait) : undefined
  if (me === 0) new Float32Array(memory.buffer, layout.scores, layout.rows + 4).fill(task.base)
  wait()
  let bestLoss = Number.POSITIVE_INFINITY
  let bestRounds = 0
  for (let done = 1; done <= params.trees; done++) {
    const known = task.grown?.[done - 1]
    const tree = known ?? growTree(from)
    if (known) again?.(known)
    else onTree(tree, done)
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

/** Puts rows where a tree that was grown before has put them; what it says of them is added when the next one begins, as the kernels do. */
function replaying(
  memory: SharedMemory,
  task: GrowTask,
  [first, end]: readonly [number, number],
  me: number,
  wait: () => void,
): (tree: BinnedTree) => void {
  const { layout } = task
  const scores = new Float32Array(memory.buffer, layout.scores, layout.rows)
  const leafOf = new Uint16Array(memory.buffer, layout.leafOf, layout.rows)
  const values = new Float32Array(memory.buffer, layout.values, layout.leaves)
  const replay = replayerOf(memory, task, first, end)
  return (tree) => {
    for (let i = first; i < end; i++) scores[i] = (scores[i] as number) + (values[leafOf[i] as number] as number)
    wait()
    if (me === 0) values.set(tree.values)
    replay(tree)
    wait()
  }
}
