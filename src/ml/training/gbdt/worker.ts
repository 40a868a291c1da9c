import { parentPort, workerData } from 'node:worker_threads'
import type { SharedMemory } from '../../../base/wasm.ts'
import type { BinnedTree, GrowTask } from './task.ts'
import { loadKernels } from './wasm.ts'

/** What the main thread gives a training thread. */
export interface WorkerInput {
  readonly task: GrowTask
  readonly memory: SharedMemory
  readonly me: number
}

/** What thread 0 tells the main thread. */
export type WorkerMessage = { readonly tree: BinnedTree; readonly done: number } | { readonly rounds: number }

const { task, memory, me } = workerData as WorkerInput
const post = (message: WorkerMessage): void => {
  if (me === 0) parentPort?.postMessage(message)
}
const kernels = await loadKernels(memory)
const told = (tree: BinnedTree, done: number): void => post({ tree, done })
const { boost: how } = task
if (how) {
  const { boost } = await import('./boost.ts')
  post(boost(kernels, memory, { ...task, boost: how }, me, told))
} else {
  const { grow } = await import('./grow.ts')
  post(grow(kernels, memory, task, me, told))
}
