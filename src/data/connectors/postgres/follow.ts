import type pg from 'pg'
import { GalleyError } from '../../../base/errors.ts'
import type { SourceSpec } from '../connector.ts'
import { type Cursor, whereSql } from './query.ts'
import { ident, literal, type Table } from './table.ts'

const TIMES = ['date', 'timestamp', 'timestamptz']
const WHOLE = ['int2', 'int4', 'int8']
/** How far behind the greatest value read a row may come that is committed later: a day, or a million. */
const LATE_SECONDS = 86_400
const LATE_NUMBERS = 1_000_000

/** The transaction that a row's version is of, as a number that does not wrap; `M` is the snapshot's end. */
const transaction = (end: bigint): string => {
  const [epoch, within] = [end >> 32n, end & 0xffffffffn]
  const raw = 'xmin::text::bigint'
  return `(${raw} + CASE WHEN ${raw} < ${within} THEN ${epoch << 32n} ELSE ${epoch > 0n ? (epoch - 1n) << 32n : 0n} END)`
}

export interface Follows {
  /** Conditions on the rows of this reading. */
  readonly where: readonly string[]
  readonly cursor: Cursor
}

/**
 * Which rows came since: those of transactions from the former horizon on, before this one's. A horizon is the oldest
 * transaction that had not ended, so each row's version is read once, however late it was committed and whatever the
 * column's value is. The column only spares the server from looking at old rows.
 * @throws SOURCE_SCHEMA, SOURCE_BROKEN for another database than before
 */
export async function following(
  client: pg.Client,
  spec: SourceSpec,
  table: Table,
  since: Cursor | undefined,
): Promise<Follows> {
  const column = String(spec.options['cursor'])
  const type = table.columns.get(column)?.name
  const kind =
    type === undefined ? undefined : TIMES.includes(type) ? 'time' : WHOLE.includes(type) ? 'whole' : undefined
  if (kind === undefined || type === undefined || table.blocks === undefined)
    throw new GalleyError('SOURCE_SCHEMA', {
      what: `${spec.path} can't be followed by '${column}'`,
      why:
        table.blocks === undefined
          ? 'it is no table of a server of version 14 or later: only those tell which transaction a row is of'
          : type === undefined
            ? 'it has no such column'
            : `it is ${type}, which is no whole number and no time`,
      fix: 'name a column that grows (updated_at, id), or leave the option cursor out: the table is then read as a whole',
      details: { column },
    })
  if (since && since.server !== table.server)
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${spec.path} is in another database than when it was read before`,
      why: 'its transactions are numbered anew (a restored copy, another server): what came since can not be told',
      fix: "read it as a whole once more: change an option of the source, for instance the order of { cursor, late }, or the step's name",
    })
  const { rows } = await client.query('SELECT pg_snapshot_xmin(s)::text AS low, pg_snapshot_xmax(s)::text AS high FROM pg_current_snapshot() AS s') // biome-ignore format: one line
  const { low, high: end } = rows[0] as { low: string; high: string }
  const own = transaction(BigInt(end))
  // with no transaction at work, all that can be seen is older than the horizon
  const before = low === end ? [] : [`${own} < ${BigInt(low)}`]
  const given = spec.options['late']
  const late = typeof given === 'number' ? given : kind === 'time' ? LATE_SECONDS : LATE_NUMBERS
  const behind = kind === 'time' ? `interval '${late} seconds'` : `${Math.ceil(late)}`
  const name = ident(column)
  const from = since?.high == null ? [] : [`${name} >= (${type} ${literal(since.high)} - ${behind}) OR ${name} IS NULL`]
  const where = [...before, ...(since ? [`${own} >= ${BigInt(since.horizon)}`] : []), ...from]
  const finite = kind === 'time' ? [`isfinite(${name})`] : []
  const found = await client.query(
    `SELECT max(${name})::text AS high FROM ${table.sql}${whereSql([...where, ...finite])}`,
  )
  const high = (found.rows[0] as { high: string | null }).high ?? since?.high ?? null
  return {
    where,
    cursor: { format: 1, server: table.server, horizon: low, high: await greater(client, type, high, since?.high) },
  }
}

/** The greater of two values, as the server compares them. */
async function greater(
  client: pg.Client,
  type: string,
  a: string | null,
  b: string | null | undefined,
): Promise<string | null> {
  if (a === null || b == null) return a ?? b ?? null
  const { rows } = await client.query(`SELECT greatest(${type} ${literal(a)}, ${type} ${literal(b)})::text AS v`)
  return (rows[0] as { v: string }).v
}
