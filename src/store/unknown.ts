import { type ErrorCode, GalleyError, nearest } from '../base/errors.ts'

/** The error for a name that is not there, with the names that are. */
export function unknownName(code: ErrorCode, noun: string, name: string, existing: readonly string[]): GalleyError {
  const close = nearest(name, existing)
  const some = existing.slice(0, 12).map((each) => `'${each}'`)
  return new GalleyError(code, {
    what: `there is no ${noun} '${name}'`,
    why: existing.length === 0 ? `this workspace has no ${noun} yet` : `there are ${some.join(', ')}`,
    fix: close
      ? `did you mean '${close}'?`
      : existing.length === 0
        ? 'run a recipe that makes it'
        : 'use one of these names',
    details: { name, existing: existing.slice(0, 12) },
  })
}

/** The error for a version that is not there. */
export function unknownVersion(
  code: ErrorCode,
  noun: string,
  name: string,
  version: number,
  latest: number,
): GalleyError {
  return new GalleyError(code, {
    what: `there is no version ${version} of the ${noun} '${name}'`,
    why: `its versions go from 1 to ${latest}`,
    fix: 'use one of these, or leave the version out for the newest',
    details: { name, version, latest },
  })
}
