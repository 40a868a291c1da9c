import { afterAll } from 'vitest'
import { connectorConformance, type Tried } from './conformance.ts'
import { sendFile, testWeb } from './http/testing.ts'
import { type HttpOptions, http, httpConnector } from './http.ts'

const web = await testWeb()
afterAll(() => web.close())

const cell = (text: string | null) =>
  text === null ? '' : /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
const lines = (rows: readonly (readonly (string | null)[])[]) =>
  Buffer.from(`${rows.map((r) => r.map(cell).join(',')).join('\n')}\n`)

connectorConformance('http', {
  connector: httpConnector,
  place: (name) => `${web.origin}/${encodeURIComponent(name)}.csv`,
  spec: http,
  async write(url, columns, rows) {
    web.files.set(new URL(url).pathname, lines([Object.keys(columns), ...rows]))
  },
})

/** A server that is asked for columns, and for rows from an id on: it does what it is asked, or takes no notice. */
const asked = (listens: boolean): Tried => ({
  connector: httpConnector,
  ignores: !listens,
  place: (name) => `${web.origin}/${encodeURIComponent(name)}.csv`,
  spec(path, columns) {
    const from = columns['id'] === 'int64' ? ({ where: { 'id[gte]': ['>=', 'id'] } } as const) : {}
    return http(path, columns, { push: { columns: 'fields', ...from } } as HttpOptions)
  },
  async write(url, columns, rows) {
    const names = Object.keys(columns)
    web.answers.set(new URL(url).pathname, (request, response) => {
      const query = new URL(request.url ?? '/', web.origin).searchParams
      const fields = (listens ? query.get('fields')?.split(',') : undefined) ?? names
      const least = BigInt((listens ? query.get('id[gte]') : null) ?? -(2n ** 63n))
      const some = rows.filter((r) => names[0] !== 'id' || r[0] === null || BigInt(r[0] ?? 0) >= least)
      const own = [names, ...some].map((r) => fields.map((f) => r[names.indexOf(f)] ?? null))
      sendFile(lines(own), request, response)
    })
  },
})

connectorConformance('http that is asked for less', asked(true))
connectorConformance('http that takes no notice of what it is asked', asked(false))
