import type { SharedMemory } from '../../../base/wasm.ts'
import type { BinnedTree, GrowTask } from './task.ts'

/** Sends rows [first, end) down trees that were grown before, as their splits did: the leaf of each row is what it was then. */
export function replayerOf(
  memory: SharedMemory,
  { layout }: GrowTask,
  first: number,
  end: number,
): (tree: BinnedTree) => void {
  const { rows, features } = layout
  const leafOf = new Uint16Array(memory.buffer, layout.leafOf, rows)
  const columns = Array.from(
    { length: features },
    (_, f) => new Uint8Array(memory.buffer, layout.columns + f * rows, rows),
  )
  return ({ feature, bin, missingLeft, left, right, sets }) => {
    const nodes = feature.map((f, i) => ({
      column: columns[f] as Uint8Array,
      last: bin[i] as number,
      missing: missingLeft[i] as number,
      set: sets[i],
      left: left[i] as number,
      right: right[i] as number,
    }))
    for (let row = first; row < end; row++) {
      let at = nodes.length > 0 ? 0 : -1
      while (at >= 0) {
        const node = nodes[at] as (typeof nodes)[number]
        const own = node.column[row] as number
        const goesLeft =
          node.last < 0
            ? (((node.set?.[own >> 5] ?? 0) >>> (own & 31)) & 1) === 1
            : ((own + node.missing) & 255) <= node.last + node.missing
        at = goesLeft ? node.left : node.right
      }
      leafOf[row] = ~at
    }
  }
}
