import { Worker } from 'node:worker_threads'
import { asGalleyError, GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import type { BinnedTree, GrowTask } from './task.ts'
import type { WorkerInput, WorkerMessage } from './worker.ts'

/**
 * Grows the trees on worker threads, so that the calling thread stays free. All workers have ended when this settles,
 * however it settles.
 * @throws CANCELLED
 */
export async function growOnWorkers(
  task: GrowTask,
  memory: SharedMemory,
  signal: AbortSignal,
  onTree: (done: number) => void,
): Promise<BinnedTree[]> {
  const trees: BinnedTree[] = []
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const cancel = (): void =>
    reject(new GalleyError('CANCELLED', { what: 'training was cancelled', cause: signal.reason }))
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  const workers: Worker[] = []
  try {
    for (let me = 0; me < task.layout.threads && !signal.aborted; me++) {
      const workerData: WorkerInput = { task, memory, me }
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: `gbdt-${me}` })
      workers.push(worker)
      worker.on('message', (message: WorkerMessage) => {
        if ('rounds' in message) return resolve(message.rounds)
        trees.push(message.tree)
        onTree(message.done)
      })
      worker.on('error', (error) => reject(asGalleyError(error)))
      worker.on('exit', (code) => {
        if (code !== 0) reject(new GalleyError('INTERNAL_BUG', { what: `a training thread ended with ${code}` }))
      })
    }
    return trees.slice(0, await promise)
  } finally {
    signal.removeEventListener('abort', cancel)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
