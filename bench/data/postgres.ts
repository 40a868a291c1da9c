import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { to as copyTo } from 'pg-copy-streams'
import { resolveSecret } from '../../src/base/secrets.ts'
import { testServer } from '../../src/data/connectors/postgres/testing.ts'
import { postgres, postgresConnector } from '../../src/data/connectors/postgres.ts'
import { BenchError, median, type Row } from '../bench.ts'
import { ORDERS } from './orders.ts'
import type { Setting } from './setting.ts'

export const postgresCases = ['postgres-read']

/** A table of orders. */
const TABLE = `CREATE TABLE orders AS SELECT g::int8 AS id, timestamp '2020-09-13' + g * interval '7.3 seconds' AS at,
  (ARRAY['seoul', 'busan', 'incheon', 'daegu', 'gwangju', '대전', 'ulsan', 'jeju'])[1 + (g % 8)::int] AS city,
  'P' || lpad((g * 7919 % 50000)::text, 5, '0') AS product, (1 + g % 20)::int8 AS qty, ((g * 31 % 50000) / 100.0)::float8 AS price,
  ((g % 11) / 20.0)::float8 AS discount, (g * 13 % 200 - 60)::int8 AS delay, ((g * 17 % 3000) / 100.0)::float8 AS weight,
  g % 17 = 0 AS returned, 'order note, number ' || (g % 100000) AS note FROM generate_series(1::int8, $ROWS) AS g`

/** A table read into typed Parquet, beside the same client's `COPY … TO STDOUT` of it into a file, one after the other. */
export async function postgresRows(s: Setting): Promise<Row[]> {
  if (!s.wanted('postgres-read')) return []
  const count = s.small ? 1e5 : 2e6
  const server = await testServer()
  const folder = join(server.folder, 'bench')
  mkdirSync(folder, { recursive: true })
  try {
    s.say(`a table of ${count.toLocaleString('en-US')} rows`)
    await server.sql(TABLE.replace('$ROWS', String(count)))
    await server.sql('VACUUM ANALYZE orders')
    const spec = postgres('orders', ORDERS, { connection: server.connection })
    const read = async () => {
      const own = join(folder, 'read')
      rmSync(own, { recursive: true, force: true })
      mkdirSync(own)
      const context = s.context()
      const about = { ...context, secret: resolveSecret, progress: () => {}, keep: async (n: string) => join(own, n) }
      const got = await s.engine.session(context, (query) =>
        postgresConnector.snapshot(spec, spec.path, { ...about, query }),
      )
      if (got.rows !== count) throw new BenchError('rows are missing', { why: `${got.rows} of ${count}`, fix: 'a bug' })
    }
    const copy = async () => {
      const client = await server.client()
      try {
        const from = client.query(copyTo('COPY orders TO STDOUT'))
        await pipeline(from, createWriteStream(join(folder, 'orders.tsv')))
      } finally {
        await client.end()
      }
    }
    await copy()
    await read()
    const [galley, peer, ratios]: [number[], number[], number[]] = [[], [], []]
    const [own, other]: [number[], number[]] = [[], []]
    for (let k = 0; k < Math.max(3, s.runs); k++) {
      const took = async (work: () => Promise<void>, cpu: number[]) => {
        const [began, used] = [performance.now(), process.cpuUsage()]
        await work()
        const { user, system } = process.cpuUsage(used)
        cpu.push((user + system) / 1e6)
        return (performance.now() - began) / 1000
      }
      // in turns: what else the machine does weighs on both
      const [a, b] = [await took(read, own), await took(copy, other)]
      galley.push(a)
      peer.push(b)
      ratios.push(a / b)
    }
    s.notes.push(
      `postgres-read: ratios of pairs ${ratios.map((r) => r.toFixed(2)).join(', ')}; 2 connections; processor seconds of this process ${median(own).toFixed(2)} beside ${median(other).toFixed(2)}`,
    )
    const [a, b] = [median(galley), median(peer)]
    return [{ case: 'postgres-read', peer: 'copy', unit: 's', galley: a, peerValue: b, ratio: median(ratios) }]
  } finally {
    await server.close()
  }
}
