import { GalleyError } from '../../../base/errors.ts'

/** What the batch engine says of what the server wrote; it is no failure of the server. */
export class EngineError extends Error {}

/** What the machine itself says: it is told as it is. */
const OWN = /^(ENOSPC|EDQUOT|EIO|EMFILE|ENFILE|EROFS)$/

interface Told {
  readonly code?: string
  readonly message: string
}

/** What a server or the way to it says, as an error of the source; one of ours as it is. */
export function failureOf(
  cause: unknown,
  at: { readonly host: string; readonly database?: string | undefined },
): unknown {
  if (cause instanceof GalleyError) return cause
  if (cause instanceof EngineError) return cause.cause
  const { code = '', message } = (cause instanceof Error ? cause : new Error(String(cause))) as Told
  if (OWN.test(code)) return cause
  const server = `the PostgreSQL server ${at.host}`
  const fail = (kind: 'SOURCE_UNREACHABLE' | 'SOURCE_REFUSED' | 'SOURCE_MISSING' | 'SOURCE_BROKEN', what: string, fix: string) =>
    new GalleyError(kind, { what, why: message, fix, cause, ...(code ? { details: { code } } : {}) }) // biome-ignore format: one line
  if (code === '57014')
    return fail(
      'SOURCE_UNREACHABLE',
      `${server} took too long, or was asked to stop`,
      'raise the option timeout (seconds), read fewer rows, or add an index',
    )
  if (/^28/.test(code))
    return fail(
      'SOURCE_REFUSED',
      `${server} refuses the credentials`,
      'check the user and the secret of the connection',
    )
  if (code === '42501')
    return fail('SOURCE_REFUSED', `${server} does not let this user read it`, 'GRANT SELECT on the table to the user')
  if (code === '3D000')
    return fail('SOURCE_MISSING', `${server} has no database '${at.database ?? ''}'`, 'check the name of the database')
  if (/^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_|ENOENT|EACCES|08|57P|53)/.test(code))
    return fail(
      'SOURCE_UNREACHABLE',
      `${server} can't be reached`,
      'check that it runs and takes connections from here',
    )
  if (/CERT|SSL|TLS|self.signed/i.test(`${code} ${message}`))
    return fail(
      'SOURCE_REFUSED',
      `${server} can't be trusted, or does not encrypt`,
      "give its authority's certificate with the option ca; tls: 'unchecked' encrypts without looking at it, tls: 'off' does not encrypt",
    )
  if (/terminated|timeout|closed|ended|not queryable/i.test(message))
    return fail('SOURCE_UNREACHABLE', `${server} can't be reached`, 'run it again: nothing was taken over by halves')
  return fail('SOURCE_BROKEN', `${server} could not give the rows`, 'correct what it says')
}
