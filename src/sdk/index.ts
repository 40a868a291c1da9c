import type { z } from 'zod'
import { type Contract, contract } from '../api/contract/index.ts'
import type { Failure, Route, Streamed } from '../api/contract/route.ts'
import { CODES, GalleyError } from '../base/errors.ts'
import { errorOf } from './failure.ts'

/** A route without parameters has an empty object, which TypeScript takes for an index of nevers. */
type Fields<T> = string extends keyof T ? unknown : T
type Arguments<R extends Route> = Fields<z.input<R['params']>> &
  Fields<z.input<R['query']>> &
  (undefined extends z.input<R['body']> ? unknown : { body: z.input<R['body']> })
type Method<R extends Route> = (
  args: Arguments<R>,
  options?: { signal?: AbortSignal },
) => Promise<z.output<R['output']>>

/** One method for every route of the contract: `client.endpoints.predict({ name, body })`. */
export type Client = {
  readonly [N in keyof Contract]: {
    readonly [V in keyof Contract[N]]: Contract[N][V] extends Route ? Method<Contract[N][V]> : never
  }
}

export interface ClientOptions {
  /** Where the server is, without a path. */
  readonly url: string
  /** The platform's fetch, or an application's own for a server in the same process. */
  readonly fetch: (request: Request) => Response | Promise<Response>
  readonly workspace?: string
}

/** A typed client of the server. Failures come out as the GalleyError that the server threw. */
export function createClient(options: ClientOptions): Client {
  return Object.fromEntries(
    Object.entries(contract).map(([noun, verbs]) => [
      noun,
      Object.fromEntries(Object.entries(verbs as Record<string, Route>).map(([verb, r]) => [verb, method(options, r)])),
    ]),
  ) as unknown as Client
}

function method(options: ClientOptions, r: Route) {
  return async (args: Record<string, unknown>, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> => {
    const rest = { ...args }
    const path = r.path.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
      const value = String(rest[key])
      delete rest[key]
      return encodeURIComponent(value)
    })
    const url = new URL(path, options.url)
    const headers: Record<string, string> = options.workspace ? { 'x-galley-workspace': options.workspace } : {}
    const { body, ...fields } = rest
    for (const [key, value] of Object.entries(r.method === 'get' ? rest : fields)) {
      if (value === undefined) continue
      const header = r.headers?.[key]
      if (header === undefined) url.searchParams.set(key, String(value))
      else headers[header] = String(value)
    }
    const request = new Request(url, {
      method: r.method.toUpperCase(),
      ...(r.method === 'get' ? { headers } : await sending(r, body, headers)),
      ...(signal ? { signal } : {}),
    })
    const response = await Promise.resolve(options.fetch(request)).catch((cause: unknown) => {
      throw new GalleyError('SERVER_UNREACHABLE', {
        what: `no Galley answers at ${options.url}`,
        why: cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause),
        fix: 'start one with: galley up',
        cause,
      })
    })
    if (response.ok && r.stream)
      return { mediaType: response.headers.get('content-type') ?? '', bytes: bytesOf(response, options.url) }
    const text = await response.text()
    if (response.ok) return answered(r, JSON.parse(text), response.headers)
    throw failureOf(text, response.status)
  }
}

/** What is sent: JSON, or bytes, which the server takes no more of than the route says. @throws BODY_TOO_LARGE */
async function sending(r: Route, body: unknown, headers: Record<string, string>): Promise<RequestInit> {
  if (!r.takes) return { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }
  const { mediaType, bytes } = body as Streamed
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const piece of bytes) {
    size += piece.byteLength
    if (size > r.limit)
      throw new GalleyError('BODY_TOO_LARGE', {
        what: `what is sent is larger than ${r.limit.toLocaleString('en-US')} bytes`,
        fix: 'send it in several parts',
      })
    pieces.push(new Uint8Array(piece))
  }
  return { body: new Blob(pieces), headers: { ...headers, 'content-type': mediaType } }
}

/** An answer with the fields that headers tell. */
function answered({ told }: Route, json: Record<string, unknown>, headers: Headers): unknown {
  if (!told) return json
  const flags = Object.entries(told).map(([field, header]) => [field, headers.get(header) === 'true'])
  return { ...json, ...Object.fromEntries(flags) }
}

/** The bytes of an answer as they come. @throws SERVER_UNREACHABLE when it breaks off */
async function* bytesOf(response: Response, url: string): AsyncGenerator<Uint8Array> {
  try {
    if (response.body) for await (const piece of response.body) yield piece
  } catch (cause) {
    if (cause instanceof GalleyError) throw cause
    throw new GalleyError('SERVER_UNREACHABLE', {
      what: `the answer of ${url} broke off`,
      why: cause instanceof Error ? cause.message : String(cause),
      fix: 'ask again; the log of the server says why it ended',
      cause,
    })
  }
}

function failureOf(text: string, status: number): GalleyError {
  try {
    const json = JSON.parse(text) as Failure
    if (Object.hasOwn(CODES, json.code)) return errorOf(json)
  } catch {
    // not an answer of ours
  }
  return new GalleyError('SERVER_UNREACHABLE', {
    what: `the server answered ${status}`,
    why: text.slice(0, 200),
    fix: 'check that GALLEY_URL points at a Galley server',
  })
}
