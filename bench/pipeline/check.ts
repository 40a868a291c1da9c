import { sqlType } from '../../src/engines/duckdb/sql/names.ts'
import { isFloat, type Schema } from '../../src/plan/types.ts'
import type { Query } from './data.ts'

/**
 * What of a result must be the same on every side, whatever the order of its rows; floats to nine digits. NaN counts as
 * missing: a correlation that does not exist is null in a plan, and NaN in DuckDB's own SQL and in pandas.
 */
export async function factsOf(file: string, schema: Schema, query: Query): Promise<Record<string, unknown>> {
  const q = (name: string) => `"${name}"`
  const keys = schema.filter((f) => !isFloat(f.type))
  const floats = schema.filter((f) => isFloat(f.type))
  const row = keys.length > 0 ? `hash(${keys.map((f) => q(f.name)).join(', ')})` : '0'
  const casts = schema.map((f) => {
    const cast = `${q(f.name)}::${sqlType(f.type)}`
    return `${isFloat(f.type) ? `nullif(${cast}, 'nan')` : cast} AS ${q(f.name)}`
  })
  const facts = [
    'count(*) AS n',
    `sum(${row} % 1000000007) AS h`,
    ...keys.map((f) => `count(${q(f.name)}) AS ${q(`n ${f.name}`)}`),
    ...floats.flatMap((f) => [
      `count(${q(f.name)}) AS ${q(`n ${f.name}`)}`,
      `sum(${q(f.name)} * (1 + ${row} % 1009)) AS ${q(`s ${f.name}`)}`,
    ]),
  ]
  const [found] = await query(
    `SELECT ${facts.join(', ')} FROM (SELECT ${casts.join(', ')} FROM read_parquet('${file}'))`,
  )
  return found ?? {}
}

/** The first fact in which the two differ, in words. */
export function difference(
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [name, a] of Object.entries(ours)) {
    const b = theirs[name]
    const near = Math.abs(Number(a) - Number(b)) <= 1e-9 * Math.max(Math.abs(Number(a)), 1e-300)
    if (name.startsWith('s ') ? !near && a !== b : String(a) !== String(b))
      return `${name}: ${String(a)} and ${String(b)}`
  }
  return undefined
}
