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

/** The error for a version that is not there. `there`: those that are, in order; all up to the latest unless given. */
export function unknownVersion(
  code: ErrorCode,
  noun: string,
  name: string,
  version: number,
  latest: number,
  there?: readonly number[],
): GalleyError {
  const runs = there ? spans(there) : [[1, latest] as const]
  const many = runs.length > 1 || (runs[0]?.[0] ?? 0) < (runs[0]?.[1] ?? 0)
  // the newest are most likely meant
  const some = runs.slice(-MOST).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`))
  const shown = `${runs.length > MOST ? 'older ones, ' : ''}${some.join(', ')}`
  return new GalleyError(code, {
    what: `there is no version ${version} of the ${noun} '${name}'`,
    why: `${version <= latest && there ? 'it was removed: ' : ''}its ${many ? 'versions are' : 'only version is'} ${shown}`,
    fix: `use ${many ? 'one of these' : 'that one'}, or leave the version out for the newest`,
    details: { name, version, latest },
  })
}

const MOST = 12

/** Numbers in order as spans without a gap. */
function spans(numbers: readonly number[]): [from: number, to: number][] {
  const out: [number, number][] = []
  for (const n of numbers) {
    const last = out.at(-1)
    if (last && n === last[1] + 1) last[1] = n
    else out.push([n, n])
  }
  return out
}
