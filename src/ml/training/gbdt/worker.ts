import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import type { CompiledModule, SharedMemory } from '../../../base/wasm.ts'
import { instantiateWasm } from '../../../base/wasm.ts'
import type { BinnedTree, GrowTask } from './task.ts'
import type { Kernels } from './wasm.ts'

/** What the main thread gives a training thread. */
export interface WorkerInput {
  readonly task: GrowTask
  readonly memory: SharedMemory
  readonly module: CompiledModule
  readonly me: number
}

/** What thread 0 tells the main thread, and that each of them is done. */
export type WorkerMessage = { readonly tree: BinnedTree; readonly done: number } | { readonly rounds: number } | 'done'

const post = (message: WorkerMessage): void => parentPort?.postMessage(message)

// the memory of a training stays as long as any thread's collector has not seen that it is gone, and one that waits has no need to look
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major' }) => void

parentPort?.on('message', async (input: WorkerInput) => {
  await train(input)
  post('done')
  collect({ type: 'major' })
})

async function train({ task, memory, module, me }: WorkerInput): Promise<void> {
  const kernels = instantiateWasm<Kernels>(module, memory)
  const told = (tree: BinnedTree, done: number): void => {
    if (me === 0) post({ tree, done })
  }
  const { boost: how } = task
  const made = how
    ? (await import('./boost.ts')).boost(kernels, memory, { ...task, boost: how }, me, told)
    : (await import('./grow.ts')).grow(kernels, memory, task, me, told)
  if (me === 0) post(made)
}
