import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'

/** Multiplications between two looks at the signal: some tenths of a second. */
const SLICE = 2e8

/** Gives others a turn and looks at the signal once so much work was done; undefined until then. */
export function paced(signal: AbortSignal): (work: number) => Promise<void> | undefined {
  let done = 0
  return (work) => {
    done += work
    if (done < SLICE) return undefined
    done = 0
    return nextTurn().then(() => throwIfAborted(signal))
  }
}
