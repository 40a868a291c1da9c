import type { Streamed } from './contract/route.ts'

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
