import { afterAll } from 'vitest'
import { secret } from '../../base/secrets.ts'
import { connectorConformance } from './conformance.ts'
import { csv } from './csv.ts'
import { testObjects } from './s3/testing.ts'
import { s3, s3Connector } from './s3.ts'

const store = await testObjects()
afterAll(() => store.close())

const cell = (text: string | null) =>
  text === null ? '' : /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

connectorConformance('s3', {
  connector: s3Connector,
  place: (name) => `s3://bucket/${name.replaceAll(/[*?]/g, '+')}/*.csv`,
  spec: (path, columns) =>
    s3(path, csv, columns, {
      ...{ endpoint: store.endpoint, region: 'eu-test-1', credentials: secret('S3_TEST') },
    }),
  async write(path, columns, rows) {
    const prefix = path.slice('s3://bucket/'.length, -'*.csv'.length)
    for (const [i, part] of [rows.slice(0, 2), rows.slice(2)].entries()) {
      if (part.length === 0) continue
      const lines = [Object.keys(columns), ...part].map((r) => r.map(cell).join(','))
      store.objects.set(`${prefix}part ${i}.csv`, Buffer.from(`${lines.join('\n')}\n`))
    }
  },
})
