import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { GalleyError } from '../../../base/errors.ts'
import { quote, text } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, type Schema, type Type, typeName } from '../../../plan/types.ts'
import type { WriteContext, WriteRequest } from '../connector.ts'
import { withServer } from './connect.ts'
import { EngineError } from './failure.ts'
import { ident, literal } from './table.ts'

/** Batches that were written, beside the tables that they were written to. */
const BATCHES = '_galley_batches'
const CHUNK = 1 << 18

const TYPES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int32: 'integer',
  int64: 'bigint',
  float32: 'real',
  float64: 'double precision',
  string: 'text',
  bytes: 'bytea',
  date: 'date',
  timestamp: 'timestamptz',
  'local timestamp': 'timestamp',
  duration: 'bigint',
}

/** @throws SOURCE_SCHEMA for lists and structs */
function pgType(name: string, type: Type): string {
  if (isDecimal(type)) return `numeric(${type.decimal.join(', ')})`
  const own = typeof type === 'string' ? TYPES[type] : undefined
  if (own) return own
  throw new GalleyError('SOURCE_SCHEMA', {
    what: `column '${name}' can't be written to PostgreSQL`,
    why: `it is a ${typeName(type)}`,
    fix: 'write what it is made of as columns of their own, or as text',
    details: { column: name },
  })
}

/**
 * Writes rows into the table `target`, in one transaction: all of them are there afterwards, or none. With `mode: 'append'` they
 * are added, otherwise they take the place of those before, in a table of the same columns, indexes and constraints. A `batch` that was
 * written before is not written again. Gives the rows written.
 * @throws SOURCE_SCHEMA, SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_BROKEN, CANCELLED
 */
export async function writeTable({ sql, schema, target, options }: WriteRequest, ctx: WriteContext): Promise<number> {
  const columns = schema.map((f) => `${ident(f.name)} ${pgType(f.name, f.type)}`).join(', ')
  const draft = await ctx.temp()
  try {
    return await withServer(options, ctx, async (session) => {
      const client = await session.open()
      const place = typeof options['schema'] === 'string' ? options['schema'] : 'public'
      const name = (table: string) => `${ident(place)}.${ident(table)}`
      await client.query('BEGIN')
      // one writer of a table at a time: two with the same batch must not both find it missing
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`galley ${place} ${target}`])
      const batch = typeof options['batch'] === 'string' ? options['batch'] : undefined
      const before = batch === undefined ? undefined : await written(client, name(BATCHES), target, batch)
      if (before !== undefined) return before
      await ctx.query(csvOf(sql, schema, draft)).catch((cause) => Promise.reject(new EngineError('', { cause })))
      const rows =
        options['mode'] === 'append'
          ? await append(client, name(target), columns, schema, draft, ctx)
          : await replace(client, { place, target, name }, columns, schema, draft, ctx)
      if (batch !== undefined)
        await client.query(`INSERT INTO ${name(BATCHES)} VALUES ($1, $2, $3, now())`, [target, batch, rows])
      await client.query('COMMIT')
      return rows
    })
  } finally {
    await rm(draft, { force: true })
  }
}

async function written(client: pg.Client, table: string, target: string, batch: string): Promise<number | undefined> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`galley ${table}`])
  await client.query(`CREATE TABLE IF NOT EXISTS ${table} ("table" text, batch text, rows bigint, at timestamptz, PRIMARY KEY ("table", batch))`) // biome-ignore format: one line
  const found = await client.query(`SELECT rows FROM ${table} WHERE "table" = $1 AND batch = $2`, [target, batch])
  const [row] = found.rows as [{ rows: string }?]
  return row && Number(row.rows)
}

async function append(
  client: pg.Client,
  table: string,
  columns: string,
  schema: Schema,
  draft: string,
  ctx: WriteContext,
): Promise<number> {
  await client.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns})`)
  return copyIn(client, table, schema, draft, ctx)
}

/** The rows are written beside the table, and then have its name. */
async function replace(
  client: pg.Client,
  at: { place: string; target: string; name(table: string): string },
  columns: string,
  schema: Schema,
  draft: string,
  ctx: WriteContext,
): Promise<number> {
  const [old, staging] = [at.name(at.target), '_galley_staging']
  const found = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [old])
  const { there } = found.rows[0] as { there: boolean }
  // another table's writer may use the name at the same time
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`galley ${at.place} staging`])
  await client.query(`CREATE TABLE ${at.name(staging)} (${there ? `LIKE ${old} INCLUDING ALL` : columns})`)
  const rows = await copyIn(client, at.name(staging), schema, draft, ctx)
  if (there) await client.query(`DROP TABLE ${old}`)
  await client.query(`ALTER TABLE ${at.name(staging)} RENAME TO ${ident(at.target)}`)
  return rows
}

/** A query's rows as the server reads them. Text is quoted throughout: what looks like null is text. */
function csvOf(sql: string, schema: Schema, draft: string): string {
  const values = schema.map(({ name, type }) =>
    type === 'bytes' ? `'\\x' || hex(${quote(name)}) AS ${quote(name)}` : quote(name),
  )
  const texts = schema.filter((f) => f.type === 'string').map((f) => quote(f.name))
  const quoted = texts.length > 0 ? `, FORCE_QUOTE (${texts.join(', ')})` : ''
  return `COPY (SELECT ${values.join(', ')} FROM (${sql})) TO ${text(draft)} (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '\\N'${quoted})`
}

async function copyIn(
  client: pg.Client,
  table: string,
  schema: Schema,
  draft: string,
  ctx: WriteContext,
): Promise<number> {
  const names = schema.map((f) => ident(f.name)).join(', ')
  const { from } = await import('pg-copy-streams')
  const to = client.query(from(`COPY ${table} (${names}) FROM STDIN (FORMAT csv, NULL ${literal('\\N')})`))
  let done = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length
      ctx.progress({ done, unit: 'bytes' })
      next(null, chunk)
    },
  })
  await pipeline(createReadStream(draft, { highWaterMark: CHUNK }), counted, to, { signal: ctx.signal })
  return to.rowCount
}
