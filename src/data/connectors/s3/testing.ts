import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hex, signed } from './sign.ts'
import { escaped } from './xml.ts'

export const KEYS = { id: 'TESTID', secret: 'a-secret-access-key' }

/** A store of objects on this machine that holds requests to their signatures. */
export interface TestObjects {
  readonly endpoint: string
  readonly objects: Map<string, Buffer>
  /** Requests so far, as `GET key` with the range, or `LIST`. */
  readonly asked: string[]
  /** Set to answer a request in another way; gives false to leave it. */
  odd: ((asked: string, response: ServerResponse) => boolean) | undefined
  /** Objects of a page of a list. */
  page: number
  close(): Promise<void>
}

export const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

const fail = (response: ServerResponse, status: number, code: string) =>
  response
    .writeHead(status)
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>it is ${code}</Message></Error>`)

export async function testObjects(): Promise<TestObjects> {
  const objects = new Map<string, Buffer>()
  const uploads = new Map<string, Buffer[]>()
  const store: TestObjects = { endpoint: '', objects, asked: [], odd: undefined, page: 2, close: async () => {} }

  /** Whether the request is signed by the keys, over all that it says is signed. */
  const isSigned = (request: IncomingMessage, url: URL, body: Buffer): boolean => {
    const names = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? '')?.[1]?.split(';') ?? []
    const own = ['host', 'x-amz-content-sha256', 'x-amz-date']
    const headers = Object.fromEntries(
      names.filter((n) => !own.includes(n)).map((n) => [n, String(request.headers[n])]),
    )
    const date = String(request.headers['x-amz-date'])
    const now = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    const payload = String(request.headers['x-amz-content-sha256'])
    const about = { method: request.method ?? '', url, headers, payload, region: 'eu-test-1', keys: KEYS, now }
    return payload === hex(body) && signed(about)['authorization'] === request.headers.authorization
  }

  const list = (url: URL, response: ServerResponse) => {
    const [prefix, after] = [url.searchParams.get('prefix') ?? '', url.searchParams.get('continuation-token') ?? '']
    const keys = [...objects.keys()].filter((k) => k.startsWith(prefix) && k > after).sort()
    const page = keys.slice(0, store.page)
    const more = keys.length > page.length
    const contents = page.map((k) => {
      const body = objects.get(k) as Buffer
      return `<Contents><Key>${escaped(encodeURIComponent(k).replaceAll('%2F', '/').replaceAll('%20', '+'))}</Key><ETag>${escaped(etagOf(body))}</ETag><Size>${body.length}</Size></Contents>`
    })
    response.end(
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${escaped(page.at(-1) as string)}</NextContinuationToken>` : ''}${contents.join('')}</ListBucketResult>`,
    )
  }
  const get = (key: string, request: IncomingMessage, response: ServerResponse) => {
    const body = objects.get(key)
    if (!body) return fail(response, 404, 'NoSuchKey')
    const match = request.headers['if-match']
    if (match !== undefined && match !== etagOf(body)) return fail(response, 412, 'PreconditionFailed')
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = body.subarray(from)
    const range = from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { etag: etagOf(body), 'content-length': part.length, ...range })
    response.end(request.method === 'HEAD' ? undefined : part)
  }
  const put = (key: string, query: URLSearchParams, method: string, body: Buffer, response: ServerResponse) => {
    const id = query.get('uploadId')
    if (method === 'POST' && query.has('uploads')) {
      const fresh = `upload ${uploads.size}`
      uploads.set(fresh, [])
      return response.end(`<R><UploadId>${fresh}</UploadId></R>`)
    }
    if (id === null) {
      objects.set(key, body)
      return response.writeHead(200, { etag: etagOf(body) }).end()
    }
    const parts = uploads.get(id)
    if (!parts) return fail(response, 404, 'NoSuchUpload')
    if (method === 'DELETE') {
      uploads.delete(id)
      return response.writeHead(204).end()
    }
    if (method === 'PUT') {
      parts[Number(query.get('partNumber')) - 1] = body
      return response.writeHead(200, { etag: etagOf(body) }).end()
    }
    objects.set(key, Buffer.concat(parts))
    uploads.delete(id)
    return response.end('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
  }

  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request)
      const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
      const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ''))
      const asked = [key === '' ? 'LIST' : `${request.method} ${key}`, request.headers.range].filter(Boolean).join(' ')
      store.asked.push(asked)
      if (store.odd?.(asked, response)) return
      if (!isSigned(request, url, body)) return fail(response, 403, 'SignatureDoesNotMatch')
      if (!url.pathname.startsWith('/bucket/')) return fail(response, 404, 'NoSuchBucket')
      if (key === '') return list(url, response)
      if (request.method === 'GET' || request.method === 'HEAD') return get(key, request, response)
      put(key, url.searchParams, request.method ?? '', body, response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  process.env['GALLEY_ALLOW_PRIVATE'] = [process.env['GALLEY_ALLOW_PRIVATE'], `127.0.0.1:${port}`]
    .filter(Boolean)
    .join(',')
  process.env['GALLEY_SECRET_S3_TEST'] = `${KEYS.id}:${KEYS.secret}`
  return Object.assign(store, {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
