import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GalleyError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { Database, Queries } from './database.ts'
import { sql } from './drizzle.ts'

interface Migration {
  readonly name: string
  readonly text: string
  readonly checksum: string
}

/** Any number that nothing else locks. */
const LOCK = 7_264_253

/** The migrations of this release, in order. They only go forward, and one that was released never changes. */
export function migrations(folder: string = join(import.meta.dirname, 'migrations')): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      return { name: file.slice(0, -4), text, checksum: sha256(text) }
    })
}

/**
 * Brings the database to this release's tables: one process at a time, all in one transaction.
 * @throws STORE_FORMAT_NEWER when a newer release has been there, STORE_CORRUPT when an applied migration was changed
 */
export async function migrate(database: Database, wanted: readonly Migration[] = migrations()): Promise<void> {
  const [there] = await database.read('the migrations could not be read', (q) =>
    q
      .execute<{ found: boolean }>(sql`select to_regclass('galley_migrations') is not null as found`)
      .then((r) => r.rows),
  )
  if (there?.found) {
    const done = await database.read('the migrations could not be read', applied)
    if (outstanding(done, wanted).length === 0) return
  }
  await database.write('the database could not be migrated', async (q) => {
    await q.execute(sql`select pg_advisory_xact_lock(${LOCK})`)
    await q.execute(sql`create table if not exists galley_migrations (
      name text primary key, checksum text not null, applied timestamptz not null default now())`)
    for (const migration of outstanding(await applied(q), wanted)) {
      await q.execute(sql.raw(migration.text))
      await q.execute(
        sql`insert into galley_migrations (name, checksum) values (${migration.name}, ${migration.checksum})`,
      )
    }
  })
}

async function applied(q: Queries): Promise<Map<string, string>> {
  const { rows } = await q.execute<{ name: string; checksum: string }>(
    sql`select name, checksum from galley_migrations`,
  )
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

function outstanding(done: ReadonlyMap<string, string>, wanted: readonly Migration[]): Migration[] {
  const known = new Set(wanted.map((migration) => migration.name))
  const strange = [...done.keys()].filter((name) => !known.has(name))
  if (strange.length > 0)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: 'the database was written by a newer Galley',
      why: `it has the migrations ${strange.join(', ')}, which this release does not know`,
      fix: 'use the newer release, or another data folder or database',
      details: { found: strange },
    })
  const changed = wanted.find(({ name, checksum }) => done.has(name) && done.get(name) !== checksum)
  if (changed)
    throw new GalleyError('STORE_CORRUPT', {
      what: `the migration ${changed.name} is not the one that was applied`,
      why: 'its checksum differs',
      fix: 'restore the file as it was released; a change of tables is a new migration',
    })
  return wanted.filter(({ name }) => !done.has(name))
}
