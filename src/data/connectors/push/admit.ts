import { GalleyError, throwIfAborted } from '../../../base/errors.ts'

/** Batches that are taken in at once, and that wait for their turn; more are asked to come again. */
const AT_ONCE = 4
const MOST_WAITING = 60
/** Seconds after which a sender may try again. */
const RETRY = 1

let working = 0
const waiting: (() => void)[] = []

/** Does it when its turn comes. @throws SOURCE_BUSY when too many wait, CANCELLED */
export async function admitted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (working >= AT_ONCE) {
    if (waiting.length >= MOST_WAITING)
      throw new GalleyError('SOURCE_BUSY', {
        what: 'too many batches come at once',
        why: `${AT_ONCE} are being taken in, and ${waiting.length} wait`,
        fix: `send it again, under the same key, after ${RETRY} s; fewer and larger batches go faster`,
        details: { retryAfter: RETRY },
      })
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else working++
  try {
    throwIfAborted(signal)
    return await work()
  } finally {
    // the turn is handed on, or given back
    const next = waiting.shift()
    if (next) next()
    else working--
  }
}
