import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { GalleyError } from '../../base/errors.ts'
import type { Progress } from '../../engines/engine.ts'
import { openJournals } from './journal.ts'
import type { TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** Steps of a training after which it is cut off. */
const MOST = 3

/** Trees of whole rounds count, and there is one a class. */
const ROUND = 4

/** A trainer that is cut off and begun again gives the model of one that was not. */
export function beginsAgain(
  learnt: (more: Pick<TrainTask, 'weight'>) => Promise<{ trainer: Trainer; task: TrainTask; whole: TrainedModel }>,
): void {
  test.each([{}, { weight: 'w' }])('begun again after it was interrupted gives the same model (%j)', async (more) => {
    const { trainer, task, whole } = await learnt(more)
    const { model, kept, told } = await begunAgain(trainer, task)
    expect(JSON.stringify(model)).toBe(JSON.stringify(whole))
    if (kept === 0 || kept >= ROUND) expect(told.length > 0).toBe(kept > 0)
  })
}

/** Learns a task that is cut off after some steps, and begins it again: the model, how much had been kept of it, and what was told then. */
async function begunAgain(
  trainer: Trainer,
  task: TrainTask,
): Promise<{ readonly model: TrainedModel | undefined; readonly kept: number; readonly told: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-journal-'))
  const told: string[] = []
  const attempt = async (most: number) => {
    const stop = new AbortController()
    const journal = await openJournals(folder, systemClock, 0).of('x')
    const progress = ({ done }: Progress) => void (done >= most && stop.abort())
    const say = (text: string) => void (text.startsWith('goes on') && told.push(text))
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
