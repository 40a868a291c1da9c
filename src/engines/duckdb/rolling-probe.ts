import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBStructVector,
  INTEGER,
  STRUCT,
  VARCHAR,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { Range, WindowTable } from './rolling-table.ts'

/** Totals that one call answers: `t0`, `t1`, … of its struct. */
export const TOTALS_A_CALL = 4

/**
 * Registers `galley_window(id, first, key, at)` on an instance: it finds the events of a window's table with
 * `at − over ≤ t < at` and gives what the running totals from column `first` on grew by over them. One call a chunk,
 * since each costs a turn of JavaScript's thread. `tables` is read whenever a query runs.
 *
 * Faster than running totals in SQL fetched by as-of joins (docs/decisions/0002).
 */
export function registerWindows(connection: DuckDBConnection, tables: ReadonlyMap<number, WindowTable>): void {
  const returnType = STRUCT(Object.fromEntries(Array.from({ length: TOTALS_A_CALL }, (_, i) => [`t${i}`, DOUBLE])))
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: 'galley_window',
      parameterTypes: [INTEGER, INTEGER, VARCHAR, BIGINT],
      returnType,
      mainFunction: (_, input, output) => probe(input, output as DuckDBStructVector, tables),
    }),
  )
}

function raw(chunk: DuckDBDataChunk, column: number, bytes: number): Uint8Array {
  return duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), bytes)
}

const first32 = (bytes: Uint8Array): number => new Int32Array(bytes.buffer, bytes.byteOffset, 1)[0] as number

function probe(input: DuckDBDataChunk, output: DuckDBStructVector, tables: ReadonlyMap<number, WindowTable>): void {
  const rows = input.rowCount
  const table = tables.get(first32(raw(input, 0, 4)))
  const first = first32(raw(input, 1, 4))
  const keyAt = keysOf(input, 2, rows)
  const times = raw(input, 3, rows * 8)
  const micros = new Int32Array(times.buffer, times.byteOffset, rows * 2)
  const lows = new Int32Array(rows)
  const highs = new Int32Array(rows)
  if (table)
    for (let i = 0; i < rows; i++) {
      const range = keyAt(i, table)
      if (!range) continue
      const at = (micros[i * 2 + 1] as number) * 4294967296 + ((micros[i * 2] as number) >>> 0)
      range.high = seek(table.times, at, range.start, range.end, range.high)
      range.low = seek(table.times, at - table.over, range.start, range.high, range.low)
      highs[i] = range.high
      lows[i] = range.low
    }
  for (let t = 0; t < TOTALS_A_CALL; t++) {
    const totals = table?.totals[first + t]
    if (table && totals === undefined) continue // beyond the window's last column: never read
    const vector = output.entryVectorAt(t)
    const out = (vector as unknown as { items: Float64Array }).items
    if (totals)
      for (let i = 0; i < rows; i++)
        out[i] = (totals[highs[i] as number] as number) - (totals[lows[i] as number] as number)
    else for (let i = 0; i < rows; i++) out[i] = (highs[i] as number) - (lows[i] as number)
    vector.flush()
  }
}

/**
 * What finds a row's key in a table. A text of up to twelve bytes lies in DuckDB's vector itself; keys of up to four are
 * known again by those bytes within a chunk.
 */
function keysOf(
  input: DuckDBDataChunk,
  column: number,
  rows: number,
): (row: number, t: WindowTable) => Range | undefined {
  const keys = input.getColumnVector(column)
  const heads = raw(input, column, rows * 16)
  const head = new Int32Array(heads.buffer, heads.byteOffset, rows * 4)
  const known = new Map<number, Range | undefined>()
  const find = (row: number, table: WindowTable) => table.ranges.get((keys.getItem(row) as string | null) ?? '')
  return (row, table) => {
    const length = head[row * 4] as number
    if (length > 4) return find(row, table)
    const id = (head[row * 4 + 1] as number) * 8 + length
    let range = known.get(id)
    if (range === undefined && !known.has(id)) {
      range = find(row, table)
      known.set(id, range)
    }
    return range
  }
}

/** The first position of [from, to) whose time is not before `t`, or `to`; quick when it lies near `hint`. */
export function seek(times: Float64Array, t: number, from: number, to: number, hint: number): number {
  let low = from
  let high = to
  const start = hint < from ? from : Math.min(hint, to)
  // steps that double, from the hint towards t, until t lies between two of them
  if (start < to && (times[start] as number) < t) {
    low = start + 1
    for (let step = 1; low + step < to; step *= 2) {
      if ((times[low + step] as number) >= t) {
        high = low + step
        break
      }
      low += step + 1
    }
  } else {
    high = start
    for (let step = 1; high - step >= from; step *= 2) {
      if ((times[high - step] as number) < t) {
        low = high - step + 1
        break
      }
      high -= step
    }
  }
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) < t) low = middle + 1
    else high = middle
  }
  return low
}
