import { type Open, openInstance, withConnection } from '../../src/engines/duckdb/connection.ts'
import { stream } from '../../src/engines/duckdb/run.ts'
import type { RunContext } from '../../src/engines/engine.ts'
import type { Schema, Type } from '../../src/plan/types.ts'
import { median, type Row } from '../bench.ts'
import { pick, share } from './data.ts'
import { LIMITS } from './side.ts'

const ROWS = 4_000_000
/** What a value may cost, nanoseconds. */
const BAR = 20

const columns: Readonly<Record<string, readonly [type: Type, sql: string]>> = {
  int64: ['int64', `${pick(51, 1e6)}::BIGINT`],
  int32: ['int32', pick(52, 1e6)],
  float64: ['float64', share(53)],
  timestamp: ['timestamp', `make_timestamp(1600000000000000 + i * 1000000)`],
  bool: ['bool', `${pick(54, 2)} = 1`],
  string: ['string', `'c' || ${pick(55, 500)}`],
}

/** Nanoseconds a value from a table in the database's memory to typed arrays in JavaScript; one value in sixteen is missing, and how many rows there are is known. */
export async function batchRows(
  temp: string,
  context: () => RunContext,
  wanted: (name: string) => boolean,
): Promise<Row[]> {
  const selected = Object.entries(columns).filter(([name]) => wanted(`batches-${name}`))
  if (selected.length === 0 && !wanted(TABLE) && !wanted(STREAM)) return []
  const instance = await openInstance({ ...LIMITS, temp })
  const open = async () => instance
  const rows: Row[] = []
  try {
    for (const [i, [name, [type, sql]]] of selected.entries()) {
      const value = `CASE WHEN ${pick(60 + i, 16)} > 0 THEN ${sql} END`
      await withConnection(open, context(), (c) =>
        c.run(`CREATE TABLE ${name} AS SELECT ${value} AS v FROM range(${ROWS}) t(i)`),
      )
      const schema: Schema = [{ name: 'v', type, nullable: true }]
      const galley = await perValue(`SELECT v FROM ${name}`, schema, open, context)
      rows.push({ case: `batches-${name}`, peer: 'the bar', unit: 'ns', galley, peerValue: BAR, ratio: galley / BAR })
    }
    if (wanted(STREAM)) rows.push(await streamOf(open, context))
    if (wanted(TABLE)) rows.push(await table(open, context))
  } finally {
    instance.db.closeSync()
  }
  return rows
}

/** All of the columns but text together, as a trainer reads a table: what a chunk costs is shared by its columns. */
async function table(open: Open, context: () => RunContext): Promise<Row> {
  const numbers = Object.entries(columns).filter(([name]) => name !== 'string')
  const list = numbers.map(([name, [, sql]], i) => `CASE WHEN ${pick(70 + i, 16)} > 0 THEN ${sql} END AS "${name}"`)
  await withConnection(open, context(), (c) =>
    c.run(`CREATE TABLE whole AS SELECT ${list.join(', ')} FROM range(${ROWS}) t(i)`),
  )
  const schema: Schema = numbers.map(([name, [type]]) => ({ name, type, nullable: true }))
  const galley = await perValue('SELECT * FROM whole', schema, open, context)
  return { case: TABLE, peer: 'the bar', unit: 'ns', galley, peerValue: BAR, ratio: galley / BAR }
}

/** A column of a result of which nothing is known: it comes chunk by chunk, each a trip to another thread and back. */
async function streamOf(open: Open, context: () => RunContext): Promise<Row> {
  await withConnection(open, context(), (c) =>
    c.run(
      `CREATE TABLE alone AS SELECT CASE WHEN ${pick(80, 16)} > 0 THEN ${share(81)} END AS v FROM range(${ROWS}) t(i)`,
    ),
  )
  const schema: Schema = [{ name: 'v', type: 'float64', nullable: true }]
  const galley = await perValue('SELECT v FROM alone', schema, open, context, {})
  return { case: STREAM, peer: 'the bar', unit: 'ns', galley, peerValue: BAR, ratio: galley / BAR }
}

/** Nanoseconds a value, the median of five readings after two unmeasured ones. */
async function perValue(
  sql: string,
  schema: Schema,
  open: Open,
  context: () => RunContext,
  known: { readonly atMost?: number } = { atMost: ROWS },
): Promise<number> {
  const taken: number[] = []
  for (let k = 0; k < 7; k++) {
    const began = performance.now()
    let seen = 0
    for await (const batch of stream(sql, schema, open, context(), known))
      for (const column of batch.columns) seen += column.length
    if (seen !== ROWS * schema.length) throw new Error(`${seen} values`)
    if (k > 1) taken.push(((performance.now() - began) * 1e6) / seen)
  }
  return median(taken)
}

const TABLE = 'batches-table'
const STREAM = 'batches-stream'
export const batchCases: readonly string[] = [...Object.keys(columns).map((name) => `batches-${name}`), STREAM, TABLE]
