import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { Field, Schema } from '../../plan/types.ts'
import type { Batch, Column } from '../batch.ts'
import { nestedValues } from './nested.ts'
import { fixedOf, stringsOf, validityOf, widthOf } from './raw.ts'
import type { StringCache } from './strings.ts'

/**
 * DuckDB's chunks as batches. The library gives the bytes of a vector as a copy of its own: fixed-width columns are views
 * of it, strings become dictionary codes.
 */
export function batchOfChunk(chunk: DuckDBDataChunk, schema: Schema, strings: StringCache): Batch {
  const rows = chunk.rowCount
  return { schema, rows, columns: schema.map((field, i) => columnOfVector(chunk, i, rows, field, strings)) }
}

/** Bytes that a result may take to be fetched whole. */
const WHOLE_BYTES = 64 * 2 ** 20

/** Whether so many rows take few enough bytes to be fetched whole; text, lists and structs may have any length. */
export function fitsWhole(schema: Schema, rows: number): boolean {
  let width = 0
  for (const { type } of schema) width += widthOf(type) ?? Number.POSITIVE_INFINITY
  return rows * width <= WHOLE_BYTES
}

function columnOfVector(
  chunk: DuckDBDataChunk,
  index: number,
  rows: number,
  field: Field,
  strings: StringCache,
): Column {
  const { type } = field
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index)
  const values = fixedOf(vector, rows, type)
  const validity = validityOf(vector, rows)
  if (values) return { kind: 'fixed', type, length: rows, validity, values }
  if (type === 'string') return strings.read(stringsOf(vector, rows), rows, validity)
  return { kind: 'object', type, length: rows, validity, values: nestedValues(vector, rows, type) }
}
