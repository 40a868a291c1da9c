import { GalleyError } from '../../../base/errors.ts'
import { quote } from '../../../engines/duckdb/sql/names.ts'
import type { Schema } from '../../../plan/types.ts'
import { names, type Query, type Side } from './side.ts'

/** A row that differs: its key, and what other columns were and are; without one side it was added or removed. */
export interface ChangedRow {
  readonly key: Readonly<Record<string, unknown>>
  readonly before?: Readonly<Record<string, unknown>>
  readonly after?: Readonly<Record<string, unknown>>
}

export interface RowChanges {
  readonly key: readonly string[]
  readonly added: number
  readonly removed: number
  readonly changed: number
  /** Rows of the files that both have, which were not read, and of others that are the same. */
  readonly same: number
  /** How many of the changed rows differ in each column; of the first million when there are more. */
  readonly columns: Readonly<Record<string, number>>
  readonly examples: { readonly added: readonly ChangedRow[]; readonly removed: readonly ChangedRow[]; readonly changed: readonly ChangedRow[] } // biome-ignore format: one line
}

const SHOWN = 5
const COUNTED = 1_000_000

/**
 * Compares the rows of two sides by key in one join; a null is a value of a key like others. Rows are told apart by a hash of 64 bits of their other columns: of ten
 * million pairs, one change is missed in two million comparisons.
 * @throws DATASET_KEYS when several rows of a side have one key
 */
export async function compareKeys(
  query: Query,
  { before, after, schema, key, same }: { before: Side; after: Side; schema: Schema; key: readonly string[]; same: number }, // biome-ignore format: one line
): Promise<RowChanges> {
  const others = schema.map((f) => f.name).filter((name) => !key.includes(name))
  const hash = others.length > 0 ? `hash(${names(others)})` : '0::UBIGINT'
  const keys = key.map((name, i) => `${quote(name)} AS k${i}`).join(', ')
  const on = key.map((_, i) => `l.k${i} IS NOT DISTINCT FROM r.k${i}`).join(' AND ')
  const found = key.map((_, i) => `CASE WHEN state > 0 THEN key${i} END AS k${i}`).join(', ')
  const joined = key.map((_, i) => `coalesce(l.k${i}, r.k${i}) AS key${i}`).join(', ')
  const state =
    'CASE WHEN l.h IS NULL THEN 1 WHEN r.h IS NULL THEN 2 WHEN l.h <> r.h THEN 3 ELSE 0 END::TINYINT AS state'
  const read = (side: Side) => `SELECT ${keys}, ${hash} AS h FROM (${side.sql(schema)})`
  await query(`CREATE OR REPLACE TEMP TABLE compared AS SELECT state, ${found} FROM (
    SELECT ${joined}, ${state} FROM (${read(before)}) l FULL OUTER JOIN (${read(after)}) r ON ${on})`)
  const counts = [0, 0, 0, 0]
  for (const row of await query('SELECT state, count(*) AS n FROM compared GROUP BY state'))
    counts[Number(row['state'])] = Number(row['n'])
  const [equal = 0, added = 0, removed = 0, changed = 0] = counts
  const order = key.map((_, i) => `k${i}`).join(', ')
  const twice = async (state: number) =>
    (counts[state] ?? 0) > 1 && (await query(`SELECT 1 AS n FROM compared WHERE state = ${state} GROUP BY ${order} HAVING count(*) > 1 LIMIT 1`)).length > 0 // biome-ignore format: one line
  const unequal = equal + changed + removed !== before.rows || equal + changed + added !== after.rows
  if (unequal || (await twice(1)) || (await twice(2)))
    throw new GalleyError('DATASET_KEYS', {
      what: `${key.map((c) => `'${c}'`).join(' and ')} name no row: several rows have the same`,
      why: 'rows are compared with the one row of the same key',
      fix: 'name more columns with --key, or make the rows distinct',
      details: { key },
    })
  const match = key.map((name, i) => `c.k${i} IS NOT DISTINCT FROM t.${quote(name)}`).join(' AND ')
  const some = (n: number, limit: number) =>
    `(SELECT * FROM compared WHERE state = ${n} ORDER BY ${order} LIMIT ${limit}) c`
  const pick = (side: Side, n: number) =>
    query(`SELECT t.* FROM ${some(n, SHOWN)} JOIN (${side.sql(schema)}) t ON ${match} ORDER BY ${order}`)
  const split = (row: Record<string, unknown>, columns: readonly string[]) =>
    Object.fromEntries(columns.map((c) => [c, row[c] ?? null]))
  const examplesOf = async (side: Side, n: number) => (counts[n] === 0 || side.files.length === 0 ? [] : pick(side, n))
  const [was, is] = [await examplesOf(before, 3), await examplesOf(after, 3)]
  return {
    ...{ key, added, removed, changed, same: same + equal },
    columns: changed === 0 ? {} : await changesByColumn(query, { before, after, schema, key, others }),
    examples: {
      added: (await examplesOf(after, 1)).map((row) => ({ key: split(row, key), after: split(row, others) })),
      removed: (await examplesOf(before, 2)).map((row) => ({ key: split(row, key), before: split(row, others) })),
      changed: was.map((row, i) => {
        const now = is[i] ?? {}
        const differ = others.filter((c) => JSON.stringify(row[c] ?? null) !== JSON.stringify(now[c] ?? null))
        return { key: split(row, key), before: split(row, differ), after: split(now, differ) }
      }),
    },
  }
}

async function changesByColumn(
  query: Query,
  { before, after, schema, key, others }: { before: Side; after: Side; schema: Schema; key: readonly string[]; others: readonly string[] }, // biome-ignore format: one line
): Promise<Record<string, number>> {
  const match = (side: string) =>
    key.map((name, i) => `c.k${i} IS NOT DISTINCT FROM ${side}.${quote(name)}`).join(' AND ')
  const differing = others.map(
    (c, i) => `count(*) FILTER (WHERE l.${quote(c)} IS DISTINCT FROM r.${quote(c)}) AS n${i}`,
  )
  const [row = {}] =
    await query(`SELECT ${differing.join(', ')} FROM (SELECT * FROM compared WHERE state = 3 LIMIT ${COUNTED}) c
    JOIN (${before.sql(schema)}) l ON ${match('l')} JOIN (${after.sql(schema)}) r ON ${match('r')}`)
  const counts = others.map((c, i) => [c, Number(row[`n${i}`] ?? 0)] as const).filter(([, n]) => n > 0)
  return Object.fromEntries(counts.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)))
}
