import { createRoute, z } from '@hono/zod-openapi'
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
      ...asked(r),
      ...(r.method === 'post' ? { body: { content: contentOf(r), required: true } } : {}),
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

const contentOf = (r: Route) =>
  r.takes
    ? Object.fromEntries(r.takes.map((type) => [type, { schema: BYTES }]))
    : { 'application/json': { schema: r.body } }

/** The query, and what of it travels as headers. */
function asked(r: Route) {
  const { shape } = r.query as z.ZodObject
  const fields = Object.entries(shape)
  const { headers = {} } = r
  const query = fields.filter(([field]) => !Object.hasOwn(headers, field))
  const named = fields.flatMap(([field, type]) =>
    headers[field] === undefined ? [] : [[headers[field], type] as const],
  )
  return {
    query: z.object(Object.fromEntries(query)) as never,
    ...(named.length > 0 ? { headers: z.object(Object.fromEntries(named)) as never } : {}),
  }
}
