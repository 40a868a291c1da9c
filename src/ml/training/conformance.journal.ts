import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { GalleyError } from '../../base/errors.ts'
import type { Progress } from '../../engines/engine.ts'
import { openJournals } from './journal.ts'
import type { TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** Steps of a training after which it is cut off. */
const MOST = 3

/** Learns a task that is cut off after some steps, and begins it again: the model, how much had been kept of it, and what was told then. */
export async function begunAgain(
  trainer: Trainer,
  task: TrainTask,
): Promise<{ readonly model: TrainedModel | undefined; readonly kept: number; readonly told: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-journal-'))
  const told: string[] = []
  const attempt = async (most: number) => {
    const stop = new AbortController()
    const journal = await openJournals(folder, systemClock, 0).of('x')
    const progress = ({ done }: Progress) => void (done >= most && stop.abort())
    const say = (text: string) => void told.push(text)
    const model = await trainer
      .train(task, { signal: stop.signal, journal, progress, say })
      .catch((thrown: unknown) => {
        if (thrown instanceof GalleyError && thrown.code === 'CANCELLED') return undefined
        throw thrown
      })
    return { model, kept: journal.entries().length }
  }
  try {
    await attempt(MOST)
    return { ...(await attempt(Number.POSITIVE_INFINITY)), told }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
