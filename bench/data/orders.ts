import { join } from 'node:path'
import { scan, type Table } from '../../src/plan/table.ts'
import { csvData } from '../pipeline/csv.ts'
import { folderOf, made } from '../pipeline/data.ts'
import type { Setting } from './setting.ts'

export const ORDERS = {
  id: 'int64',
  at: 'local timestamp',
  city: 'string',
  product: 'string',
  qty: 'int64',
  price: 'float64',
  discount: 'float64',
  delay: 'int64',
  weight: 'float64',
  returned: 'bool',
  note: 'string',
} as const

/** The orders of the CSV benchmark, cleaned, as a Parquet file; made once. */
export async function orders(s: Setting, rows: number): Promise<Table<typeof ORDERS>> {
  const file = await made(join(folderOf(rows), 'orders.parquet'), async (path) => {
    const { csv = '' } = await s.engine.session(s.context(), (query) => csvData(rows, query))
    const types =
      "{'id': 'BIGINT', 'at': 'TIMESTAMP', 'city': 'VARCHAR', 'product': 'VARCHAR', 'qty': 'VARCHAR', 'price': 'DOUBLE', 'discount': 'DOUBLE', 'delay': 'VARCHAR', 'weight': 'DOUBLE', 'returned': 'BOOLEAN', 'note': 'VARCHAR'}"
    const read = `read_csv('${csv}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = ${types})`
    await s.engine.session(s.context(), (query) =>
      query(
        `COPY (SELECT * REPLACE (TRY_CAST(qty AS BIGINT) AS qty, TRY_CAST(delay AS BIGINT) AS delay, lower(trim(city)) AS city) FROM ${read}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`,
      ),
    )
  })
  return scan({ kind: 'parquet', files: [file] }, ORDERS)
}
