import { file, quote } from '../../engines/duckdb/sql/names.ts'
import type { Schema } from '../../plan/types.ts'
import { typeName } from '../../plan/types.ts'
import { specChanges } from '../because.ts'
import type { Output } from '../kind.ts'
import { plural } from '../text.ts'

/** An output whose rows lie in Parquet files, in their order. */
interface Rows extends Output {
  readonly files: readonly string[]
  readonly schema: Schema
  readonly rows: number
}

const hasRows = (o: Output): o is Rows => 'files' in o && 'schema' in o && 'rows' in o

type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** Where two outputs of a step differ first, in words. */
export async function firstDifference(before: Output, now: Output, query: Query): Promise<string> {
  if (hasRows(before) && hasRows(now)) return rowsDiffer(before, now, query)
  const [place] = specChanges(contentOf(before), contentOf(now))
  return place ?? 'its content differs'
}

/** Whether two outputs have the same rows, however they lie in files. */
export async function sameRows(before: Output, now: Output, query: Query): Promise<boolean> {
  if (!hasRows(before) || !hasRows(now) || before.rows !== now.rows) return false
  const columns = before.schema.map((f) => quote(f.name)).join(', ')
  if (columns !== now.schema.map((f) => quote(f.name)).join(', ')) return false
  const [row] = await query(`SELECT count(*) AS n FROM (SELECT ${columns} FROM ${filesOf(before)} EXCEPT ALL SELECT ${columns} FROM ${filesOf(now)})`) // biome-ignore format: one line
  return Number(row?.['n']) === 0
}

const filesOf = ({ files }: Rows): string =>
  `read_parquet([${files.map(file).join(', ')}], hive_partitioning = false, union_by_name = true)`

/** What an output says beside where it lies and what it is named by. */
function contentOf(o: Output): object {
  const { hash: _, ...rest } = o as Output & Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !PLACES.has(key)))
}
const PLACES: ReadonlySet<string> = new Set(['path', 'folder', 'files', 'kept', 'blob', 'report', 'profile', 'version'])

async function rowsDiffer(before: Rows, now: Rows, query: Query): Promise<string> {
  const columns = (o: Rows) => o.schema.map((f) => `${f.name}: ${typeName(f.type)}`).join(', ')
  if (columns(before) !== columns(now)) return `its columns were ${columns(before)}, and are ${columns(now)}`
  const differing = before.schema.map((f) => `a.${quote(f.name)} IS DISTINCT FROM b.${quote(f.name)}`)
  const cells = before.schema.map((f, i) => `${differing[i]} AS d${i}, a.${quote(f.name)}::VARCHAR AS x${i}, b.${quote(f.name)}::VARCHAR AS y${i}`) // biome-ignore format: one line
  const [row] = await query(
    `SELECT n, ${cells.map((_, i) => `d${i}, x${i}, y${i}`).join(', ')} FROM (
      SELECT row_number() OVER () AS n, ${cells.join(', ')} FROM ${filesOf(before)} a POSITIONAL JOIN ${filesOf(now)} b)
    WHERE ${cells.map((_, i) => `d${i}`).join(' OR ')} ORDER BY n LIMIT 1`,
  )
  const counts = before.rows === now.rows ? '' : `${plural(before.rows, 'row')} then, ${plural(now.rows, 'row')} now; `
  const at = row && before.schema.findIndex((_, i) => row[`d${i}`] === true)
  if (!row || at === undefined || at < 0) return counts === '' ? 'the same rows in other bytes' : counts.slice(0, -2)
  const said = (x: unknown) => (x === null ? 'null' : String(x))
  return `${counts}first in row ${Number(row['n']).toLocaleString('en-US')}, column '${before.schema[at]?.name}': ${said(row[`x${at}`])} → ${said(row[`y${at}`])}`
}
