import { rm } from 'node:fs/promises'
import type pg from 'pg'
import { GalleyError } from '../../base/errors.ts'
import { hashJson, sha256 } from '../../base/hash.ts'
import type { Secret } from '../../base/secrets.ts'
import type { TypeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { type BrokenOptions, textSource } from './limit.ts'
import { asideOf, countBroken } from './postgres/broken.ts'
import { type PostgresAddress, type PostgresTls, type Session, withServer } from './postgres/connect.ts'
import { beyond, type Copied, copied, inSnapshot, rangesOf } from './postgres/copy.ts'
import { checkTable, discoverTable } from './postgres/discover.ts'
import { EngineError } from './postgres/failure.ts'
import { following } from './postgres/follow.ts'
import { cursorIn, type Question, questionOf } from './postgres/query.ts'
import { tableOf } from './postgres/table.ts'
import { writeTable } from './postgres/write.ts'

export interface PostgresOptions extends BrokenOptions {
  /** A secret that holds `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the server by its parts. */
  readonly connection: Secret | PostgresAddress
  /** `public` when not given. */
  readonly schema?: string
  /** A column that grows (`updated_at`, `id`): only what came since the last run is read. */
  readonly cursor?: string
  /** How far behind the greatest value read a row may come: seconds of a time (a day), or so many of a number (a million). */
  readonly late?: number
  /** A declared column that is gone stops the run (`stop`, the default), or is null throughout (`evolve`). */
  readonly changes?: 'stop' | 'evolve'
  /** How many connections read at once, 2 when not given, 16 at most. */
  readonly connections?: number
  /** Seconds that one statement may take. */
  readonly timeout?: number
  /** `verified` when not given, and `off` on this machine. */
  readonly tls?: PostgresTls
  /** The certificate of the authority, as PEM. */
  readonly ca?: string | Secret
}

const OPTIONS: readonly string[] = [
  ...['connection', 'schema', 'cursor', 'late', 'changes', 'connections', 'timeout', 'tls', 'ca', 'broken'],
  'mostBroken',
]
const CONNECTIONS = 2
const MOST_CONNECTIONS = 16

/** A table or view of a PostgreSQL server as a source. @throws RECIPE_INVALID */
export const postgres = <const S extends Record<string, TypeName>>(
  table: string,
  columns: S,
  options: PostgresOptions,
): SourceSpec<S> => {
  const { connections = CONNECTIONS } = options
  if (!Number.isInteger(connections) || connections < 1 || connections > MOST_CONNECTIONS)
    throw new GalleyError('RECIPE_INVALID', {
      what: `postgres() can't read by ${connections} connections`,
      why: `it is a whole number from 1 to ${MOST_CONNECTIONS}`,
      fix: 'leave it out for two',
    })
  return textSource('postgres', table, columns, { ...options }, OPTIONS)
}

/** The first connection of a reading, and its snapshot where others can have it too. */
interface Begun {
  readonly client: pg.Client
  readonly snapshot?: string
}

/** What a server says that does not share a snapshot, or has too few connections. */
const UNSHARED = /^(0A|25|55|22|42704|53)/
const codeOf = (cause: unknown): string => (cause as { code?: string }).code ?? ''

/** Every query on the connection, and on those that join its snapshot, sees the same rows. */
async function begun(session: Session): Promise<Begun> {
  const client = await inSnapshot(session, undefined)
  try {
    // before all else: what is asked of the server belongs to the rows that are read
    const { rows } = await client.query('SELECT pg_export_snapshot() AS id')
    return { client, snapshot: (rows[0] as { id: string }).id }
  } catch (cause) {
    if (!UNSHARED.test(codeOf(cause))) throw cause
    await client.query('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return { client }
  }
}

export const postgresConnector: Connector = {
  kind: 'postgres',
  where: 'name',
  pushes: () => ['columns', 'filters'],
  follows: (spec) => spec.options['cursor'] !== undefined,
  fingerprint: (spec, _, ctx) =>
    withServer(spec.options, ctx, async (session) => {
      const { state, bytes } = await tableOf(await session.open(), spec)
      return { hash: sha256(state), bytes }
    }),
  discover: (path, rows, ctx) =>
    withServer(ctx.options ?? {}, ctx, async (session) =>
      discoverTable(await inSnapshot(session, undefined), { path, options: ctx.options ?? {} }, rows),
    ),
  check: (spec, _, ctx) => checkTable(spec, ctx),
  write: writeTable,
  snapshot: (spec, path, given) =>
    withServer(spec.options, given, async (session) => {
      const query = (sql: string) => given.query(sql).catch((cause) => Promise.reject(new EngineError('', { cause })))
      const ctx = { ...given, query }
      const first = await begun(session)
      const { client } = first
      const table = await tableOf(client, spec)
      const question = questionOf(spec, path, table, ctx.wanted)
      const follows = spec.options['cursor'] === undefined ? undefined : await following(client, spec, table, cursorIn(ctx.since)) // biome-ignore format: one line
      const read = await readAll(session, first, question, follows?.where ?? [], spec, ctx)
      const schema = question.columns.map(({ name, type }) => ({ name, type, nullable: true }))
      return {
        ...read,
        schema,
        ...(ctx.wanted ? { pushed: question.pushed } : {}),
        ...(follows ? { cursor: { ...follows.cursor } } : {}),
      }
    }),
}

/** Reads all rows, in the quick way first: most tables have no broken ones. */
async function readAll(
  session: Session,
  first: Begun,
  q: Question,
  more: readonly string[],
  spec: SourceSpec,
  ctx: ConnectorContext,
): Promise<Omit<SourceSnapshot, 'schema'>> {
  const ranges = rangesOf(q.table)
  const wished = Number(spec.options['connections'] ?? CONNECTIONS)
  const { client } = first
  const clients = [client, ...(await others(session, first, Math.min(wished, ranges.length) - 1))]
  // where broken rows would not show in what is carried over, they are counted first
  if (q.shows) {
    const read = await attempt(() => copied(clients, q, ranges, more, 'part', ctx))
    if ('files' in read) {
      if (!(await beyond(q, read.files, ctx))) return { ...read, rejected: {} }
      for (const f of read.files) await rm(f, { force: true })
    }
    // a failure of the batch engine has not ended the transaction
    const broken = await countBroken(client, q, more)
    if (broken === 0 && 'failed' in read) throw read.failed
    return readSound(clients, q, more, broken, spec, ctx)
  }
  return readSound(clients, q, more, await countBroken(client, q, more), spec, ctx)
}

async function attempt(work: () => Promise<Copied>): Promise<Copied | { failed: unknown }> {
  try {
    return await work()
  } catch (failed) {
    if (failed instanceof EngineError) return { failed }
    throw failed
  }
}

async function readSound(
  clients: readonly pg.Client[],
  q: Question,
  more: readonly string[],
  broken: number,
  spec: SourceSpec,
  ctx: ConnectorContext,
): Promise<Omit<SourceSnapshot, 'schema'>> {
  const [client] = clients as [pg.Client]
  const aside = broken > 0 ? await asideOf(client, q, more, broken, spec, ctx) : { rejected: {} }
  const sound = broken > 0 ? [...more, `NOT (${q.broken})`] : more
  const read = await copied(clients, q, rangesOf(q.table), sound, 'sound', ctx)
  return { ...read, hash: hashJson([read.hash, aside.rejected]), ...aside }
}

/** More connections in the snapshot of the first; none where the server does not share it: a pool stands between. */
async function others(session: Session, { snapshot }: Begun, count: number): Promise<pg.Client[]> {
  if (count < 1 || snapshot === undefined) return []
  try {
    return await Promise.all(Array.from({ length: count }, () => inSnapshot(session, snapshot)))
  } catch (cause) {
    if (!UNSHARED.test(codeOf(cause))) throw cause
    return []
  }
}
