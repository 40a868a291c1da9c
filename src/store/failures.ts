import { statfsSync } from 'node:fs'
import { asGalleyError, GalleyError } from '../base/errors.ts'

/** PostgreSQL's SQLSTATE by prefix, and Node's codes, as ours; the first entry that fits counts. */
const KNOWN: readonly (readonly [
  prefix: string,
  code: 'DISK_FULL' | 'STORE_CONFLICT' | 'STORE_UNAVAILABLE' | 'STORE_CORRUPT' | 'VALUE_INVALID',
])[] = [
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['53100', 'DISK_FULL'],
  ['23', 'STORE_CONFLICT'],
  ['40', 'STORE_CONFLICT'],
  ['55P03', 'STORE_CONFLICT'],
  ['22', 'VALUE_INVALID'],
  ['XX001', 'STORE_CORRUPT'],
  ['XX002', 'STORE_CORRUPT'],
  ['08', 'STORE_UNAVAILABLE'],
  ['53', 'STORE_UNAVAILABLE'],
  ['57', 'STORE_UNAVAILABLE'],
  ['28', 'STORE_UNAVAILABLE'],
  ['3D000', 'STORE_UNAVAILABLE'],
  ['ECONN', 'STORE_UNAVAILABLE'],
  ['ENOENT_SOCKET', 'STORE_UNAVAILABLE'],
  ['ENOTFOUND', 'STORE_UNAVAILABLE'],
  ['EPIPE', 'STORE_UNAVAILABLE'],
  ['ETIMEDOUT', 'STORE_UNAVAILABLE'],
  ['EACCES', 'STORE_UNAVAILABLE'],
  ['EPERM', 'STORE_UNAVAILABLE'],
  ['EROFS', 'STORE_UNAVAILABLE'],
  ['EIO', 'STORE_UNAVAILABLE'],
  ['ESTALE', 'STORE_UNAVAILABLE'],
  ['EMFILE', 'STORE_UNAVAILABLE'],
  ['ENFILE', 'STORE_UNAVAILABLE'],
  ['ENOMEM', 'STORE_UNAVAILABLE'],
  // a folder where a file belongs, or the other way round
  ['EISDIR', 'STORE_CORRUPT'],
  ['ENOTDIR', 'STORE_CORRUPT'],
  ['EEXIST', 'STORE_CORRUPT'],
  ['ENOTEMPTY', 'STORE_CORRUPT'],
]

const FIX = {
  DISK_FULL:
    'free some space or point GALLEY_HOME at a larger disk, then run the same command again: finished steps are kept',
  STORE_CONFLICT: 'read the current state and try again',
  STORE_UNAVAILABLE:
    'run the same command again; if it repeats, see logs/postgres.log in the data folder or check GALLEY_DATABASE_URL',
  STORE_CORRUPT: 'restore the data folder from a backup; the disk or the memory may be failing',
  VALUE_INVALID: 'correct the value',
} as const

/** Where the system's own code tells more than ours. */
const FIX_BY_CAUSE: readonly (readonly [RegExp, string])[] = [
  [/^(EIO|ESTALE)/, "look at the disk (the system's log names what failed), then run the same command again"],
  [/^(EMFILE|ENFILE)/, 'raise how many files may be open (ulimit -n), then run the same command again'],
  [/^ENOMEM/, 'give the process more memory, then run the same command again'],
  [/^(EACCES|EPERM|EROFS)/, 'run as the owner of the data folder, or point GALLEY_HOME at one of your own'],
  [
    /^(EISDIR|ENOTDIR|EEXIST|ENOTEMPTY)/,
    'a file and a folder are mixed up there: move away what lies in its place, or restore it from a backup',
  ],
]

/** The SQLSTATE or system code of a thrown thing, looked for through its causes. */
export function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && syscall === 'connect') return 'ENOENT_SOCKET'
    if (code !== undefined && !(error instanceof GalleyError)) return code
    if (/^(Connection terminated|Client has encountered a connection error|timeout exceeded when)/.test(error.message))
      return '08006'
    if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  }
  return undefined
}

/** Whether the connection to the database was lost or refused, as opposed to a statement that failed. */
export function isConnectionLoss(thrown: unknown): boolean {
  const code = codeOf(thrown) ?? ''
  return KNOWN.find(([prefix]) => code.startsWith(prefix))?.[1] === 'STORE_UNAVAILABLE'
}

/**
 * Any thrown thing as the GalleyError that the store promises. `home`, when given, is asked for room when the database
 * went away: PostgreSQL stops itself when it can't write its log.
 */
export function failure(thrown: unknown, what: string, home?: string): GalleyError {
  if (thrown instanceof GalleyError) return thrown
  const found = codeOf(thrown) ?? ''
  let code = KNOWN.find(([prefix]) => found.startsWith(prefix))?.[1]
  if (!code) return asGalleyError(thrown)
  if (code === 'STORE_UNAVAILABLE' && home && isFull(home)) code = 'DISK_FULL'
  const fix = FIX_BY_CAUSE.find(([cause]) => cause.test(found))?.[1] ?? FIX[code]
  return new GalleyError(code, { what, why: reason(thrown), fix, cause: thrown })
}

/** The deepest cause's own words: wrappers say only that a query failed. */
function reason(thrown: unknown): string {
  let error = thrown
  while (error instanceof Error && error.cause instanceof Error) error = error.cause
  if (error instanceof AggregateError) error = error.errors[0]
  const { message, detail } = error as Error & { detail?: string }
  return detail ? `${message} (${detail})` : message
}

/** Whether hardly anything can be written any more. */
export function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < 4 << 20
  } catch {
    return false
  }
}
