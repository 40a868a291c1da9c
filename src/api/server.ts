import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { OpenAPIHono, type z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { asGalleyError, GalleyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import { contract } from './contract/index.ts'
import type { Route, Streamed } from './contract/route.ts'
import { describe } from './describe.ts'
import { answerHot } from './hot.ts'
import type { ApiWare } from './routes/handlers.ts'
import { handlers } from './routes/index.ts'
import { fromHeaders, plainAnswer, streamedAnswer, streamedBody } from './streamed.ts'
import { unknownRoute } from './unknown.ts'

export interface ServerOptions {
  readonly ware: ApiWare
  readonly log: Log
  /** Who a request speaks for. @throws WORKSPACE_UNKNOWN */
  scopeOf(workspace: string | undefined): Promise<Scope>
}

type AnyHandler = (call: {
  ware: ApiWare
  scope: Scope
  params: unknown
  query: unknown
  body: unknown
  signal: AbortSignal
}) => Promise<unknown>

/** The application: every route of the contract, its OpenAPI document, and one shape of error. Works without a port. */
export function createApp(options: ServerOptions): OpenAPIHono {
  const app = new OpenAPIHono()
  for (const [noun, verbs] of Object.entries(contract))
    for (const [verb, r] of Object.entries(verbs as Record<string, Route>)) {
      const handle = (handlers as unknown as Record<string, Record<string, AnyHandler>>)[noun]?.[verb] as AnyHandler
      const described = describe(noun, verb, r)
      app.openAPIRegistry.registerPath(described)
      // checked here rather than by the framework, which reads a body whole before it looks at it; bytes are counted as they come
      const limited: MiddlewareHandler = r.takes
        ? (_, next) => next()
        : bodyLimit({
            maxSize: r.limit,
            onError: () => {
              throw tooLarge(r.limit)
            },
          })
      app.on(r.method, described.getRoutingPath(), limited, async (c) => {
        const output = await call(options, r, handle, c)
        return r.stream ? streamedAnswer(output as Streamed) : plainAnswer(r, output as Record<string, unknown>)
      })
    }
  app.doc31('/v1/openapi.json', { openapi: '3.1.0', info: { title: 'Galley', version: options.ware.version } })
  app.notFound((c) => answer(unknownRoute(c.req.method, c.req.path)))
  app.onError((thrown) => {
    const error = thrown instanceof HTTPException && thrown.status < 500 ? refused(thrown) : asGalleyError(thrown)
    if (error.status >= 500)
      options.log.error('a request failed', {
        ...error.toJSON(),
        stack: (error.cause as Error | undefined)?.stack ?? error.stack,
      })
    return answer(error)
  })
  return app
}

/** What the framework refuses by itself: a body of another media type, or one that is not JSON. */
const refused = (cause: HTTPException): GalleyError =>
  new GalleyError('REQUEST_INVALID', {
    what: 'the request is not what this route takes',
    why: cause.message,
    fix: 'send a JSON object with content-type application/json',
    cause,
  })

async function call(options: ServerOptions, r: Route, handle: AnyHandler, c: Context): Promise<unknown> {
  const scope = await options.scopeOf(c.req.header('x-galley-workspace'))
  const params = parse(r.params, withoutNul(c.req.param()))
  const query = parse(r.query, withoutNul({ ...c.req.query(), ...fromHeaders(r, c.req.raw.headers) }))
  const body = r.takes
    ? streamedBody(r, c.req.raw)
    : r.method === 'post'
      ? parse(r.body, parseJson(new Uint8Array(await c.req.arrayBuffer())))
      : undefined
  return handle({ ware: options.ware, scope, params, query, body, signal: c.req.raw.signal })
}

export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(result.error)
}

/** No name holds a NUL, and the database takes none. */
function withoutNul(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [bad] = Object.entries(given).find(([, value]) => value.includes('\0')) ?? []
  if (bad === undefined) return given
  throw new GalleyError('REQUEST_INVALID', {
    what: `'${bad}' is not what this route takes`,
    why: 'it holds a NUL character',
    fix: 'see /v1/openapi.json',
  })
}

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** Of a union: what each of its forms says. */
  readonly errors?: readonly (readonly Issue[])[]
}

