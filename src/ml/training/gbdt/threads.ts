import { Worker } from 'node:worker_threads'

/** ms that a thread waits for the next training: a search trains again at once, and a thread takes longer to begin than a small one to learn. */
const IDLE = 3000

interface Idle {
  readonly worker: Worker
  readonly timer: NodeJS.Timeout
}
const idle: Idle[] = []

/** Threads for a training, those that wait first. They hold the process until they are let go. */
export function takeThreads(count: number): Worker[] {
  return Array.from({ length: count }, () => {
    const { worker, timer } = idle.pop() ?? begun()
    clearTimeout(timer)
    worker.removeAllListeners()
    worker.ref()
    return worker
  })
}

/** Has so many threads begin while something else is done. */
export function beginThreads(count: number): void {
  const missing = count - idle.length
  const more = Array.from({ length: Math.max(0, missing) }, () => begun())
  idle.push(...more)
}

/** Has threads that are done wait for the next training. */
export function keepThreads(workers: readonly Worker[]): void {
  for (const worker of workers) idle.push(waiting(worker))
}

const begun = (): Idle => waiting(new Worker(new URL('./worker.ts', import.meta.url), { name: 'gbdt' }))

function waiting(worker: Worker): Idle {
  worker.removeAllListeners()
  worker.unref()
  const timer = setTimeout(end, IDLE)
  timer.unref()
  const own = { worker, timer }
  function end() {
    const place = idle.indexOf(own)
    if (place < 0) return
    idle.splice(place, 1)
    void worker.terminate()
  }
  // one that can't begin is nobody's
  worker.on('error', end)
  worker.on('exit', end)
  return own
}
