import { GalleyError } from '../base/errors.ts'
import type { Route, Streamed } from './contract/route.ts'
import { tooLarge } from './server.ts'

/** Fields of the query that travel as headers. */
export function fromHeaders({ headers = {} }: Route, given: Headers): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [field, header] of Object.entries(headers)) {
    const value = given.get(header)
    if (value !== null) found[field] = value
  }
  return found
}

/** A body as it comes. What is said of its length is held to the limit; the handler counts what comes. @throws BODY_TOO_LARGE, MEDIA_TYPE_REFUSED */
export function streamedBody(r: Route, { headers, body }: Request): Streamed {
  if (Number(headers.get('content-length') ?? 0) > r.limit) throw tooLarge(r.limit)
  const coding = (headers.get('content-encoding') ?? 'identity').toLowerCase()
  if (coding !== 'identity' && coding !== 'gzip')
    throw new GalleyError('MEDIA_TYPE_REFUSED', {
      what: `a body can't be read as ${coding}`,
      why: 'a content-encoding is gzip, or none',
      fix: 'send it as gzip or as it is',
    })
  return { mediaType: headers.get('content-type') ?? '', bytes: body ?? none() }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** An answer as JSON, without the fields that headers tell. */
export function plainAnswer({ told = {} }: Route, output: Record<string, unknown>): Response {
  const body = { ...output }
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const [field, header] of Object.entries(told)) {
    if (body[field] === true) headers[header] = 'true'
    delete body[field]
  }
  return new Response(JSON.stringify(body), { headers })
}

/**
 * Bytes as they are made, as an answer. The first ones are waited for, so that what can't be begun is an error with its status;
 * what breaks off later breaks the answer off. A client that goes ends the work.
 */
export async function streamedAnswer({ mediaType, bytes }: Streamed): Promise<Response> {
  const pieces = bytes[Symbol.asyncIterator]()
  let first: IteratorResult<Uint8Array> | undefined = await pieces.next()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = first ?? (await pieces.next())
      first = undefined
      if (next.done) controller.close()
      // a piece may be valid until the next one is asked for, and is read after that
      else controller.enqueue(next.value.slice())
    },
    async cancel() {
      await pieces.return?.()
    },
  })
  return new Response(body, { headers: { 'content-type': mediaType } })
}
