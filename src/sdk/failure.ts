import type { Failure } from '../api/contract/route.ts'
import { CODES, type ErrorCode, GalleyError } from '../base/errors.ts'

/** The error that a server told, as it was thrown there. */
export function errorOf({ code, what, why, fix, details }: Failure): GalleyError {
  return new GalleyError(Object.hasOwn(CODES, code) ? (code as ErrorCode) : 'INTERNAL_BUG', {
    what,
    ...(why ? { why } : {}),
    ...(fix ? { fix } : {}),
    ...(details ? { details } : {}),
  })
}
