import { createRoute } from '@hono/zod-openapi'
import { failure, type Route } from './contract/route.ts'

const BYTES = { type: 'string', format: 'binary' } as const

/** A route as the OpenAPI document has it. */
export function describe(noun: string, verb: string, r: Route) {
  return createRoute({
    method: r.method,
    path: r.path,
    operationId: `${noun}.${verb}`,
    summary: r.summary,
    tags: [noun],
    request: {
      params: r.params as never,
      query: r.query as never,
      ...(r.method === 'post' ? { body: { content: { 'application/json': { schema: r.body } }, required: true } } : {}),
    },
    responses: {
      200: {
        description: 'done',
        content: r.stream
          ? { 'application/octet-stream': { schema: BYTES } }
          : { 'application/json': { schema: r.output } },
      },
      default: { description: 'what failed, why, and the fix', content: { 'application/json': { schema: failure } } },
    },
  })
}
