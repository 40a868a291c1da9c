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
    const seen = names.map((): Odd[] => [])
    let n = 0
    let whole = true
    for (const row of rowsOfQuery(db, { query, columns: names, cursor: undefined, since: undefined, path })) {
      if (n++ === rows) {
        whole = false
        break
      }
      for (const [i, v] of row.entries()) if (v !== null) seen[i]?.push({ row: n, value: v })
    }
    const looked = Math.min(n, rows)
    const broken = new Set<number>()
    const columns = names.map((name, i): FoundColumn => {
      const values = seen[i] ?? []
      const examples = [...new Set(values.slice(0, 100).map((v) => String(v.value)))].slice(0, EXAMPLES)
      const { odd, ...judged } = judge(values)
      for (const { row } of odd) broken.add(row)
      return { name, values: values.length, missing: looked - values.length, examples, ...judged }
    })
    return { connector: 'sqlite', columns, rows: looked, whole, broken: broken.size, options: { from: String(from) } }
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

/** A value that is not of the type which is proposed for its column, and the row that has it, from 1. */
interface Odd {
  readonly row: number
  readonly value: SqliteValue
}

/** Classes of values that a type takes, the narrowest first; TEXT may be times. */
const TYPES: readonly (readonly [type: TypeName, classes: readonly string[], called: string])[] = [
  ['int64', ['an INTEGER'], 'INTEGER'],
  ['float64', ['an INTEGER', 'a REAL'], 'numbers'],
  ['string', ['TEXT'], 'TEXT'],
  ['bytes', ['a BLOB'], 'BLOBs'],
]
/** Of texts, the share that may be something else where the others are told to be times. */
const FEW = 0.05

const shown = (v: SqliteValue): string =>
  v instanceof Uint8Array
    ? `a BLOB of ${number(v.length)} bytes`
    : `${JSON.stringify(String(v).slice(0, 40))} (${classOf(v).replace(/^an? /, '')})`
const number = (n: number): string => n.toLocaleString('en-US')

/** The type that takes most values, and those that it does not take, which a run would stop at. */
function judge(values: readonly Odd[]): Pick<FoundColumn, 'type' | 'evidence'> & { readonly odd: readonly Odd[] } {
  if (values.length === 0) return { type: 'string', evidence: 'no value to tell a type from', odd: [] }
  const counts = new Map<string, number>()
  for (const { value } of values) counts.set(classOf(value), (counts.get(classOf(value)) ?? 0) + 1)
  const taken = (classes: readonly string[]) => classes.reduce((n, c) => n + (counts.get(c) ?? 0), 0)
  const [type, classes, called] = TYPES.reduce((a, b) => (taken(b[1]) > taken(a[1]) ? b : a))
  const odd = values.filter(({ value }) => !classes.includes(classOf(value)))
  const all = (what: string) => `all ${number(values.length)} values are ${what}`
  const but = (what: string, [first, ...others]: readonly Odd[]) =>
    `${number(values.length - 1 - others.length)} of ${number(values.length)} values are ${what}, but row ${number(first?.row ?? 0)} has ${shown(first?.value ?? null)}${others.length > 0 ? `, and ${number(others.length)} more such` : ''}`
  if (odd.length > 0)
    return { type, evidence: `${but(called, odd)}: a run stops there, or sets it aside (broken: 'skip')`, odd }
  if (type !== 'string') return { type, evidence: all(called), odd }
  const times = TIMES.map((t) => [t, values.filter(({ value }) => !('text' in cellOf(value, t)))] as const)
  const time = times.find(([, others]) => others.length === 0)
  if (time) return { type: time[0], evidence: all('times'), odd }
  const near = times.find(([, others]) => others.length <= FEW * values.length)
  return { type, evidence: near ? `${all('TEXT')}; ${but(`a ${near[0]}`, near[1])}` : all('TEXT'), odd }
}
