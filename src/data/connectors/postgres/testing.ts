import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine, type DuckdbEngine } from '../../../engines/duckdb/index.ts'
import { build } from '../../../plan/nodes.ts'
import type { TypeName } from '../../../plan/types.ts'
import { joinServer, type ServerShare } from '../../../store/postgres/server.ts'
import type { Tried } from '../conformance.ts'
import type { ConnectorContext, SourceSnapshot, SourceSpec } from '../connector.ts'
import { type PostgresOptions, postgres, postgresConnector } from '../postgres.ts'
import { snapshotContext } from '../testing/context.ts'
import type { PostgresAddress } from './connect.ts'
import { ident } from './table.ts'

/** An embedded server with a database of its own that is read as a source. */
export interface TestServer {
  readonly connection: PostgresAddress
  readonly share: ServerShare
  readonly folder: string
  /** One statement on a connection of its own. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  client(): Promise<pg.Client>
  write: Tried['write']
  /** Ends the connections that copy, as soon as one does, or none did for a while. */
  cutCopies(): Promise<void>
  close(): Promise<void>
}

const PG_TYPES: Readonly<Record<string, string>> = {
  int64: 'bigint',
  int32: 'integer',
  float64: 'double precision',
  'decimal(9, 2)': 'numeric(9, 2)',
  bool: 'boolean',
  date: 'date',
  'local timestamp': 'timestamp',
  timestamp: 'timestamptz',
  string: 'text',
}

export async function testServer(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-pg-'))
  chmodSync(folder, 0o711)
  mkdirSync(join(folder, 'postgres'))
  const share = await joinServer(join(folder, 'postgres'), join(folder, 'log'))
  const { host, port, user } = share.connection
  const connection = { host, port, user, database: 'shop' }
  const client = async (database = connection.database) => {
    const opened = new pg.Client({ ...connection, database })
    opened.on('error', () => undefined)
    await opened.connect()
    return opened
  }
  const on = async (database: string, text: string, values: unknown[] = []) => {
    const opened = await client(database)
    try {
      return (await opened.query(text, values)).rows as Record<string, unknown>[]
    } finally {
      await opened.end()
    }
  }
  await on('postgres', 'CREATE DATABASE shop')
  const sql = (text: string, values?: unknown[]) => on('shop', text, values)
  return {
    connection,
    share,
    folder,
    sql,
    client,
    async write(path, columns, rows) {
      const entries = Object.entries<TypeName>(columns)
      const typed = entries.map(([name, type]) => `${ident(name)} ${PG_TYPES[String(type)]}`)
      await sql(`DROP TABLE IF EXISTS ${ident(path)}; CREATE TABLE ${ident(path)} (${typed.join(', ')})`)
      const types = entries.map(([, type]) => PG_TYPES[String(type)])
      const casts = types.map((t, i) => `(r->>${i})::${t}`)
      await sql(`INSERT INTO ${ident(path)} SELECT ${casts.join(', ')} FROM jsonb_array_elements($1::jsonb) AS r`, [
        JSON.stringify(rows),
      ])
    },
    async cutCopies() {
      for (let tries = 0; tries < 200; tries++) {
        const found = await sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'`,
        )
        if (found.length > 0) return
        await sleep(2)
      }
    },
    async close() {
      await share.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Columns = Readonly<Record<string, TypeName>>
type More = Partial<Pick<ConnectorContext, 'signal' | 'since' | 'wanted'>>

/** Reads tables of a test server. */
export interface Reader {
  readonly folder: string
  readonly engine: DuckdbEngine
  spec(table: string, columns: Columns, options?: Partial<PostgresOptions>): SourceSpec
  context(query: ConnectorContext['query'], more?: More): ConnectorContext
  load(s: SourceSpec, more?: More): Promise<SourceSnapshot>
  rowsOf(s: Pick<SourceSnapshot, 'files' | 'schema'>): Promise<readonly (readonly unknown[])[]>
  /** The first column of the rows. */
  ids(s: SourceSpec, more?: More): Promise<number[]>
  close(): Promise<void>
}

export function testReader({ connection }: TestServer): Reader {
  const folder = mkdtempSync(join(tmpdir(), 'galley-pg-cases-'))
  const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
  let last = 0
  const reader: Reader = {
    folder,
    engine,
    spec: (table, columns, options = {}) => postgres(table, columns, { connection, ...options }),
    context(query, more = {}) {
      const kept = join(folder, `kept-${++last}`)
      mkdirSync(kept)
      return snapshotContext(query, kept, more)
    },
    load: (s, more = {}) =>
      engine.session({ ...testContext(), ...(more.signal ? { signal: more.signal } : {}) }, (query) =>
        postgresConnector.snapshot(s, s.path, reader.context(query, more)),
      ),
    rowsOf: ({ files, schema }) => collect(engine, build({ op: 'scan', from: { kind: 'parquet', files }, schema })),
    ids: async (s, more = {}) => (await reader.rowsOf(await reader.load(s, more))).map((r) => Number(r[0])),
    async close() {
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return reader
}
