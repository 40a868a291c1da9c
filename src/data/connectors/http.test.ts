import { afterAll } from 'vitest'
import { connectorConformance } from './conformance.ts'
import { testWeb } from './http/testing.ts'
import { http, httpConnector } from './http.ts'

const web = await testWeb()
afterAll(() => web.close())

const cell = (text: string | null) =>
  text === null ? '' : /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

connectorConformance('http', {
  connector: httpConnector,
  place: (name) => `${web.origin}/${encodeURIComponent(name)}.csv`,
  spec: http,
  async write(url, columns, rows) {
    const lines = [Object.keys(columns), ...rows].map((r) => r.map(cell).join(','))
    web.files.set(new URL(url).pathname, Buffer.from(`${lines.join('\n')}\n`))
  },
})
