import type pg from 'pg'
import { GalleyError } from '../../../base/errors.ts'
import { parseType, typeName } from '../../../plan/types.ts'
import type { Discovery, Finding, FoundColumn, ReachContext, SourceSpec } from '../connector.ts'
import { withServer } from './connect.ts'
import { columnsOf } from './query.ts'
import { ident, tableOf } from './table.ts'
import { pgName, proposed } from './types.ts'

/** What a table holds: the types that the server says, and its first rows. */
export async function discoverTable(
  client: pg.Client,
  spec: Pick<SourceSpec, 'path' | 'options'>,
  rows: number,
): Promise<Discovery> {
  const { sql, columns } = await tableOf(client, spec)
  const looked = `(SELECT * FROM ${sql} LIMIT ${Math.ceil(rows) + 1}) AS t`
  const names = [...columns.keys()].map(ident)
  const counts = names.map((name, i) => `, count(${name})::int AS n${i}`).join('')
  const found = await client.query(
    `SELECT count(*)::int AS n${counts} FROM (SELECT * FROM ${looked} LIMIT ${Math.ceil(rows)}) AS t`,
  )
  const all = await client.query(`SELECT count(*)::int AS n FROM ${looked}`)
  const about = found.rows[0] as Record<string, number>
  const out: FoundColumn[] = []
  for (const [i, [name, type]] of [...columns].entries()) {
    const seen = await client.query(
      `SELECT DISTINCT left(${names[i]}::text, 200) AS v FROM (SELECT * FROM ${sql} LIMIT 100) AS t WHERE ${names[i]} IS NOT NULL ORDER BY 1 LIMIT 3`,
    )
    const values = about[`n${i}`] ?? 0
    out.push({
      name,
      type: proposed(type),
      values,
      missing: (about['n'] ?? 0) - values,
      evidence: `the server says ${pgName(type)}`,
      examples: (seen.rows as { v: string }[]).map((r) => r.v),
    })
  }
  const whole = (all.rows[0] as { n: number }).n <= rows
  return { connector: 'postgres', columns: out, rows: about['n'] ?? 0, whole, broken: 0, options: {} }
}

/** Whether the server answers, takes the credentials, has the table and its columns, and lets them be read. */
export async function checkTable(spec: SourceSpec, ctx: ReachContext): Promise<Finding[]> {
  const found: Finding[] = []
  let looking = 'reachable'
  const good = (says: string, next = '') => {
    found.push({ name: looking, ok: true, says })
    looking = next
  }
  try {
    await withServer(spec.options, ctx, async (session) => {
      const client = await session.open()
      const { rows } = await client.query("SELECT current_setting('server_version') AS version, current_user AS name")
      const { version, name } = rows[0] as Record<string, string>
      good(`PostgreSQL ${version} answers`, 'credentials')
      good(`it takes us for ${name}`, 'table')
      const table = await tableOf(client, spec)
      good(`${spec.path} is there`, 'columns')
      const columns = columnsOf(spec, spec.path, table)
      const types = columns.map((c) => `${c.name} ${typeName(parseType(spec.columns[c.name] ?? 'string'))}`)
      good(`they are as declared: ${types.join(', ')}`, 'rights')
      await client.query(`SELECT ${columns.flatMap((c) => (c.carried ? [ident(c.name)] : [])).join(', ') || '1'} FROM ${table.sql} LIMIT 1`) // biome-ignore format: one line
      good('rows can be read')
    })
  } catch (cause) {
    if (!(cause instanceof GalleyError) || cause.code === 'CANCELLED') throw cause
    const credentials = cause.code === 'SOURCE_REFUSED' || cause.code.startsWith('SECRET_')
    const name = credentials && looking === 'reachable' ? 'credentials' : looking
    found.push({ name, ok: false, says: [cause.what, cause.why, cause.fix].filter(Boolean).join('; ') })
  }
  return found
}
