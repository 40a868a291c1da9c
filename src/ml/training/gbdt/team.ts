import type { Worker } from 'node:worker_threads'
import { asGalleyError, GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import { decodeBytes, decodeFloat64, encodeArray } from '../model.ts'
import type { TrainContext } from '../trainer.ts'
import type { BinnedTree, GrowTask } from './task.ts'
import { keepThreads, takeThreads } from './threads.ts'
import { kernelModule } from './wasm.ts'
import type { WorkerInput, WorkerMessage } from './worker.ts'

/**
 * Grows the trees on worker threads, so that the calling thread stays free. All workers are done when this settles, and have ended
 * where it does not end well.
 * @throws CANCELLED
 */
export async function growOnWorkers(
  task: GrowTask,
  memory: SharedMemory,
  { signal, progress, journal, say }: TrainContext,
): Promise<BinnedTree[]> {
  const outputs = task.boost?.bases.length ?? 1
  const total = task.params.trees * outputs
  const trees = grownBefore(journal, outputs)
  const grown = trees.slice()
  let kept = grown.length
  if (kept > 0) say?.(`goes on after ${kept} of ${total} trees, which an interrupted training had grown`)
  const { promise: broken, reject } = Promise.withResolvers<never>()
  const { promise: rounds, resolve } = Promise.withResolvers<number>()
  const cancel = (): void =>
    reject(new GalleyError('CANCELLED', { what: 'training was cancelled', cause: signal.reason }))
  broken.catch(() => undefined)
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel)
  const workers: Worker[] = []
  try {
    const module = await kernelModule()
    if (!signal.aborted) workers.push(...takeThreads(task.layout.threads))
    const done = workers.map((worker, me) => {
      const own = Promise.withResolvers<void>()
      worker.on('message', (message: WorkerMessage) => {
        if (message === 'done') return own.resolve()
        if ('rounds' in message) return resolve(message.rounds)
        trees.push(message.tree)
        progress({ done: message.done, total, unit: 'steps' })
        if (!journal?.due()) return
        void journal.add({ from: kept, trees: trees.slice(kept).map(packed) } satisfies KeptTrees)
        kept = trees.length
      })
      worker.on('error', (error) => reject(asGalleyError(error)))
      worker.on('exit', (code) => reject(new GalleyError('INTERNAL_BUG', { what: `a training thread ended with ${code}` }))) // biome-ignore format: one line
      worker.postMessage({ task: kept > 0 ? { ...task, grown } : task, memory, module, me } satisfies WorkerInput)
      return own.promise
    })
    const [count] = await Promise.race([Promise.all([rounds, ...done]), broken])
    keepThreads(workers.splice(0))
    return trees.slice(0, count)
  } finally {
    signal.removeEventListener('abort', cancel)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** An entry of a journal: trees, and how many came before them. */
interface KeptTrees {
  readonly from: number
  readonly trees: readonly ReturnType<typeof packed>[]
}

/** JSON knows no zero below zero, and a model has it. */
const packed = ({ values, gain, ...tree }: BinnedTree) => ({
  ...{ ...tree, values: encodeArray(Float32Array.from(values)), gain: encodeArray(Float64Array.from(gain)) },
})

const unpacked = ({ values, gain, ...tree }: ReturnType<typeof packed>): BinnedTree => ({
  ...tree,
  values: Array.from(new Float32Array(decodeBytes({ values }, 'values'))),
  gain: Array.from(decodeFloat64({ gain }, 'gain')),
})

/** Trees of whole rounds that an interrupted training had grown. */
function grownBefore(journal: TrainContext['journal'], outputs: number): BinnedTree[] {
  const trees: BinnedTree[] = []
  // two that were at it at once have grown the same
  for (const { from, trees: own } of (journal?.entries() ?? []) as KeptTrees[])
    if (from <= trees.length) trees.push(...own.slice(trees.length - from).map(unpacked))
  return trees.slice(0, trees.length - (trees.length % outputs))
}
