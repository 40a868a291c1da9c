import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll } from 'vitest'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import { arrow, arrowConnector } from './arrow.ts'
import type { Query } from './conformance.ts'
import { connectorConformance } from './conformance.ts'
import { csv, csvConnector } from './csv.ts'
import { folder, folderConnector } from './folder.ts'
import { json, jsonConnector } from './json.ts'
import { parquet, parquetConnector } from './parquet.ts'
import { sqlite, sqliteConnector } from './sqlite.ts'
import { type Cells, type Columns, objects } from './testing/rows.ts'
import { exportTable } from './write/export.ts'

const cell = (text: string | null) =>
  text === null ? '' : /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

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
  write: parquetOf,
})

async function parquetOf(path: string, columns: Columns, rows: Cells, query: Query): Promise<void> {
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
}

connectorConformance('folder', {
  connector: folderConnector,
  place: (name, at) => join(at, name, '*.csv'),
  spec: (path, columns) => folder(path, csv, columns, { settle: 0 }),
  async write(path, columns, rows) {
    mkdirSync(dirname(path), { recursive: true })
    for (const [i, part] of [rows.slice(0, 2), rows.slice(2)].entries()) {
      if (part.length === 0) continue
      const lines = [Object.keys(columns), ...part].map((r) => r.map(cell).join(','))
      writeFileSync(join(dirname(path), `part ${i}.csv`), `${lines.join('\n')}\n`)
    }
  },
})
connectorConformance('sqlite', {
  connector: sqliteConnector,
  ending: '.sqlite',
  spec: (path, columns) => sqlite(path, 'some "rows"', columns),
  async write(path, columns, rows) {
    const db = new DatabaseSync(path)
    const entries = Object.entries(columns)
    db.exec(`CREATE TABLE "some ""rows""" (${entries.map(([name]) => quote(name)).join(', ')})`)
    const insert = db.prepare(`INSERT INTO "some ""rows""" VALUES (${entries.map(() => '?').join(', ')})`)
    const bound = (v: string | null, type: TypeName) => {
      if (v === null || type === 'string') return v
      if (type === 'int64' || type === 'int32') return BigInt(v)
      return type === 'float64' ? Number(v) : type === 'bool' ? BigInt(v === 'true') : v
    }
    db.exec('BEGIN')
    for (const row of rows) insert.run(...entries.map(([, type], i) => bound(row[i] ?? null, type)))
    db.exec('COMMIT')
    db.close()
  },
})

const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: mkdtempSync(join(tmpdir(), 'galley-arrow-')) })
afterAll(() => engine.close())
connectorConformance('arrow', {
  connector: arrowConnector,
  ending: '.arrow',
  spec: arrow,
  async write(path, columns, rows, query) {
    const at = `${path}.parquet`
    const schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
    await parquetOf(at, columns, rows, query)
    await exportTable({ files: [at], schema }, { path, kind: 'arrow', overwrite: true }, engine, testContext())
    rmSync(at)
  },
})
