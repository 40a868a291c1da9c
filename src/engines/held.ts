import type { Schema } from '../plan/types.ts'
import { type Batch, batchBytes, type Column, type FixedArray, fixedArray, isValid } from './batch.ts'
import type { Relation } from './engine.ts'
import type { Ledger } from './ledger.ts'

/** Rows that are held together: batches are this long, but for the last. */
const BLOCK = 65_536

/** Whether `hold` takes a table: all of its columns have a fixed width. */
export const canHold = (schema: Schema): boolean => schema.every((f) => fixedArray(f.type, 0) !== undefined)

interface Builder {
  readonly values: FixedArray
  validity: Uint8Array | null
}

/** Copies a relation of fixed-width columns into memory, where passes over it cost next to nothing; the source is closed. */
export async function hold(source: Relation, ledger: Ledger): Promise<Relation> {
  const { schema } = source
  const blocks: Batch[] = []
  let columns: Builder[] = []
  let filled = 0
  let rows = 0
  const begin = () => {
    columns = schema.map((f) => ({ values: fixedArray(f.type, BLOCK) as FixedArray, validity: null }))
    filled = 0
  }
  const end = () => {
    if (filled > 0)
      blocks.push({ schema, rows: filled, columns: columns.map((c, i) => columnOf(c, schema, i, filled)) })
  }
  begin()
  try {
    for await (const batch of source.batches()) {
      ledger.add('held', 'copied', batchBytes(batch))
      for (let from = 0; from < batch.rows; ) {
        const n = Math.min(batch.rows - from, BLOCK - filled)
        for (const [i, column] of batch.columns.entries()) append(columns[i] as Builder, filled, column, from, n)
        filled += n
        rows += n
        from += n
        if (filled < BLOCK) continue
        end()
        begin()
      }
    }
    end()
  } finally {
    source.close()
  }
  return {
    place: 'host',
    schema,
    rows,
    async *batches(names) {
      const picked = names?.map((name) => schema.findIndex((f) => f.name === name))
      for (const block of blocks)
        yield picked
          ? {
              schema: picked.map((i) => schema[i] as Schema[number]),
              rows: block.rows,
              columns: picked.map((i) => block.columns[i] as Column),
            }
          : block
    },
    close() {
      blocks.length = 0
    },
  }
}

function append(to: Builder, at: number, column: Column, from: number, n: number): void {
  if (column.kind !== 'fixed') throw new TypeError('only columns of a fixed width are held')
  to.values.set(column.values.subarray(from, from + n) as never, at)
  if (column.validity === null && to.validity === null) return
  to.validity ??= new Uint8Array(BLOCK / 8).fill(255)
  for (let i = 0; i < n; i++) {
    const [byte, bit] = [(at + i) >> 3, 1 << ((at + i) & 7)]
    if (isValid(column.validity, from + i)) to.validity[byte] = (to.validity[byte] as number) | bit
    else to.validity[byte] = (to.validity[byte] as number) & ~bit
  }
}

function columnOf({ values, validity }: Builder, schema: Schema, index: number, rows: number): Column {
  const { type } = schema[index] as Schema[number]
  return {
    kind: 'fixed',
    type,
    length: rows,
    validity: validity?.subarray(0, (rows + 7) >> 3) ?? null,
    values: values.subarray(0, rows) as FixedArray,
  }
}
