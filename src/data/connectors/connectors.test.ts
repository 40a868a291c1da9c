import { writeFileSync } from 'node:fs'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import { connectorConformance, type Tried } from './conformance.ts'
import { csv, csvConnector } from './csv.ts'
import { json, jsonConnector } from './json.ts'
import { parquet, parquetConnector } from './parquet.ts'

const cell = (text: string | null) =>
  text === null ? '' : /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
const BARE: readonly TypeName[] = ['int32', 'int64', 'float64', 'bool']
const objects = (columns: Readonly<Record<string, TypeName>>, rows: Parameters<Tried['write']>[2]) =>
  rows.map((row) => {
    const fields = Object.entries(columns).map(([name, type], i) => {
      const value = row[i] ?? null
      return `${JSON.stringify(name)}: ${value !== null && BARE.includes(type) ? value : JSON.stringify(value)}`
    })
    return `{${fields.join(', ')}}`
  })

connectorConformance('csv', {
  connector: csvConnector,
  ending: '.csv',
  spec: csv,
  async write(path, columns, rows) {
    const lines = [Object.keys(columns), ...rows].map((r) => r.map(cell).join(','))
    writeFileSync(path, `${lines.join('\n')}\n`)
  },
})
connectorConformance('json lines', {
  connector: jsonConnector,
  ending: '.jsonl',
  spec: json,
  async write(path, columns, rows) {
    writeFileSync(path, `${objects(columns, rows).join('\n')}\n`)
  },
})
connectorConformance('json array', {
  connector: jsonConnector,
  ending: '.json',
  spec: json,
  async write(path, columns, rows) {
    writeFileSync(path, `[${objects(columns, rows).join(',\n ')}]\n`)
  },
})
connectorConformance('parquet', {
  connector: parquetConnector,
  ending: '.parquet',
  spec: parquet,
  async write(path, columns, rows, query) {
    const entries = Object.entries(columns)
    const literal = (v: string | null) => (v === null ? 'NULL' : `'${v.replaceAll("'", "''")}'`)
    const typed = entries.map(([name, type], i) => {
      const sql = type === 'timestamp' ? 'TIMESTAMPTZ' : sqlType(parseType(type))
      return `c${i}::VARCHAR::${sql} AS ${quote(name)}`
    })
    const cells = rows.map((row) => `(${entries.map((_, i) => literal(row[i] ?? null)).join(', ')})`)
    const table = `(VALUES ${cells.join(', ')}) AS t(${entries.map((_, i) => `c${i}`).join(', ')})`
    await query(
      `COPY (SELECT ${typed.join(', ')} FROM ${table}) TO ${file(path).replaceAll(/\[(.)\]/g, '$1')} (FORMAT parquet)`,
    )
  },
})
