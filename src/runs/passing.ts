import { asGalleyError } from '../base/errors.ts'

/** What is over by itself: the database comes back, or there is room on the disk again. */
export function passes(thrown: unknown): boolean {
  const { code } = asGalleyError(thrown)
  return code === 'STORE_UNAVAILABLE' || code === 'DISK_FULL'
}

/** ms between two tries, and how many there are: for an hour. */
const PAUSE = 1000
const TRIES = 3600

/** What is still to be recorded of runs of this process, by their ids. */
const owed = new Map<string, () => Promise<void>>()

/**
 * Tries again what failed for what passes, beside all else, and keeps no process from its end: how a run ended is to be known once there is room for it,
 * or it would be taken for under way for as long as this process lives.
 */
export function again(
  work: () => Promise<unknown>,
  { when = passes, run }: { readonly when?: (thrown: unknown) => boolean; readonly run?: string } = {},
): void {
  let left = TRIES
  let isOver = false
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout
  const over = () => {
    isOver = true
    if (run !== undefined) owed.delete(run)
  }
  const next = () => {
    timer = setTimeout(() => {
      last = last.then(async () => {
        if (isOver) return
        await work().then(over, (thrown: unknown) => (--left > 0 && when(thrown) ? next() : over()))
      })
    }, PAUSE).unref()
  }
  const now = async () => {
    clearTimeout(timer)
    await last
    clearTimeout(timer)
    if (isOver) return
    await work().then(over, (thrown: unknown) => {
      if (!passes(thrown)) return over()
      next()
      throw thrown
    })
  }
  if (run !== undefined) owed.set(run, now)
  next()
}

/** Does at once what is still to be recorded of a run, before it goes on here: done later, it would end what is under way then. @throws what passes */
export const settle = async (run: string): Promise<void> => owed.get(run)?.()

/** Tries after which what was asked, and whose answer was lost, was not done. */
const LATE = 5

/** Does what makes good what was asked and perhaps done, the answer to which was lost; what is done late is waited for. */
export function makeGood(thrown: unknown, run: string, work: () => Promise<unknown>): void {
  if (!passes(thrown)) return
  let left = LATE
  again(work, { when: (cause) => passes(cause) || --left > 0, run })
}
