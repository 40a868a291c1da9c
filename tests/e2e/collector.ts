import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a collector took. */
export interface Taken<T> {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: T
}

/** A server that takes JSON as a collector of lineage or traces does. */
export interface Collector<T> {
  readonly url: string
  readonly got: readonly Taken<T>[]
  /** What it answers from now on; but for 2xx it takes nothing. */
  answer(status: number): void
  close(): void
}

export async function openCollector<T>(): Promise<Collector<T>> {
  let status = 200
  const got: Taken<T>[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as T
      if (status < 300) got.push({ path: request.url ?? '', headers: request.headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    answer: (next) => void (status = next),
    close: () => void server.close(),
  }
}
