import { join } from 'node:path'
import { resolveSecret } from '../../src/base/secrets.ts'
import { csv, csvConnector } from '../../src/data/connectors/csv.ts'
import type { From } from '../../src/plan/nodes.ts'
import { scan } from '../../src/plan/table.ts'
import { folderOf, made, pick, type Query, share } from './data.ts'
import type { Files, Question, Task } from './question.ts'

export const COLUMNS = {
  id: 'int64',
  at: 'local timestamp',
  city: 'string',
  product: 'string',
  qty: 'string',
  price: 'float64',
  discount: 'float64',
  delay: 'string',
  weight: 'float64',
  returned: 'bool',
  note: 'string',
} as const

/** Orders without those that have no number or price, with a total; texts that are numbers made such. */
export const cleaned = (orders: ReturnType<typeof scan<typeof COLUMNS>>) =>
  orders
    .derive((r) => ({
      qty: r.qty.cast('int64', { onError: 'null' }),
      delay: r.delay.cast('int64', { onError: 'null' }),
      city: r.city.trim().lower(),
    }))
    .filter((r) => r.qty.isNull().not().and(r.price.gt(0)))
    .derive((r) => ({ total: r.price.times(r.qty).times(r.discount.neg().plus(1)) }))

export const question: Question = {
  name: 'clean',
  asks: 'read, cast, filter, derive, write',
  plan: () => cleaned(scan({ kind: 'source', name: 'orders' }, COLUMNS)).node,
  sql: `SELECT id, "at", city, product, qty, price, discount, delay, weight, returned, note, price * qty * (1 - discount) AS total FROM (
    SELECT * REPLACE (TRY_CAST(qty AS BIGINT) AS qty, TRY_CAST(delay AS BIGINT) AS delay, lower(trim(city)) AS city)
    FROM read_csv('FILE', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {
      'id': 'BIGINT', 'at': 'TIMESTAMP', 'city': 'VARCHAR', 'product': 'VARCHAR', 'qty': 'VARCHAR', 'price': 'DOUBLE',
      'discount': 'DOUBLE', 'delay': 'VARCHAR', 'weight': 'DOUBLE', 'returned': 'BOOLEAN', 'note': 'VARCHAR'}))
    WHERE qty IS NOT NULL AND price > 0`,
}

export const csvTask: Task = { name: 'csv', tables: ['csv'], questions: [question], peers: ['duckdb', 'polars'] }

/** The file as Galley's own connector makes it ready for a plan that reads it once. */
export async function source(files: Files, out: string, query: Query, signal: AbortSignal): Promise<From> {
  const path = files['csv'] ?? ''
  const { from, files: copies } = await csvConnector.snapshot(csv(path, COLUMNS), path, {
    scope: { workspace: 'bench', caller: 'bench' },
    signal,
    progress: () => {},
    secret: resolveSecret,
    query,
    inPlace: true,
    keep: async () => `${out}.staged`,
  })
  return from ?? { kind: 'parquet', files: copies }
}

/** Orders as a shop's till writes them: a text where a number is missing now and then, an empty price, spaces around a city. */
export async function csvData(rows: number, query: Query): Promise<Files> {
  const cities = "['Seoul', 'Busan ', 'INCHEON', 'Daegu', ' Gwangju', '대전', 'Ulsan', 'Jeju', 'SUWON', 'Pohang']"
  const sometimes = (column: number, what: string, value: string) =>
    `CASE WHEN ${pick(column, 50)} = 0 THEN ${what} ELSE ${value} END`
  const sql = `SELECT i AS id, make_timestamp(1600000000000000 + i * 1000000 + ${pick(31, 1000000)}) AS at,
    (${cities})[1 + ${pick(32, 10)}] AS city, format('P{:05d}', ${pick(33, 20000)}) AS product,
    ${sometimes(34, "'n/a'", `(1 + ${pick(35, 20)})::VARCHAR`)} AS qty,
    ${sometimes(36, 'NULL', `round(500 * ${share(37)}, 2)`)} AS price, ${pick(38, 8)} / 16 AS discount,
    ${sometimes(39, "'-'", `(${pick(40, 200)} - 60)::VARCHAR`)} AS delay, round(30 * ${share(41)}, 3) AS weight,
    ${pick(42, 20)} = 0 AS returned, format('order {} of a day', ${pick(43, 1000)}) AS note FROM range(${rows}) t(i)`
  const write = (path: string) => query(`COPY (${sql}) TO '${path}' (FORMAT csv, HEADER true)`)
  return { csv: await made(join(folderOf(rows), 'orders.csv'), write) }
}
