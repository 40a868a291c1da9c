import pg from 'pg'
import { drizzle, type NodePgDatabase, sql } from './drizzle.ts'
import { codeOf, failure, isConnectionLoss } from './failures.ts'

/** What statements are built on: the pool, or one connection within a transaction. */
export type Queries = NodePgDatabase<Record<string, never>>

/** The database as the accessors see it. Whatever fails comes out as a GalleyError. */
export interface Database {
  /** Milliseconds since 1970 UTC, for what is stored as a time of day; leases use the database's own clock. */
  now(): number
  /** Runs statements that change nothing; they are run again when the connection was lost. */
  read<T>(what: string, work: (q: Queries) => PromiseLike<T>): Promise<T>
  /** Runs statements that take effect together or not at all. After a lost connection the outcome is unknown. */
  write<T>(what: string, work: (q: Queries) => PromiseLike<T>): Promise<T>
  /** The same for one statement, which needs no transaction around it. */
  statement<T>(what: string, work: (q: Queries) => PromiseLike<T>): Promise<T>
}

/** The database's own clock, ms since 1970 UTC: what is due is due by it, however far a client's is off. */
export async function clockOf(q: Queries): Promise<number> {
  const { rows } = await q.execute<{ ms: number }>(
    sql`select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as ms`,
  )
  return rows[0]?.ms ?? Number.NaN
}

export interface DatabasePool extends Database {
  /** One transaction for all that `work` does through the database it is given. Deadlocks run it again. */
  transaction<T>(what: string, work: (tx: Database) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Where connections come from. */
export interface Connections {
  connect(): Promise<pg.PoolClient>
  end(): Promise<void>
}

export interface DatabaseOptions {
  /** Of a server, by its URL or the embedded one's address; or connections that are had otherwise. */
  readonly connection: pg.PoolConfig | Connections
  /** Brings the server back when it does not accept connections; absent for a server that is not ours. */
  readonly ensure?: () => Promise<void>
  readonly now: () => number
  /** The data folder, asked for room when the server went away. */
  readonly home?: string
}

const ATTEMPTS = 4
/** Connections of one process. The embedded server takes 64 in all. */
const POOL = 6

/** What builds statements of a connection, made once for each. */
const builders = new WeakMap<pg.PoolClient, Queries>()
function queriesOf(client: pg.PoolClient): Queries {
  const made = builders.get(client) ?? drizzle(client)
  builders.set(client, made)
  return made
}

function poolOf(connection: pg.PoolConfig): Connections {
  const pool = new pg.Pool({ max: POOL, connectionTimeoutMillis: 15_000, ...connection })
  pool.on('error', () => undefined) // an idle connection that broke is replaced at the next use
  pool.on('connect', (client) => void client.on('error', () => undefined)) // the statement on it fails by itself
  return pool
}

export function openDatabase(options: DatabaseOptions): DatabasePool {
  const { connection } = options
  const pool = 'connect' in connection ? connection : poolOf(connection)
  const failed = (error: unknown, what: string) => failure(error, what, options.home)

  const connect = async (): Promise<pg.PoolClient> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await pool.connect()
      } catch (error) {
        if (attempt === ATTEMPTS || !options.ensure || !isConnectionLoss(error)) throw error
        await options.ensure()
      }
    }
  }

  /** One connection for `work`; a broken one is thrown away. */
  const using = async <T>(work: (client: pg.PoolClient) => PromiseLike<T>): Promise<T> => {
    const client = await connect()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      client.release(isConnectionLoss(error))
      throw error
    }
  }

  const inTransaction = <T>(work: (q: Queries) => PromiseLike<T>): Promise<T> =>
    using(async (client) => {
      await client.query('BEGIN')
      try {
        const result = await work(queriesOf(client))
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    })

  const again = async <T>(what: string, when: (error: unknown) => boolean, work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (attempt === ATTEMPTS || !when(error)) throw failed(error, what)
      }
    }
  }
  /** Deadlock or serialisation failure: PostgreSQL has undone it and asks to try again. */
  const undone = (error: unknown) => /^40/.test(codeOf(error) ?? '')

  return {
    now: options.now,
    read: (what, work) => again(what, isConnectionLoss, () => using((client) => work(queriesOf(client)))),
    write: (what, work) => again(what, undone, () => inTransaction(work)),
    statement: (what, work) => again(what, undone, () => using((client) => work(queriesOf(client)))),
    transaction: (what, work) =>
      again(what, undone, () =>
        inTransaction((q) => {
          const inside = async <T>(name: string, part: (q: Queries) => PromiseLike<T>): Promise<T> => {
            try {
              return await part(q)
            } catch (error) {
              // a failure to be tried again must reach the outer loop as it is
              throw undone(error) ? error : failed(error, name)
            }
          }
          return work({ now: options.now, read: inside, write: inside, statement: inside })
        }),
      ),
    close: () => pool.end(),
  }
}
