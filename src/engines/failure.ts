import { GalleyError } from '../base/errors.ts'
import type { Value } from './batch.ts'

/**
 * What an operation that failed leaves in the place of its value. It raises only where a surviving row uses it: in a
 * condition, a key, an aggregate, or the result. A row that is dropped first takes its failures with it.
 */
export class Failure {
  readonly error: GalleyError
  /** The verb that it came from, once that is known. */
  readonly where: Where | undefined
  constructor(error: GalleyError, where?: Where) {
    this.error = error
    this.where = where
  }
}

/** A verb, and the column that it computes or those that it looks at. */
export interface Where {
  readonly verb: string
  readonly columns: readonly string[]
}

export type Slot = Value | Failure

export const failed = (slot: Slot): slot is Failure => slot instanceof Failure

/** The value, or the error that stands in its place. @throws VALUE_INVALID */
export function raise(slot: Slot): Value {
  if (slot instanceof Failure) throw slot.where ? named(slot.error, slot.where) : slot.error
  return slot
}

/** A failure that says where it came from; one that does already, and any value, as it is. */
export const located = (slot: Slot, where: Where): Slot =>
  slot instanceof Failure && slot.where === undefined ? new Failure(slot.error, where) : slot

function named({ code, what, why, fix, details }: GalleyError, { verb, columns }: Where): GalleyError {
  const place = columns.length === 0 ? verb : `${verb} of ${columns.map((c) => `'${c}'`).join(', ')}`
  return new GalleyError(code, {
    what: `${place}: ${what}`,
    ...(why ? { why } : {}),
    ...(fix ? { fix } : {}),
    details: { ...details, verb, columns },
  })
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
