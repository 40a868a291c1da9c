import type pg from 'pg'
import { GalleyError, nearest } from '../../../base/errors.ts'
import { newId } from '../../../base/ids.ts'
import type { SourceSpec } from '../connector.ts'
import type { PgType } from './types.ts'

/** A name as the server reads it. */
export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** A text as the server reads it; without NUL, which it has not. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A table or view, and what it is. */
export interface Table {
  /** As a query names it. */
  readonly sql: string
  readonly columns: ReadonlyMap<string, PgType>
  /** Whether its rows lie in blocks that can be read by their numbers, and how many blocks that are. */
  readonly blocks?: number
  readonly blockBytes: number
  /** Bytes of its rows as they lie. */
  readonly bytes: number
  /** What only a change of the database changes; another one every time for what can change without one. */
  readonly state: string
  /** Which server it is; empty where the user may not know. */
  readonly server: string
}

/** A list of names that a message gives. */
const MOST_NAMES = 1000

/** Whether all parts of it are tables of this server's own. */
const OWN = ['r', 'm', 'p']

/**
 * Looks a table up. In a transaction with one snapshot, what it says belongs to the same rows as what is read there.
 * @throws SOURCE_MISSING
 */
export async function tableOf(
  client: pg.Client,
  { path, options }: Pick<SourceSpec, 'path' | 'options'>,
): Promise<Table> {
  const schema = typeof options['schema'] === 'string' ? options['schema'] : 'public'
  const found = await client.query(
    `SELECT c.oid, c.relkind AS kind, pg_relation_filenode(c.oid) AS file,
       current_setting('block_size')::int AS block, current_setting('server_version_num')::int AS version,
       pg_current_snapshot()::text AS snapshot, extract(epoch FROM pg_postmaster_start_time())::text AS started,
       (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
       has_function_privilege('pg_control_system()', 'execute') AS known
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'm', 'p', 'v', 'f')`,
    [schema, path],
  )
  const [about] = found.rows as [Record<string, unknown>?]
  if (!about) throw await missing(client, schema, path)
  const { oid, kind, file, block, version, snapshot, started, database, known } = about
  const system = known ? await client.query('SELECT system_identifier::text AS id FROM pg_control_system()') : undefined
  const server = `${system?.rows[0]?.id ?? ''} ${database}`
  const parts =
    kind === 'p'
      ? await client.query(
          `SELECT max(pg_relation_size(c.oid)) AS most, sum(pg_relation_size(c.oid)) AS bytes, bool_and(c.relkind = 'r') AS own
           FROM pg_partition_tree($1::oid::regclass) p JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf`,
          [oid],
        )
      : await client.query(
          `SELECT pg_relation_size($1::oid) AS most, pg_relation_size($1::oid) AS bytes, TRUE AS own`,
          [oid],
        )
  const { most, bytes, own } = parts.rows[0] as { most: string | null; bytes: string | null; own: boolean | null }
  const ours = OWN.includes(String(kind)) && own !== false
  const sql = `${ident(schema)}.${ident(path)}`
  return {
    sql,
    columns: await columnsOf(client, sql),
    // without scans by block number every part would read all of it
    ...(ours && Number(version) >= 140_000 ? { blocks: Math.ceil(Number(most ?? 0) / Number(block)) } : {}),
    blockBytes: Number(block),
    bytes: Number(bytes ?? 0),
    // two equal snapshots see the same rows; what is not logged may be lost by a crash, after which the server starts anew
    state: ours ? [server, started, oid, file, snapshot].join(' ') : newId(),
    server,
  }
}

interface TypeRow {
  readonly oid: string
  readonly name: string
  readonly element: string
  readonly list: boolean
}

async function columnsOf(client: pg.Client, sql: string): Promise<ReadonlyMap<string, PgType>> {
  const { fields } = await client.query(`SELECT * FROM ${sql} LIMIT 0`)
  const { rows } = await client.query(
    `SELECT t.oid::text, t.typname AS name, t.typelem::text AS element, t.typcategory = 'A' AS list FROM pg_type t
     WHERE t.oid = ANY($1::oid[]) OR t.oid IN (SELECT typelem FROM pg_type WHERE oid = ANY($1::oid[]))`,
    [fields.map((f) => f.dataTypeID)],
  )
  const types = new Map((rows as TypeRow[]).map((r) => [r.oid, r]))
  const typeOf = (id: string, modifier: number): PgType => {
    const { name = 'unknown', element = '0', list = false } = types.get(id) ?? {}
    if (list && types.has(element)) return { name, element: typeOf(element, modifier) }
    const m = modifier - 4
    // the scale is eleven bits with a sign
    return name === 'numeric' && m >= 0 ? { name, digits: [m >> 16, ((m & 0x7ff) ^ 0x400) - 0x400] } : { name }
  }
  return new Map(fields.map((f) => [f.name, typeOf(String(f.dataTypeID), f.dataTypeModifier)]))
}

async function missing(client: pg.Client, schema: string, name: string): Promise<GalleyError> {
  const found = await client.query(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname !~ '^pg_(toast|temp)' ORDER BY 1, 2 LIMIT ${MOST_NAMES}`,
  )
  const rows = found.rows as { schema: string; name: string }[]
  const here = rows.filter((r) => r.schema === schema).map((r) => r.name)
  const there = rows.find((r) => r.name === name)
  const close = nearest(name, here)
  return new GalleyError('SOURCE_MISSING', {
    what: `there is no table '${name}' in the schema '${schema}'`,
    why:
      here.length > 0 ? `it has ${here.slice(0, 5).join(', ')}${here.length > 5 ? ' and others' : ''}` : 'it has none',
    fix: there
      ? `there is one in the schema '${there.schema}': say { schema: '${there.schema}' }`
      : close
        ? `did you mean '${close}'?`
        : 'check the name and the option schema',
  })
}
