import { GalleyError } from '../../../base/errors.ts'
import { type Batch, copyFloat64, valueAt } from '../../../engines/batch.ts'
import { isDecimal, scaleOf, type Type, typeName } from '../../../plan/types.ts'
import type { Columns } from './analysis.ts'

/** Rows that are read into memory at most. */
export const MOST_ROWS = 5_000_000

const DAY = 86_400e6

/** Rows of batches as columns: numbers as doubles (NaN where missing), moments in microseconds, texts and bools as they are. @throws ANALYSIS_DATA when there are too many, or no analysis takes their type */
export async function columnsOf(batches: AsyncIterable<Batch> | Iterable<Batch>): Promise<Columns> {
  const parts = new Map<string, (Float64Array | (string | boolean | null)[])[]>()
  let rows = 0
  for await (const batch of batches) {
    rows += batch.rows
    if (rows > MOST_ROWS)
      throw new GalleyError('ANALYSIS_DATA', {
        what: `there are more than ${MOST_ROWS.toLocaleString('en-US')} rows`,
        why: 'an analysis reads its columns into memory',
        fix: 'take some of them (--where "day >= \'2026-01-01\'"), or aggregate them in a recipe',
      })
    for (const [i, { name }] of batch.schema.entries()) {
      const list = parts.get(name) ?? []
      parts.set(name, list)
      list.push(cellsOf(batch, i, name))
    }
  }
  return Object.fromEntries([...parts].map(([name, list]) => [name, joined(list)]))
}

function cellsOf(batch: Batch, at: number, name: string): Float64Array | (string | boolean | null)[] {
  const column = batch.columns[at] as Batch['columns'][number]
  const type: Type = batch.schema[at]?.type ?? column.type
  if (type === 'string' || type === 'bool')
    return Array.from({ length: batch.rows }, (_, i) => valueAt(column, i) as string | boolean | null)
  if (type === 'bytes' || (typeof type === 'object' && !isDecimal(type)))
    throw new GalleyError('ANALYSIS_DATA', {
      what: `'${name}' is a ${typeName(type)} column`,
      why: 'analyses look at numbers, moments, texts and bools',
      fix: 'take a part of it in a recipe, for instance a length or a field',
    })
  const out = new Float64Array(batch.rows)
  copyFloat64(column, out, 0)
  const factor = isDecimal(type) ? 1 / 10 ** scaleOf(type) : type === 'date' ? DAY : 1
  return factor === 1
    ? out
    : out.map((x) => (factor < 1 ? x / 10 ** scaleOf(type as { decimal: readonly [number, number] }) : x * factor))
}

function joined(list: readonly (Float64Array | (string | boolean | null)[])[]): Columns[string] {
  if (!list.every((l) => l instanceof Float64Array))
    return list.flatMap((l) => Array.from(l as (string | boolean | null)[]))
  const out = new Float64Array(list.reduce((n, l) => n + l.length, 0))
  let at = 0
  for (const part of list) {
    out.set(part, at)
    at += part.length
  }
  return out
}
