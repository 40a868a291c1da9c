import { parentPort, workerData } from 'node:worker_threads'
import type { SharedMemory } from '../../../base/wasm.ts'
import { type BinnedTree, type GrowTask, grow } from './grow.ts'
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
post(grow(await loadKernels(memory), memory, task, me, (tree, done) => post({ tree, done })))
