import { type SharedMemory, sharedMemory } from '../../../base/wasm.ts'

/** ms that a memory is kept for the next training. */
const IDLE = 3000
/** One that is more times as large as what is asked for is let go. */
const MOST = 8

let kept: { readonly memory: SharedMemory; readonly timer: NodeJS.Timeout } | undefined

/**
 * Memory of at least `bytes`, zeroed: that of the training before, where it is large enough. A search trains hundreds of times in a row, and the collector
 * would let go of their memories long after.
 */
export function takeMemory(bytes: number): SharedMemory {
  const memory = kept?.memory
  clearTimeout(kept?.timer)
  kept = undefined
  const size = memory?.buffer.byteLength ?? 0
  if (!memory || size < bytes || size > bytes * MOST) return sharedMemory(bytes)
  new Uint8Array(memory.buffer, 0, bytes).fill(0)
  return memory
}

/** Keeps a memory that no thread works on any more. */
export function keepMemory(memory: SharedMemory): void {
  clearTimeout(kept?.timer)
  const timer = setTimeout(() => {
    kept = undefined
  }, IDLE)
  timer.unref()
  kept = { memory, timer }
}
