import { throwIfAborted } from '../../../base/errors.ts'
import { quote } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, isFloat, isInteger, type Type } from '../../../plan/types.ts'
import type { Connector } from '../connector.ts'

const PAGE = 10_000

/** What SQLite is told of a type: a STRICT table takes nothing else. */
function classFor(type: Type): string {
  if (isInteger(type) || type === 'duration' || type === 'bool') return 'INTEGER'
  if (isFloat(type)) return 'REAL'
  return type === 'bytes' ? 'BLOB' : 'TEXT'
}

/** A new file with one STRICT table, `data` unless the option `table` names another. */
export const writeSqlite: NonNullable<Connector['write']> = async ({ sql, schema, target, options }, ctx) => {
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(target)
  try {
    const table = quote(typeof options['table'] === 'string' ? options['table'] : 'data')
    db.exec(
      `PRAGMA synchronous = FULL; BEGIN; CREATE TABLE ${table} (${schema.map((f) => `${quote(f.name)} ${classFor(f.type)}`).join(', ')}) STRICT`,
    )
    const insert = db.prepare(`INSERT INTO ${table} VALUES (${schema.map(() => '?').join(', ')})`)
    const cells = schema.map((f) => {
      const c = quote(f.name)
      if (f.type === 'bytes') return `to_base64(${c}) AS ${c}`
      if (f.type === 'timestamp') return `${c}::VARCHAR || 'Z' AS ${c}`
      return f.type === 'bool'
        ? `${c}::INTEGER AS ${c}`
        : isDecimal(f.type)
          ? `${c}::VARCHAR AS ${c}`
          : `${c}::VARCHAR AS ${c}`
    })
    await ctx.query(
      `CREATE OR REPLACE TEMP TABLE written AS SELECT row_number() OVER () AS n, ${cells.map((c, i) => c.replace(/ AS .*$/s, ` AS c${i}`)).join(', ')} FROM (${sql})`,
    )
    let rows = 0
    for (;;) {
      throwIfAborted(ctx.signal)
      const page = await ctx.query(`SELECT * FROM written WHERE n > ${rows} ORDER BY n LIMIT ${PAGE}`)
      for (const row of page) insert.run(...schema.map((f, i) => bound(row[`c${i}`], f.type)))
      rows += page.length
      ctx.progress({ done: rows, unit: 'rows' })
      if (page.length < PAGE) break
    }
    await ctx.query('DROP TABLE written')
    db.exec('COMMIT')
    return rows
  } finally {
    db.close()
  }
}

function bound(value: unknown, type: Type): null | bigint | number | string | Uint8Array {
  if (value === null || value === undefined) return null
  const text = String(value)
  if (type === 'bytes') return Buffer.from(text, 'base64')
  if (isInteger(type) || type === 'duration' || type === 'bool') return BigInt(text)
  if (isFloat(type))
    return text === 'inf' ? Number.POSITIVE_INFINITY : text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
  return text
}
