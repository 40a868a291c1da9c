import { GalleyError } from '../../base/errors.ts'
import type { From, Node } from '../../plan/nodes.ts'
import type { Field, Schema } from '../../plan/types.ts'
import { readCsv } from './sql/csv.ts'
import { file, quote, sqlLiteral, sqlType } from './sql/names.ts'

/** An instant of a file is read by its µs, which is ten times as fast as a cast through the session's time zone. */
const readAs = (column: string, f: Field): string =>
  f.type === 'timestamp' ? `make_timestamp(epoch_us(${column}))` : `CAST(${column} AS ${sqlType(f.type)})`

/** A scan of files or of literal rows. */
export function lowerScan(n: Extract<Node, { op: 'scan' }>): string {
  if (n.from.kind === 'parquet') {
    const columns = n.schema.map((f) => `${readAs(quote(f.name), f)} AS ${quote(f.name)}`)
    // an older file of a dataset may lack a column, or have a narrower one
    const byName = n.from.files.length > 1 ? ', union_by_name = true' : ''
    return `SELECT ${columns.join(', ')} FROM read_parquet([${n.from.files.map(file).join(', ')}], hive_partitioning = false${byName})`
  }
  if (n.from.kind === 'csv') return lowerCsv(n.from, n.schema)
  const rows = n.from.kind === 'rows' ? n.from.rows : []
  const empty = `SELECT ${n.schema.map((f) => `CAST(NULL AS ${sqlType(f.type)}) AS ${quote(f.name)}`).join(', ')}`
  if (rows.length === 0) return `${empty} WHERE FALSE`
  const values = rows.map((row) => `(${n.schema.map((f, i) => sqlLiteral(row[i] ?? null, f.type)).join(', ')})`)
  const columns = n.schema.map((f, i) => `CAST(c${i} AS ${sqlType(f.type)}) AS ${quote(f.name)}`)
  return `SELECT ${columns.join(', ')} FROM (VALUES ${values.join(', ')}) AS literal(${n.schema.map((_, i) => `c${i}`).join(', ')})`
}

/** A CSV in place. @throws PLAN_INVALID for a column without a place */
function lowerCsv(from: Extract<From, { kind: 'csv' }>, schema: Schema): string {
  const places = new Map(from.places)
  const types = new Map<number, string>()
  const columns = schema.map((f) => {
    const place = places.get(f.name)
    if (place === undefined || place >= from.cells)
      throw new GalleyError('PLAN_INVALID', {
        what: `column '${f.name}' of ${from.file} has no place among its ${from.cells} cells`,
        why: 'a scan of a CSV names the place of each of its columns',
        fix: 'add it to the places of the scan',
      })
    types.set(place, sqlType(f.type))
    return `c${place} AS ${quote(f.name)}`
  })
  return `SELECT ${columns.join(', ')} FROM ${readCsv(from, types)}`
}
