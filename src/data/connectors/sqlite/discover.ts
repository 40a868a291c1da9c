import { GalleyError } from '../../../base/errors.ts'
import type { TypeName } from '../../../plan/types.ts'
import type { DiscoverContext, Discovery, FoundColumn } from '../connector.ts'
import { requireFile } from '../files.ts'
import { columnNames, openSqlite, queryOf, rowsOfQuery, type SqliteValue, told } from './open.ts'
import { cellOf, classOf } from './values.ts'

const EXAMPLES = 3
const TIMES = ['date', 'local timestamp', 'timestamp'] as const

/** What a table of SQLite holds, told from the values that are there: declared types bind nobody. */
export async function discoverSqlite(path: string, rows: number, ctx: DiscoverContext): Promise<Discovery> {
  await requireFile(path)
  const db = await openSqlite(path)
  try {
    const from = ctx.options?.['from'] ?? onlyTable(path, db)
    const query = queryOf(from)
    const names = columnNames(db, query, path)
    const seen = names.map((): SqliteValue[] => [])
    let n = 0
    let whole = true
    for (const row of rowsOfQuery(db, { query, columns: names, cursor: undefined, since: undefined, path })) {
      if (n++ === rows) {
        whole = false
        break
      }
      for (const [i, v] of row.entries()) if (v !== null) seen[i]?.push(v)
    }
    const looked = Math.min(n, rows)
    const columns = names.map((name, i): FoundColumn => {
      const values = seen[i] ?? []
      const examples = [...new Set(values.slice(0, 100).map(String))].slice(0, EXAMPLES)
      return { name, values: values.length, missing: looked - values.length, examples, ...judge(values) }
    })
    return { connector: 'sqlite', columns, rows: looked, whole, broken: 0, options: { from: String(from) } }
  } finally {
    db.close()
  }
}

function onlyTable(path: string, db: Awaited<ReturnType<typeof openSqlite>>): string {
  const found = told(path, () =>
    db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all(),
  )
  const names = found.map((r) => String(r['name']))
  if (names.length === 1) return names[0] as string
  throw new GalleyError('SOURCE_MISSING', {
    what: `${path} has ${names.length === 0 ? 'no table' : `${names.length} tables`}`,
    why: names.length === 0 ? 'nothing was written to it yet' : `they are ${names.join(', ')}`,
    fix: names.length === 0 ? 'name another file' : 'name one of them',
  })
}

function judge(values: readonly SqliteValue[]): { type: TypeName; evidence: string } {
  const all = `all ${values.length.toLocaleString('en-US')} values are`
  const classes = [...new Set(values.map(classOf))].sort()
  const only = classes.join()
  if (values.length === 0) return { type: 'string', evidence: 'no value to tell a type from' }
  if (only === 'an INTEGER') return { type: 'int64', evidence: `${all} INTEGER` }
  if (only === 'a REAL' || only === 'a REAL,an INTEGER') return { type: 'float64', evidence: `${all} numbers` }
  if (only === 'a BLOB') return { type: 'bytes', evidence: `${all} BLOBs` }
  if (only !== 'TEXT')
    return { type: 'string', evidence: `of several kinds (${classes.join(', ')}): what is no text is refused` }
  const time = TIMES.find((t) => values.every((v) => 'text' in cellOf(v, t)))
  return time ? { type: time, evidence: `${all} times` } : { type: 'string', evidence: `${all} TEXT` }
}
