import { GalleyError } from '../base/errors.ts'
import type { Value } from './batch.ts'

/**
 * What an operation that failed leaves in the place of its value. It raises only where a surviving row uses it: in a
 * condition, a key, an aggregate, or the result. A row that is dropped first takes its failures with it.
 */
export class Failure {
  readonly error: GalleyError
  constructor(error: GalleyError) {
    this.error = error
  }
}

export type Slot = Value | Failure

export const failed = (slot: Slot): slot is Failure => slot instanceof Failure

/** The value, or the error that stands in its place. @throws VALUE_INVALID */
export function raise(slot: Slot): Value {
  if (slot instanceof Failure) throw slot.error
  return slot
}

/** Turns what `f` throws for a value into a failure; any other error goes on. */
export function attempt<A extends unknown[]>(f: (...args: A) => Value): (...args: A) => Slot {
  return (...args) => {
    try {
      return f(...args)
    } catch (error) {
      if (error instanceof GalleyError && error.code === 'VALUE_INVALID') return new Failure(error)
      throw error
    }
  }
}
