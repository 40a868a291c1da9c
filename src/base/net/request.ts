import { type LookupAddress, lookup } from 'node:dns'
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { allowPrivate } from '../config.ts'
import { cancelled, GalleyError } from '../errors.ts'
import { type Allowed, allowedOf, placeOf, requirePublic } from './places.ts'

export interface GuardedOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that go to the first origin only: a redirect elsewhere is asked without them. */
  readonly credentials?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Milliseconds until the answer's head is there; 30 s when not given. */
  readonly patience?: number
  /** Redirects that are followed; 5 when not given. */
  readonly redirects?: number
  /** For tests: hosts that may be private, and how names are looked up. */
  readonly allowed?: Allowed
  readonly resolve?: Resolve
}

export interface GuardedResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Read it to the end, or destroy it. */
  readonly body: IncomingMessage
  /** Where the answer is from, after redirects. */
  readonly url: URL
}

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

const PATIENCE_MS = 30_000
const MOST_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization']

const resolveBySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true, verbatim: true }, (error, found) => (error ? reject(error) : resolve(found)))
  })

/**
 * A request that reaches public places only, unless GALLEY_ALLOW_PRIVATE names them: every address of the host is checked
 * after it was looked up, the connection goes to one of those checked, and each redirect is a new address to check.
 * Redirects never lead from https to http, and lose the credentials where they lead elsewhere.
 * @throws ADDRESS_REFUSED, CANCELLED; failures of the network as Node tells them
 */
export async function guardedRequest(address: string, options: GuardedOptions = {}): Promise<GuardedResponse> {
  const allowed = options.allowed ?? allowedOf(allowPrivate())
  const most = options.redirects ?? MOST_REDIRECTS
  let url = placeOf(address, allowed)
  const origin = url.origin
  let { method = 'GET', body } = options
  for (let hops = 0; ; hops++) {
    const own = url.origin === origin
    const headers = { ...lowered(options.headers, own), ...(own ? lowered(options.credentials, true) : {}) }
    const answer = await ask(url, { ...options, method, headers }, body, allowed)
    const status = answer.statusCode ?? 0
    const to = REDIRECTS.includes(status) ? answer.headers.location : undefined
    if (to === undefined) return { status, headers: answer.headers, body: answer, url }
    answer.destroy()
    if (hops >= most)
      throw new GalleyError('ADDRESS_REFUSED', {
        what: `${url.host} leads from one address to the next`,
        why: `${most} redirects were followed`,
        fix: 'name the address that it leads to in the end',
      })
    const next = placeOf(to, allowed, url)
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw new GalleyError('ADDRESS_REFUSED', {
        what: `${url.host} leads to ${next.host} without encryption`,
        why: 'a redirect from https to http is not followed',
        fix: 'name the address that it leads to, if it is meant',
      })
    url = next
    if (method !== 'GET' && method !== 'HEAD' && status !== 307 && status !== 308) {
      method = 'GET'
      body = undefined
    }
  }
}

const lowered = (headers: Readonly<Record<string, string>> = {}, all: boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const low = name.toLowerCase()
      return all || !CREDENTIALS.includes(low) ? [[low, value]] : []
    }),
  )

function ask(
  url: URL,
  options: GuardedOptions,
  body: string | Uint8Array | undefined,
  allowed: Allowed,
): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, signal, patience = PATIENCE_MS, resolve: names = resolveBySystem } = options
  // the very addresses that were checked are connected to: a name that is looked up again may be another
  const checked: LookupFunction = (host, about, done) => {
    names(host).then(
      (found) => {
        try {
          for (const { address } of found) requirePublic(url, address, allowed)
          const [first] = found
          if (!first) throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
          if (about.all) done(null, [...found])
          else done(null, first.address, first.family)
        } catch (error) {
          done(error as Error, '', 0)
        }
      },
      (error: Error) => done(error as NodeJS.ErrnoException, '', 0),
    )
  }
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(signal.reason))
    const { request } = url.protocol === 'https:' ? https : http
    // no agent: a kept connection would be one that was checked for another request
    const sent = request(url, { method, headers, lookup: checked, agent: false })
    const late = setTimeout(
      () => sent.destroy(Object.assign(new Error(`no answer in ${patience / 1000} s`), { code: 'ETIMEDOUT' })),
      patience,
    )
    const stop = () => sent.destroy(cancelled(signal?.reason))
    signal?.addEventListener('abort', stop, { once: true })
    const over = () => signal?.removeEventListener('abort', stop)
    sent.on('socket', (socket) =>
      socket.once('connect', () => {
        try {
          requirePublic(url, socket.remoteAddress ?? '', allowed)
        } catch (error) {
          sent.destroy(error as Error)
        }
      }),
    )
    sent.once('response', (answer) => {
      clearTimeout(late)
      answer.once('close', over)
      resolve(answer)
    })
    sent.once('error', (error) => {
      clearTimeout(late)
      over()
      reject(error)
    })
    sent.end(body)
  })
}
