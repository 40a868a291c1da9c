import type { IncomingMessage, ServerResponse } from 'node:http'
import { asGalleyError } from '../base/errors.ts'
import { contract } from './contract/index.ts'
import { endpoints } from './routes/endpoints.ts'
import { headersOf, parse, parseJson, type ServerOptions, tooLarge } from './server.ts'

/** Answers on the hot paths are not cut short: they take less than telling would. */
const NEVER = new AbortController().signal
const PREDICT = /^\/v1\/endpoints\/([a-z0-9-]{1,63})\/(predict|feed)$/

/**
 * The hot paths: the same routes of the contract, the same handlers and errors, without the framework in between. False when the request
 * is for another route.
 */
export function answerHot(options: ServerOptions, request: IncomingMessage, response: ServerResponse): boolean {
  const match = request.method === 'POST' ? PREDICT.exec(request.url ?? '') : null
  if (!match) return false
  const [, name = '', verb] = match
  const route = verb === 'predict' ? contract.endpoints.predict : contract.endpoints.feed
  const fail = (thrown: unknown) => {
    const error = asGalleyError(thrown)
    if (error.status >= 500 && error.code !== 'ENDPOINT_NOT_READY')
      options.log.error('a request failed', { ...error.toJSON() })
    const text = JSON.stringify(error.toJSON())
    if (response.headersSent || response.destroyed) return
    response.writeHead(error.status, { ...headersOf(error), 'content-length': Buffer.byteLength(text) })
    response.end(text)
  }
  const refuse = () => {
    response.setHeader('connection', 'close')
    fail(tooLarge(route.limit))
    // what still comes is thrown away for a moment, so that the client can read the answer
    request.resume()
    setTimeout(() => request.destroy(), 500).unref()
  }
  if (Number(request.headers['content-length'] ?? 0) > route.limit) {
    refuse()
    return true
  }
  const chunks: Buffer[] = []
  let size = 0
  let refused = false
  request.on('data', (chunk: Buffer) => {
    if (refused) return
    size += chunk.length
    if (size > route.limit) {
      refused = true
      chunks.length = 0
      refuse()
    } else chunks.push(chunk)
  })
  request.on('error', () => undefined)
  request.on('end', () => {
    if (refused) return
    void (async () => {
      try {
        const header = request.headers['x-galley-workspace']
        const scope = await options.scopeOf(Array.isArray(header) ? header[0] : header)
        const json = parseJson(Buffer.concat(chunks))
        const params = { name }
        const output =
          verb === 'predict'
            ? await endpoints.predict({
                ware: options.ware,
                scope,
                params,
                query: {},
                signal: NEVER,
                body: parse(contract.endpoints.predict.body, json),
              })
            : await endpoints.feed({
                ware: options.ware,
                scope,
                params,
                query: {},
                signal: NEVER,
                body: parse(contract.endpoints.feed.body, json),
              })
        const text = JSON.stringify(output)
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(text),
        })
        response.end(text)
      } catch (thrown) {
        fail(thrown)
      }
    })()
  })
  return true
}
