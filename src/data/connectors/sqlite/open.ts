import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { GalleyError } from '../../../base/errors.ts'
import type { Json } from '../../../base/json.ts'
import { quote } from '../../../engines/duckdb/sql/names.ts'

/** What SQLite gives: integers as bigint, reals as number, text, blobs, null. */
export type SqliteValue = null | bigint | number | string | Uint8Array

/** A file of SQLite, which is only read. @throws SOURCE_BROKEN */
export async function openSqlite(path: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await import('node:sqlite')
  return told(path, () => {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    try {
      // what a file's own views and defaults may call is what can do no harm; cells are looked at before they are used
      db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON')
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
      const number = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
      // what is missing at the end of a file would be read as zeros
      const least = number('page_size') * pagesOf(path)
      if (statSync(path).size < least) throw new Error(`it has less than the ${least} bytes that its header says`)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Pages by the file's header; 0 where the header does not say. */
function pagesOf(path: string): number {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(100)
    readSync(file, header, 0, 100, 0)
    return header.readUInt32BE(24) === header.readUInt32BE(92) ? header.readUInt32BE(28) : 0
  } finally {
    closeSync(file)
  }
}

/** Runs what SQLite may refuse, its refusal as an error of the source. @throws SOURCE_BROKEN */
export function told<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof GalleyError) throw cause
    const said = (cause as Error).message
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${path} can't be read as SQLite`,
      why: said,
      fix: /no such table/.test(said)
        ? 'name a table that it has, or write the query'
        : 'check that it is a whole file of SQLite, and the query if there is one',
      cause,
    })
  }
}

/** The query of a source: its own, or all of a table. */
export const queryOf = (from: unknown): string =>
  /^\s*(select|with|values)\b/i.test(String(from)) ? String(from) : `SELECT * FROM ${quote(String(from))}`

export const columnNames = (db: DatabaseSync, query: string, path: string): string[] =>
  told(path, () =>
    db
      .prepare(query)
      .columns()
      .map((c) => c.name),
  )

/** Whether the file keeps text in UTF-8, by whose bytes it is then ordered. */
export const isUtf8 = (db: DatabaseSync, path: string): boolean =>
  told(path, () => (db.prepare('PRAGMA encoding').get() as { encoding?: string }).encoding === 'UTF-8')

/** A query's rows, and how far the cursor came. */
export interface Rows extends Iterable<readonly SqliteValue[]> {
  reached(): Json
}

type Saved = { readonly int: string } | { readonly real: number } | { readonly text: string } | null

export function rowsOfQuery(
  db: DatabaseSync,
  q: {
    query: string
    columns: readonly string[]
    cursor: string | undefined
    since: Json | undefined
    path: string
    /** Which rows are read, as SQL; all where it is not given. */
    where?: string | undefined
  },
): Rows {
  const { cursor } = q
  let last = (q.since ?? null) as Saved
  const names = [...q.columns, ...(cursor === undefined ? [] : [cursor])].map(quote)
  const beyond = cursor !== undefined && last !== null ? `${quote(cursor)} > ?` : ''
  const terms = [beyond, q.where ?? ''].filter((term) => term !== '')
  const where = terms.length > 0 ? ` WHERE ${terms.join(' AND ')}` : ''
  const order = cursor === undefined ? '' : ` ORDER BY ${quote(cursor)}`
  const sql = `SELECT ${names.join(', ')} FROM (${q.query.replace(/;\s*$/, '')})${where}${order}`
  const given: SQLInputValue[] =
    beyond && last !== null ? ['int' in last ? BigInt(last.int) : 'real' in last ? last.real : last.text] : []
  return {
    reached: () => last,
    *[Symbol.iterator]() {
      const statement = told(q.path, () => db.prepare(sql))
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      const rows = statement.iterate(...given) as unknown as Iterator<SqliteValue[]>
      for (;;) {
        const { value, done } = told(q.path, () => rows.next())
        if (done) return
        if (cursor !== undefined) last = saved(value.pop() as SqliteValue) ?? last
        yield value
      }
    },
  }
}

function saved(value: SqliteValue): Saved {
  if (typeof value === 'bigint') return { int: value.toString() }
  if (typeof value === 'number') return { real: value }
  return typeof value === 'string' ? { text: value } : null
}
