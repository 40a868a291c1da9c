import { GalleyError } from '../../../base/errors.ts'
import { file, quote } from '../../../engines/duckdb/sql/names.ts'
import type { ConnectorContext, SourceSpec } from '../connector.ts'

/** Rows that any file may say it has, and rows a byte beyond which it says what no data does. */
const FREE_ROWS = 1e9
const MOST_ROWS_A_BYTE = 10_000

/** How many times its size a file may say that its pages hold, once that is more than so much. */
const FREE_BYTES = 16 * 2 ** 30
const MOST_RATIO = 1000

/**
 * A Parquet file that is to be read where it lies: what its footer says is held against its size; with `spec`, all values of the declared
 * columns are decoded, and the rows are as many as the footer says. @throws SOURCE_HOSTILE
 */
export async function examineParquet(path: string, query: ConnectorContext['query'], spec?: SourceSpec): Promise<void> {
  const [says = {}] = await query(
    `SELECT num_rows::HUGEINT::DOUBLE AS rows, (SELECT sum(total_uncompressed_size::HUGEINT)::DOUBLE FROM parquet_metadata(${file(path)})) AS held, (SELECT min(total_uncompressed_size) FROM parquet_metadata(${file(path)})) AS least, file_size_bytes AS bytes FROM parquet_file_metadata(${file(path)})`,
  )
  const [rows, held, least, bytes] = ['rows', 'held', 'least', 'bytes'].map((name) => Number(says[name] ?? 0)) as [
    number,
    number,
    number,
    number,
  ]
  if (rows < 0 || least < 0 || (rows > FREE_ROWS && rows > bytes * MOST_ROWS_A_BYTE))
    throw hostile(path, `its footer says ${rows.toLocaleString('en-US')} rows, in a file of ${bytes} bytes`)
  if (held > FREE_BYTES && held > bytes * MOST_RATIO)
    throw hostile(path, `its footer says ${held.toLocaleString('en-US')} bytes unpacked, in a file of ${bytes}`)
  if (!spec) return
  const columns = Object.keys(spec.columns).map(quote)
  const [read = {}] = await query(
    `SELECT count(*) AS n, bit_xor(hash(${columns.join(', ')})) AS h FROM read_parquet(${file(path)}, hive_partitioning = false)`,
  )
  if (Number(read['n']) !== rows)
    throw hostile(path, `its footer says ${rows} rows, and ${Number(read['n'])} can be read`)
}

const hostile = (path: string, why: string): GalleyError =>
  new GalleyError('SOURCE_HOSTILE', {
    what: `${path} is not what it says it is`,
    why,
    fix: 'look where the file comes from, and write it again from its data; nothing of it was used',
    details: { path },
  })
