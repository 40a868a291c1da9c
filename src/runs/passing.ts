import { asGalleyError } from '../base/errors.ts'

/** What is over by itself: the database comes back, or there is room on the disk again. */
export function passes(thrown: unknown): boolean {
  const { code } = asGalleyError(thrown)
  return code === 'STORE_UNAVAILABLE' || code === 'DISK_FULL'
}

/** ms between two tries, and how many there are: for an hour. */
const PAUSE = 1000
const TRIES = 3600

/**
 * Tries again what failed for what passes, beside all else, and keeps no process from its end: how a run ended is to be known once there is room for it,
 * or it would be taken for under way for as long as this process lives.
 */
export function again(work: () => Promise<unknown>, when: (thrown: unknown) => boolean = passes): void {
  let left = TRIES
  const next = () =>
    setTimeout(() => {
      work().catch((thrown: unknown) => {
        if (--left > 0 && when(thrown)) next()
      })
    }, PAUSE).unref()
  next()
}

/** Tries after which what was asked, and whose answer was lost, was not done. */
const LATE = 5

/** Does what makes good what was asked and perhaps done, the answer to which was lost; what is done late is waited for. */
export function makeGood(thrown: unknown, work: () => Promise<unknown>): void {
  if (!passes(thrown)) return
  let left = LATE
  again(work, (cause) => passes(cause) || --left > 0)
}
