import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { ipcStream } from '../../../engines/arrow/index.ts'
import { quote, text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import { createLedger } from '../../../engines/ledger.ts'
import { type Field, isDecimal, isFloat, typeName } from '../../../plan/types.ts'
import type { Connector, WriteRequest } from '../connector.ts'

type Write = NonNullable<Connector['write']>
type WriteContext = Parameters<Write>[1]

async function copied(
  { sql, schema }: WriteRequest,
  cell: (f: Field) => string,
  how: string,
  ctx: WriteContext,
): Promise<number> {
  const cells = schema.map((f) => `${cell(f)} AS ${quote(f.name)}`)
  const [written] = await ctx.query(`COPY (SELECT ${cells.join(', ')} FROM (${sql})) ${how}`)
  const rows = Number(written?.['Count'] ?? 0)
  ctx.progress({ done: rows, total: rows, unit: 'rows' })
  return rows
}

const nested = (f: Field): boolean => typeof f.type === 'object' && !isDecimal(f.type)

/** As the CSV connector reads it: times with their zone, null an empty cell, text between quotes. */
export const writeCsv: Write = (request, ctx) => {
  const odd = request.schema.find((f) => nested(f) || f.type === 'bytes')
  if (odd)
    throw new GalleyError('SOURCE_SCHEMA', {
      what: `column '${odd.name}' can't be written to a CSV`,
      why: `it is a ${typeName(odd.type)}, and a cell of a CSV is one text`,
      fix: 'leave it out, or write Parquet or JSON',
    })
  const texts = request.schema.filter((f) => f.type === 'string').map((f) => quote(f.name))
  const quoted = texts.length > 0 ? `, FORCE_QUOTE (${texts.join(', ')})` : ''
  const cell = (f: Field) => (f.type === 'timestamp' ? `${quote(f.name)}::VARCHAR || 'Z'` : quote(f.name))
  return copied(request, cell, `TO ${text(request.target)} (FORMAT csv, HEADER true${quoted})`, ctx)
}

/** One object a line. @throws VALUE_INVALID for numbers that JSON has not */
export const writeJson: Write = async (request, ctx) => {
  const floats = request.schema.filter((f) => isFloat(f.type)).map((f) => `NOT isfinite(${quote(f.name)})`)
  if (floats.length > 0) {
    const [found] = await ctx.query(`SELECT count(*) AS n FROM (${request.sql}) WHERE ${floats.join(' OR ')}`)
    if (Number(found?.['n']) > 0)
      throw new GalleyError('VALUE_INVALID', {
        what: `${Number(found?.['n'])} rows can't be written as JSON`,
        why: 'they hold NaN or an infinite number, which JSON has not',
        fix: 'write Parquet or CSV, or leave such rows out',
      })
  }
  const cell = (f: Field) => {
    const c = quote(f.name)
    if (f.type === 'bytes') return `to_base64(${c})`
    if (isDecimal(f.type)) return `${c}::VARCHAR`
    return f.type === 'timestamp' ? `${c}::VARCHAR || 'Z'` : c
  }
  return copied(request, cell, `TO ${text(request.target)} (FORMAT json)`, ctx)
}

export const writeParquet: Write = (request, ctx) => {
  const cell = (f: Field) => (f.type === 'timestamp' ? `${quote(f.name)} AT TIME ZONE 'UTC'` : quote(f.name))
  return copied(request, cell, toParquet(request.target), ctx)
}

/** A stream of Arrow IPC. */
export const writeArrow: Write = async ({ sql, open, target }, ctx) => {
  const [all] = await ctx.query(`SELECT count(*) AS n FROM (${sql})`)
  const relation = await open()
  async function* pieces() {
    for await (const piece of ipcStream(relation, createLedger())) {
      throwIfAborted(ctx.signal)
      yield Buffer.from(piece)
    }
  }
  try {
    await pipeline(Readable.from(pieces()), createWriteStream(target), { signal: ctx.signal })
  } finally {
    relation.close()
  }
  return Number(all?.['n'] ?? 0)
}