function invalid(error: { issues: readonly Issue[] }): GalleyError {
  const [outer] = error.issues
  const first = outer?.errors?.[0]?.[0] ?? outer
  const where = first && first.path.length > 0 ? `'${first.path.map(String).join('.')}'` : 'the request'
  return new GalleyError('REQUEST_INVALID', {
    what: `${where} is not what this route takes`,
    why: first?.message ?? 'unknown',
    fix: 'see /v1/openapi.json',
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new GalleyError('REQUEST_INVALID', {
      what: 'the body is not text in UTF-8',
      why: 'its bytes are not a valid sequence',
      fix: 'send JSON in UTF-8',
      cause,
    })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new GalleyError('REQUEST_INVALID', {
      what: bytes.length === 0 ? 'the body is empty' : 'the body is not JSON',
      why: bytes.length === 0 ? 'nothing came with the request' : (cause as Error).message,
      fix: 'send a JSON object with content-type application/json',
      cause,
    })
  }
}

export const tooLarge = (limit: number): GalleyError =>
  new GalleyError('BODY_TOO_LARGE', {
    what: `the body is larger than ${limit.toLocaleString('en-US')} bytes`,
    fix: 'send fewer records at a time',
  })

export function headersOf(error: GalleyError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' }
  if (error.status === 503 || error.status === 429) headers['retry-after'] = String(error.details['retryAfter'] ?? 1)
  if (error.status === 405) headers['allow'] = (error.details['allow'] as string[]).join(', ')
  return headers
}

const answer = (error: GalleyError): Response =>
  new Response(JSON.stringify(error.toJSON()), {
    status: error.status === 499 ? 500 : error.status,
    headers: headersOf(error),
  })

/**
 * A page of another site must not speak to a server on this machine: neither by its own address (its Origin tells) nor
 * by a name of its own that leads here (the Host tells).
 */
function foreign(request: IncomingMessage): GalleyError | undefined {
  const { host: given = '', origin } = request.headers
  const host = given.toLowerCase() // names of hosts are the same in either case
  const name = host.replace(/:\d+$/, '')
  const loopback = request.socket.localAddress === '127.0.0.1' || request.socket.localAddress === '::1'
  const known = !loopback || name === '127.0.0.1' || name === 'localhost' || name === '[::1]'
  if (known && (origin === undefined || origin.toLowerCase() === `http://${host}`)) return undefined
  return new GalleyError('ORIGIN_REFUSED', {
    what: 'a page of another site may not call this server',
    why: known ? `the request comes from ${String(origin)}` : `the request is for the host '${name}'`,
    fix: 'call it from a program, or from a page that this server gave',
  })
}

/** Listens on loopback unless told otherwise; predictions take a short path past the framework. */
export async function listen(
  options: ServerOptions,
  at: { port: number; host?: string },
): Promise<{ url: string; server: Server; close(): Promise<void> }> {
  const app = createApp(options)
  const rest = getRequestListener(app.fetch)
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const refusal = foreign(request)
    if (refusal) {
      const text = JSON.stringify(refusal.toJSON())
      response.writeHead(refusal.status, { ...headersOf(refusal), 'content-length': Buffer.byteLength(text) }).end(text)
      return
    }
    if (!answerHot(options, request, response)) void rest(request, response)
  })
  server.requestTimeout = 60_000
  server.headersTimeout = 20_000
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host ?? '127.0.0.1', resolve)
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new GalleyError('CONFIG_INVALID', {
      what: `port ${at.port} can't be opened`,
      why: cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message,
      fix: 'choose another with --port or GALLEY_PORT, or 0 for any free one',
      cause,
    })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 2000).unref()
      }),
  }
}
