import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DatabasePool, openDatabase } from './database.ts'
import { sql } from './drizzle.ts'
import { migrate, migrations } from './migrate.ts'
import { joinServer, type ServerShare } from './postgres/server.ts'
import * as approvals from './schema/approvals.ts'
import * as artifacts from './schema/artifacts.ts'
import * as branches from './schema/branches.ts'
import * as cache from './schema/cache.ts'
import * as calendars from './schema/calendars.ts'
import * as datasets from './schema/datasets.ts'
import * as endpoints from './schema/endpoints.ts'
import * as events from './schema/events.ts'
import * as forgettings from './schema/forgettings.ts'
import * as jobs from './schema/jobs.ts'
import * as lines from './schema/lines.ts'
import * as models from './schema/models.ts'
import * as poolTable from './schema/pools.ts'
import * as quality from './schema/quality.ts'
import * as runs from './schema/runs.ts'
import * as schedules from './schema/schedules.ts'
import * as sources from './schema/sources.ts'
import * as steps from './schema/steps.ts'
import * as suppressions from './schema/suppressions.ts'
import * as windows from './schema/windows.ts'
import * as workspaces from './schema/workspaces.ts'
import { openStore } from './store.ts'

const { getTableConfig } = createRequire(import.meta.url)('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')

let folder: string
let server: ServerShare
let pools: DatabasePool[]
let names = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'galley-migrate-'))
  server = await joinServer(folder, join(folder, 'log'))
  pools = []
})
afterAll(async () => {
  for (const pool of pools) await pool.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The connection to a new, empty database. */
async function emptyDatabase(): Promise<pg.PoolConfig> {
  const client = new pg.Client({ ...server.connection })
  await client.connect()
  const database = `test${names++}`
  await client.query(`create database ${database}`)
  await client.end()
  return { ...server.connection, database }
}

function pool(connection: pg.PoolConfig): DatabasePool {
  const opened = openDatabase({ connection, now: () => 0 })
  pools.push(opened)
  return opened
}

describe('migrations', () => {
  it('make exactly the columns that the accessors know', async () => {
    const database = pool(await emptyDatabase())
    await migrate(database)
    const { rows } = await database.read('columns', (q) =>
      q.execute<{ table_name: string; column_name: string; data_type: string; is_nullable: string }>(
        sql`select table_name, column_name, data_type, is_nullable from information_schema.columns
            where table_schema = 'public' order by 1, ordinal_position`,
      ),
    )
    const there = rows
      .filter((row) => !['galley_migrations', 'counters'].includes(row.table_name))
      .map((row) => `${row.table_name}.${row.column_name} ${row.data_type} ${row.is_nullable}`)
    const rooms = [
      approvals,
      artifacts,
      branches,
      cache,
      calendars,
      datasets,
      endpoints,
      events,
      forgettings,
      jobs,
      lines,
      models,
      poolTable,
      quality,
      runs,
      schedules,
      sources,
      steps,
      suppressions,
      windows,
      workspaces,
    ]
    const tables = rooms.flatMap((room) => Object.values(room) as PgTable[])
    const known = tables.flatMap((table) => {
      const { name, columns } = getTableConfig(table)
      return columns.map((column) => {
        const type = column
          .getSQLType()
          .replace('timestamp(3)', 'timestamp')
          .replace('bigserial', 'bigint')
          .replace('text[]', 'ARRAY')
        return `${name}.${column.name} ${type} ${column.notNull ? 'NO' : 'YES'}`
      })
    })
    expect(known.sort()).toEqual(there.sort())
  })

  it('run once when many processes begin at the same time', async () => {
    const connection = await emptyDatabase()
    await Promise.all(Array.from({ length: 5 }, () => migrate(pool(connection))))
    const { rows } = await pool(connection).read('list', (q) => q.execute(sql`select name from galley_migrations`))
    expect(rows.length).toBe(migrations().length)
  })

  it('go forward, each in turn, and undo all when one fails', async () => {
    const database = pool(await emptyDatabase())
    await migrate(database)
    const next = (text: string) => [...migrations(), { name: '9001_next', text, checksum: text }]
    await expect(migrate(database, next('alter table runs add column x int; select 1/0'))).rejects.toMatchObject({
      code: 'VALUE_INVALID',
    })
    await migrate(database, next('alter table runs add column x int'))
    await migrate(database, next('alter table runs add column x int'))
  })

  it('of a newer release, or changed ones, are refused', async () => {
    const database = pool(await emptyDatabase())
    await migrate(database, [...migrations(), { name: '9001_newer', text: 'select 1', checksum: 'c' }])
    await expect(migrate(database)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER' })
    const changed = [...migrations(), { name: '9001_newer', text: 'select 2', checksum: 'd' }]
    await expect(migrate(database, changed)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })
})

describe('a PostgreSQL server of one’s own', () => {
  it('is used by its URL', async () => {
    const { database, host, user } = await emptyDatabase()
    const home = join(folder, 'home')
    const databaseUrl = `postgres://${user}@/${database}?host=${encodeURIComponent(host ?? '')}`
    const store = await openStore({ home, databaseUrl })
    expect(store.serverPid()).toBeUndefined()
    const scope = { workspace: (await store.workspaces.ensure('default')).id, caller: 'test' }
    expect((await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })).number).toBe(1)
    await store.close()
  })

  it('that is not there is named, without its password', async () => {
    const databaseUrl = 'postgres://someone:hunter2@127.0.0.1:9/x'
    const error = await openStore({ home: join(folder, 'home2'), databaseUrl }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', exit: 4 })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
})
