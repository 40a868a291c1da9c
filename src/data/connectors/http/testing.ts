import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A web server of files and of answers, on this machine. */
export interface TestWeb {
  readonly origin: string
  readonly files: Map<string, Buffer>
  /** Answers by path; they go before files. */
  readonly answers: Map<string, Handler>
  /** What was asked: the path, and the range where one was. */
  readonly asked: string[]
  close(): Promise<void>
}

export async function testWeb(): Promise<TestWeb> {
  const files = new Map<string, Buffer>()
  const answers = new Map<string, Handler>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://test')
    asked.push([decodeURIComponent(url.pathname) + url.search, request.headers.range].filter(Boolean).join(' '))
    const own = answers.get(url.pathname)
    if (own) return own(request, response)
    const file = files.get(request.url ?? '/')
    if (!file) return void response.writeHead(404).end()
    sendFile(file, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const allowed = [process.env['GALLEY_ALLOW_PRIVATE'], `127.0.0.1:${port}`].filter(Boolean).join(',')
  process.env['GALLEY_ALLOW_PRIVATE'] = allowed
  return {
    origin: `http://127.0.0.1:${port}`,
    files,
    answers,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const etagOf = (file: Buffer): string => `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`

/** A file with its ETag, or a part of it; `cut` bytes are sent before the connection is dropped. */
export function sendFile(file: Buffer, request: IncomingMessage, response: ServerResponse, cut?: number): void {
  const etag = etagOf(file)
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
  const part = from < file.length && request.headers['if-range'] === etag
  const body = part ? file.subarray(from) : file
  response.writeHead(part ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(part ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
  })
  if (cut === undefined) return void response.end(body)
  response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 100))
}
