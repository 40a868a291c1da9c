import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import { isDecimal, type Type } from '../../plan/types.ts'
import type { ConnectorContext } from './connector.ts'

/** A row's cells as text: integers and times (days, µs) by their digits, floats as JavaScript writes them, bytes as base64. */
export type Cells = readonly (string | null)[]

export interface TypedColumn {
  readonly name: string
  readonly type: Type
}

/** Rows between two looks at the signal, and two reports. */
const EVERY = 4096

/**
 * Writes rows that JavaScript has, whatever they come from, as one Parquet file, in their order and in bounded memory.
 * Gives how many there were. @throws CANCELLED
 */
export async function writeRows(
  rows: Iterable<Cells> | AsyncIterable<Cells>,
  columns: readonly TypedColumn[],
  target: string,
  ctx: Pick<ConnectorContext, 'query' | 'signal' | 'progress'>,
  total?: number,
): Promise<number> {
  const temp = `${target}.rows`
  const keys = columns.map((_, i) => `"c${i}":`)
  let count = 0
  /** Bytes of the longest row, at most. */
  let longest = 0
  async function* lines() {
    let block = ''
    for await (const row of rows) {
      let line = ''
      for (let i = 0; i < keys.length; i++) {
        const cell = row[i]
        if (cell !== null && cell !== undefined) line += `${line === '' ? '' : ','}${keys[i]}${JSON.stringify(cell)}`
      }
      block += `{${line}}\n`
      longest = Math.max(longest, line.length * 3 + 4)
      if (++count % EVERY === 0) {
        throwIfAborted(ctx.signal)
        ctx.progress({ done: count, ...(total === undefined ? {} : { total }), unit: 'rows' })
        yield block
        block = ''
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    if (block !== '') yield block
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(temp), { signal: ctx.signal })
    const typed = columns.map((c, i) => `${fromText(`c${i}`, c.type)} AS ${quote(c.name)}`)
    const none = columns.map((c) => `NULL::${sqlType(c.type)} AS ${quote(c.name)}`)
    const texts = columns.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')
    const read = `read_json(${file(temp)}, format = 'newline_delimited', columns = {${texts}}, compression = 'uncompressed', maximum_object_size = ${Math.max(LEAST_ROW, longest)}, hive_partitioning = false)`
    const select = count === 0 ? `SELECT ${none.join(', ')} WHERE FALSE` : `SELECT ${typed.join(', ')} FROM ${read}`
    await ctx.query(`COPY (${select}) ${toParquet(target)}`)
    return count
  } catch (cause) {
    throwIfAborted(ctx.signal)
    throw cause
  } finally {
    await rm(temp, { force: true })
  }
}

/** Bytes that the reader has room for in a row, at least: it takes twice as much memory a thread. */
const LEAST_ROW = 1 << 20

function fromText(c: string, type: Type): string {
  if (type === 'string') return c
  if (type === 'bytes') return `from_base64(${c})`
  if (type === 'date') return `(DATE '1970-01-01' + ${c}::INTEGER)`
  if (type === 'timestamp' || type === 'local timestamp') return `make_timestamp(${c}::BIGINT)`
  if (isDecimal(type)) return `${c}::${sqlType(type)}`
  return `${c}::${sqlType(type)}`
}
