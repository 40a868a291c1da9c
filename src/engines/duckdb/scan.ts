import type { Node } from '../../plan/nodes.ts'
import type { Field } from '../../plan/types.ts'
import { file, quote, sqlLiteral, sqlType } from './sql/names.ts'

/** An instant of a file is read by its µs, which is ten times as fast as a cast through the session's time zone. */
const readAs = (column: string, f: Field): string =>
  f.type === 'timestamp' ? `make_timestamp(epoch_us(${column}))` : `CAST(${column} AS ${sqlType(f.type)})`

/** A scan of files or of literal rows. */
export function lowerScan(n: Extract<Node, { op: 'scan' }>): string {
  if (n.from.kind === 'parquet') {
    const columns = n.schema.map((f) => `${readAs(quote(f.name), f)} AS ${quote(f.name)}`)
    return `SELECT ${columns.join(', ')} FROM read_parquet([${n.from.files.map(file).join(', ')}], hive_partitioning = false)`
  }
  const rows = n.from.kind === 'rows' ? n.from.rows : []
  const empty = `SELECT ${n.schema.map((f) => `CAST(NULL AS ${sqlType(f.type)}) AS ${quote(f.name)}`).join(', ')}`
  if (rows.length === 0) return `${empty} WHERE FALSE`
  const values = rows.map((row) => `(${n.schema.map((f, i) => sqlLiteral(row[i] ?? null, f.type)).join(', ')})`)
  const columns = n.schema.map((f, i) => `CAST(c${i} AS ${sqlType(f.type)}) AS ${quote(f.name)}`)
  return `SELECT ${columns.join(', ')} FROM (VALUES ${values.join(', ')}) AS literal(${n.schema.map((_, i) => `c${i}`).join(', ')})`
}
