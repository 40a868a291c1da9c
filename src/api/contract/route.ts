import { z } from 'zod'

/** A route as data: the server, the OpenAPI document, the SDK and the command line all derive from it. Browser-safe. */
export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> {
  readonly method: 'get' | 'post'
  /** With `{name}` for parameters. */
  readonly path: string
  readonly summary: string
  /** What a caller must be allowed to do. */
  readonly access: 'read' | 'predict' | 'write'
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly output: O
  /** Largest body, bytes. */
  readonly limit: number
  /** The answer is bytes as they are made, not JSON. */
  readonly stream?: boolean
  /** Media types of a body that is bytes as they come (`streamed`), not JSON. */
  readonly takes?: readonly string[]
  /** Fields of the query that travel as headers, by field. */
  readonly headers?: Readonly<Record<string, string>>
  /** Fields of the answer, true or false, that a header tells instead of the body. */
  readonly told?: Readonly<Record<string, string>>
}

/** Bytes as they are made. */
export interface Streamed {
  readonly mediaType: string
  readonly bytes: AsyncIterable<Uint8Array>
}
export const streamed = z.custom<Streamed>()

export const nothing = z.object({})
/** Fills in what a route does not take. */
export function route<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = z.ZodUndefined,
  O extends z.ZodType = z.ZodUnknown,
>(r: {
  method: 'get' | 'post'
  path: string
  summary: string
  access: Route['access']
  params?: P
  query?: Q
  body?: B
  output: O
  limit?: number
  stream?: boolean
  takes?: readonly string[]
  headers?: Readonly<Record<string, string>>
  told?: Readonly<Record<string, string>>
}): Route<P, Q, B, O> {
  return {
    params: nothing as unknown as P,
    query: nothing as unknown as Q,
    body: z.undefined() as unknown as B,
    limit: 1 << 20,
    ...r,
  }
}

export const pageQuery = z.object({
  limit: z.coerce
    .number('it is no number')
    .int('a whole number is asked for')
    .min(1, 'a page has an item at least')
    .max(500, 'a page has at most 500 items')
    .optional()
    .describe('items a page, 50 unless given'),
  cursor: z.string().max(400).optional().describe('`next` of the page before'),
})
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() })
export const name = z.string().min(1).max(63)
/** A dataset's version: `flights@3`, `flights@prod`, `flights`. */
export const reference = z.string().min(1).max(128)
/** Milliseconds since 1970 UTC. */
export const moment = z.number()

/** The body of every failure. */
export const failure = z.object({
  code: z.string(),
  what: z.string(),
  why: z.string().optional(),
  fix: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type Failure = z.infer<typeof failure>

/** A line of long work: how far it is, or its result, or its error, which is the last. */
export interface TaskLine {
  readonly stage?: string
  /** 0 to 1. */
  readonly done?: number
  readonly result?: unknown
  readonly error?: Failure
}
