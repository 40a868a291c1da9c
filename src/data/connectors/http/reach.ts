import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { type GuardedResponse, guardedRequest } from '../../../base/net/request.ts'
import type { Secret } from '../../../base/secrets.ts'
import type { Option, ReachContext } from '../connector.ts'

type Options = Readonly<Record<string, Option | undefined>>

/** How a source is asked, from the options of a recipe. */
export interface Reach {
  readonly url: string
  readonly credentials: Readonly<Record<string, string>>
  readonly retries: number
  /** Milliseconds in which something must come. */
  readonly patience: number
  /** Bytes a second that must come, over a stretch of `patience`. */
  readonly slowest: number
  readonly mostBytes: number
  readonly signal: AbortSignal
}

const RETRIES = 5
const PATIENCE_S = 20
const SLOWEST = 1024
const MOST_BYTES = 64 * 2 ** 30
/** The first pause before another try, the longest, and the longest that a server may ask for; ms. */
const [FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ASKED] = [200, 20_000, 120_000]

const isSecret = (value: unknown): value is Secret =>
  typeof value === 'object' && value !== null && typeof (value as Secret).secret === 'string'

/** Headers that are credentials in every case: as they stand they would be kept with the recipe. */
const SECRET_HEADERS = /^(authorization|cookie|proxy-authorization|x-api-key)$/i

/** @throws RECIPE_INVALID for credentials as they stand, SECRET_UNKNOWN */
export function reachOf(path: string, options: Options, ctx: Pick<ReachContext, 'secret' | 'signal'>): Reach {
  const value = (v: Option | undefined) => (isSecret(v) ? ctx.secret(v) : String(v))
  const url = new URL(path)
  for (const [name, v] of Object.entries((options['query'] ?? {}) as Options)) url.searchParams.set(name, value(v))
  const headers = Object.entries((options['headers'] ?? {}) as Options)
  const open = headers.find(([name, v]) => SECRET_HEADERS.test(name) && !isSecret(v))
  if (open)
    throw new GalleyError('RECIPE_INVALID', {
      what: `http() is given the header ${open[0]} as it stands`,
      why: 'a recipe is kept and shown; what is secret stands in it by its name only',
      fix: `say { headers: { ${open[0]}: secret('NAME') } }, or { bearer: secret('NAME') }`,
    })
  const bearer = options['bearer']
  const number = (name: string, otherwise: number) =>
    typeof options[name] === 'number' ? (options[name] as number) : otherwise
  return {
    url: url.href,
    credentials: {
      ...Object.fromEntries(headers.map(([name, v]) => [name, value(v)])),
      ...(isSecret(bearer) ? { authorization: `Bearer ${ctx.secret(bearer)}` } : {}),
    },
    retries: number('retries', RETRIES),
    patience: number('patience', PATIENCE_S) * 1000,
    slowest: number('slowest', SLOWEST),
    mostBytes: number('mostBytes', MOST_BYTES),
    signal: ctx.signal,
  }
}

/** Something that may go better the next time, and when the server said to come back; ms. */
export class Again extends Error {
  readonly after: number | undefined
  constructor(message: string, after?: number, cause?: unknown) {
    super(message, { cause })
    this.after = after
  }
}

/** An address for people: what stands after `?` may be secret. */
export const shown = (url: string): string => url.replace(/[?#].*$/s, '')

/** An answer that is good (2xx). @throws Again, SOURCE_MISSING, SOURCE_REFUSED */
export async function good(
  r: Reach,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<GuardedResponse> {
  const own = new URL(url).origin === new URL(r.url).origin
  const about = { headers, credentials: own ? r.credentials : {}, signal: r.signal, patience: r.patience }
  const got = await guardedRequest(url, about).catch((cause: unknown) => {
    throw ofNetwork(cause, url)
  })
  if (got.status >= 200 && got.status < 300) return got
  got.body.destroy()
  throw ofStatus(got, url)
}

function ofStatus({ status, headers }: GuardedResponse, url: string): Error {
  const what = `${shown(url)} answers ${status}`
  if ([408, 425, 429].includes(status) || status >= 500) return new Again(what, askedFor(headers['retry-after']))
  if (status === 404 || status === 410)
    return new GalleyError('SOURCE_MISSING', {
      what,
      why: 'there is nothing at that address',
      fix: 'check the address',
    })
  return new GalleyError('SOURCE_REFUSED', {
    what,
    why: status === 401 || status === 403 ? 'it does not let us in' : 'it does not take the request',
    fix: 'check the address, the headers and the secrets that the recipe names',
    details: { status },
  })
}

/** Seconds, or a date. */
export function askedFor(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - systemClock.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_ASKED) : undefined
}

/** A failure of the network: most may go better the next time. */
export function ofNetwork(cause: unknown, url: string): Error {
  if (cause instanceof GalleyError || cause instanceof Again) return cause
  const { code = '', message } = cause as NodeJS.ErrnoException
  if (/^(ENOSPC|EDQUOT|EIO|EROFS)$/.test(code)) return cause as Error
  if (/CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code))
    return new GalleyError('SOURCE_REFUSED', {
      what: `${new URL(url).host} can't be trusted`,
      why: message,
      fix: 'check its certificate; one of an authority of your own is named with NODE_EXTRA_CA_CERTS',
      cause,
    })
  return new Again(message, undefined, cause)
}

/**
 * Does work again, later each time, while it fails in a way that may pass. Tries that came further do not count.
 * @throws SOURCE_UNREACHABLE when it does not pass
 */
export async function retried<T>(r: Reach, work: () => Promise<T>, further = () => false): Promise<T> {
  for (let tries = 0; ; tries++) {
    throwIfAborted(r.signal)
    try {
      return await work()
    } catch (failed) {
      throwIfAborted(r.signal)
      const error = ofNetwork(failed, r.url)
      if (!(error instanceof Again)) throw error
      if (further()) tries = 0
      if (tries >= r.retries)
        throw new GalleyError('SOURCE_UNREACHABLE', {
          what: `${shown(r.url)} can't be read`,
          why: `${error.message}, ${tries + 1} times`,
          fix: 'try again later; the options retries and patience say how long it is tried',
          cause: error,
        })
      const pause = error.after ?? Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries)
      await sleep(pause, undefined, { signal: r.signal }).catch(() => undefined)
    }
  }
}
