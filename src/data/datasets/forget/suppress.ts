import { sha256 } from '../../../base/hash.ts'
import type { Scope } from '../../../base/scope.ts'
import { file, quote, sqlLiteral, sqlType, text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import type { Engines } from '../../../engines/plans.ts'
import { type Field, fieldOf, type Schema } from '../../../plan/types.ts'
import type { Store } from '../../../store/store.ts'
import type { Suppressed } from '../../../store/suppressions.ts'
import { isPerson, type Person } from './rows.ts'

/** A key as it is hashed: the engine's text of the value, so that a row's and a person's are the same. */
const keyText = (sql: string, f: Field): string => `CAST(CAST(${sql} AS ${sqlType(f.type)}) AS VARCHAR)`

/** The hash of a person's key in a dataset. @throws VALUE_INVALID for a text that is no value of the column's type */
export async function hashOfKey(
  ctx: Engines,
  store: Store,
  scope: Scope,
  dataset: string,
  schema: Schema,
  person: Person,
): Promise<string> {
  const f = fieldOf(schema, person.column, `the dataset '${dataset}'`)
  const is = isPerson(f, person)
  const value = is.op === 'call' && is.args[1]?.op === 'lit' ? sqlLiteral(is.args[1].value, is.args[1].type) : text(person.value) // biome-ignore format: one line
  const [row] = await ctx.duckdb.session(ctx, (query) => query(`SELECT ${keyText(value, f)} AS key`))
  return sha256(`${await store.suppressions.salt(scope, dataset)}:${String(row?.['key'])}`)
}

/** Whether a text is a suppressed key, in SQL. */
const isSuppressed = (sql: string, { salt }: Suppressed, hashes: readonly string[]): string =>
  `sha256(concat(${text(`${salt}:`)}, ${sql})) IN (${hashes.map(text).join(', ')})`

const hashesOf = ({ keys }: Suppressed, column: string): string[] =>
  keys.filter((k) => k.column === column).map((k) => k.hash)

/** The condition, in SQL, that holds for rows of suppressed keys; undefined where the rows have none of the columns. */
function conditionOf(suppressed: Suppressed, schema: Schema): string | undefined {
  const found = schema.flatMap((f) => {
    const hashes = hashesOf(suppressed, f.name)
    return hashes.length === 0 ? [] : [isSuppressed(keyText(quote(f.name), f), suppressed, hashes)]
  })
  return found.length === 0 ? undefined : found.map((c) => `coalesce(${c}, FALSE)`).join(' OR ')
}

/** The same for rows that were set aside, which stand as text: `id=7, name=Kim`. */
function conditionAside(suppressed: Suppressed): string {
  const columns = [...new Set(suppressed.keys.map((k) => k.column))]
  return columns
    .map((column) => {
      const name = column.replace(/[^\p{L}\p{N}_]/gu, '\\$&')
      const value = `regexp_extract(concat(', ', "row"), ${text(`, ${name}=(.*?)(?:, |$)`)}, 1)`
      return `coalesce(${isSuppressed(value, suppressed, hashesOf(suppressed, column))}, FALSE)`
    })
    .join(' OR ')
}

/** What went of a file's rows, by reason where rows have one, and how many are left. */
export interface LeftOut {
  readonly gone: Readonly<Record<string, number>>
  readonly left: number
}

/** Rows of a file without those of suppressed keys, written to `to` where there are some. */
async function filtered(ctx: Engines, path: string, to: string, condition: string, reason = `''`): Promise<LeftOut> {
  return ctx.duckdb.session(ctx, async (query) => {
    const from = `read_parquet(${file(path)}, hive_partitioning = false)`
    const found = await query(
      `SELECT ${reason} AS reason, count(*) FILTER (WHERE ${condition}) AS n, count(*) AS every FROM ${from} GROUP BY 1`,
    )
    const counts = found.map((r) => [String(r['reason']), Number(r['n']), Number(r['every'])] as const)
    const gone = Object.fromEntries(counts.flatMap(([name, n]) => (n > 0 ? [[name, n]] : [])))
    if (Object.keys(gone).length > 0)
      await query(`COPY (SELECT * FROM ${from} WHERE NOT (${condition})) ${toParquet(to)}`)
    return { gone, left: counts.reduce((all, [, n, every]) => all + every - n, 0) }
  })
}

/** A file of computed rows without those of suppressed keys; undefined where it has no column of theirs. */
export async function withoutSuppressed(
  ctx: Engines,
  suppressed: Suppressed,
  schema: Schema,
  path: string,
  to: string,
): Promise<LeftOut | undefined> {
  const condition = conditionOf(suppressed, schema)
  return condition === undefined ? undefined : filtered(ctx, path, to, condition)
}

/** The same for a file of rows that were set aside; counts are by reason. */
export const asideWithoutSuppressed = (
  ctx: Engines,
  suppressed: Suppressed,
  path: string,
  to: string,
): Promise<LeftOut> => filtered(ctx, path, to, conditionAside(suppressed), 'reason')
