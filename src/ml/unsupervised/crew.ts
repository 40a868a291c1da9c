import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { asGalleyError, GalleyError, throwIfAborted } from '../../base/errors.ts'

/** Arrays that the kernels of a learner read and write, in memory that threads share. */
export type Arrays = Readonly<Record<string, Float64Array | Int32Array>>
export type Numbers = Readonly<Record<string, number>>
/** Works on the rows `from` ≤ i < `to`, which are block number `block`: it writes only what is theirs. */
export type Kernel = (arrays: never, args: never, from: number, to: number, block: number) => void
export type Kernels = Readonly<Record<string, Kernel>>

/** How rows are cut: blocks depend on how many there are alone, so that sums over blocks in order are the same on any number of threads. */
export interface Cut {
  readonly rows: number
  readonly size: number
  readonly blocks: number
}
const LEAST = 2048
const MOST_BLOCKS = 64
/** `least`: rows of a block; few where each takes long. */
export function cutOf(rows: number, least = LEAST): Cut {
  const size = Math.max(least, Math.ceil(rows / MOST_BLOCKS))
  return { rows, size, blocks: Math.max(1, Math.ceil(rows / size)) }
}

export const floats = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8))
export const ints = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

/** What a thread is begun with, what it is asked, and what it answers. */
export interface CrewInput {
  readonly module: string
  readonly arrays: Arrays
  readonly cut: Cut
}
export interface CrewOrder {
  readonly kernel: string
  readonly args: Numbers
  readonly from: number
  readonly to: number
}

export interface CrewOptions {
  /** `import.meta.url` of the module that exports `kernels`. */
  readonly module: string
  readonly kernels: Kernels
  readonly arrays: Arrays
  readonly cut: Cut
  readonly threads: number
  /** Numbers that a pass goes over; few are not worth threads. */
  readonly work: number
  /** Whether it is worth a thread even where that is one alone: its blocks take longer than others may wait for a turn. */
  readonly alone?: boolean
  readonly signal: AbortSignal
}

export type Run = (kernel: string, args?: Numbers) => Promise<void>

/** Numbers that a pass goes over from which on threads are worth their start. */
const WORTH = 400_000
/** ms that this thread works before it lets others have a turn. */
const TURN = 20

/** Gives `work` a function that runs a kernel over all blocks, on threads or here. All threads have ended when it settles. @throws CANCELLED */
export async function withCrew<T>(options: CrewOptions, work: (run: Run) => Promise<T>): Promise<T> {
  const { threads, cut, signal } = options
  throwIfAborted(signal)
  const count = Math.min(threads, cut.blocks)
  if (options.work < WORTH || count < (options.alone ? 1 : 2)) return work(here(options))
  const workerData: CrewInput = { module: options.module, arrays: options.arrays, cut }
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  const cancel = () => reject(cancelledBy(signal))
  signal.addEventListener('abort', cancel)
  const workers = Array.from({ length: count }, (_, i) => {
    const worker = new Worker(new URL('./crew-worker.ts', import.meta.url), { workerData, name: `crew-${i}` })
    worker.on('error', (error) => reject(asGalleyError(error)))
    worker.on('exit', (code) => reject(new GalleyError('INTERNAL_BUG', { what: `a thread ended with ${code}` })))
    return worker
  })
  const answer = (worker: Worker) => new Promise<void>((resolve) => void worker.once('message', () => resolve()))
  try {
    return await work(async (kernel, args = {}) => {
      const done = Promise.all(workers.map(answer))
      for (const [i, worker] of workers.entries()) {
        const [from, to] = [Math.floor((i * cut.blocks) / count), Math.floor(((i + 1) * cut.blocks) / count)]
        worker.postMessage({ kernel, args, from, to } satisfies CrewOrder)
      }
      await Promise.race([done, broken])
      throwIfAborted(signal)
    })
  } finally {
    signal.removeEventListener('abort', cancel)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function cancelledBy(signal: AbortSignal): unknown {
  try {
    throwIfAborted(signal)
    return undefined
  } catch (thrown) {
    return thrown
  }
}

function here({ kernels, arrays, cut, signal }: CrewOptions): Run {
  let since = performance.now()
  return async (kernel, args = {}) => {
    throwIfAborted(signal)
    for (let block = 0; block < cut.blocks; block++) {
      runBlock(kernels, arrays, cut, kernel, args, block)
      if (performance.now() - since < TURN) continue
      await nextTurn()
      since = performance.now()
      throwIfAborted(signal)
    }
  }
}

export function runBlock(
  kernels: Kernels,
  arrays: Arrays,
  cut: Cut,
  kernel: string,
  args: Numbers,
  block: number,
): void {
  const from = block * cut.size
  kernels[kernel]?.(arrays as never, args as never, from, Math.min(cut.rows, from + cut.size), block)
}
