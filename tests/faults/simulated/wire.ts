import pg from 'pg'
import type { Connections } from '../../../src/store/database.ts'
import { ownToken } from '../../../src/store/process.ts'
import { between, type Random } from '../random.ts'
import { after, never, real, START, ticks, type World, worldOf } from './time.ts'

type Query = { readonly text?: string } | string
type Answer = { readonly rowCount: number | null }

/** A server that is real, asked by one statement at a time: transactions follow each other, in an order that the simulation decides. */
export interface Server {
  /** Takes the server for a session: until its transaction ends, or for one statement. */
  run(session: Session, config: Query, values: unknown): Promise<Answer>
  /** Undoes what a session had begun, as where its connection is gone. */
  drop(session: Session): Promise<void>
  close(): Promise<void>
}

export interface Session {
  open: boolean
}

export async function serverOf(connection: pg.ClientConfig): Promise<Server> {
  const client = new pg.Client(connection)
  await client.connect()
  // statements that ask for the time are told the simulated one
  await client.query(`create schema if not exists simulated;
    create or replace function simulated.clock_timestamp() returns timestamptz language sql volatile as
      $$ select to_timestamp(current_setting('simulated.now')::float8) $$;
    set search_path = simulated, pg_catalog, public`)
  let told = -1
  let holder: Session | undefined
  const waiting: { readonly session: Session; readonly go: () => void; readonly give: (up: Error) => void }[] = []
  const take = (session: Session): Promise<void> | undefined => {
    if (holder === session) return undefined
    if (!holder) {
      holder = session
      return undefined
    }
    return new Promise((go, give) => void waiting.push({ session, go, give }))
  }
  const free = () => {
    const next = waiting.shift()
    holder = next?.session
    next?.go()
  }
  const ask = (config: Query, values: unknown): Promise<Answer> =>
    real(async () => {
      if (told !== ticks()) await client.query(`set simulated.now = '${(START + ticks()) / 1000}'`)
      told = ticks()
      return client.query(config as pg.QueryConfig, values as unknown[])
    })
  return {
    async run(session, config, values) {
      await take(session)
      const text = typeof config === 'string' ? config : (config.text ?? '')
      if (text === 'BEGIN') session.open = true
      try {
        return await ask(config, values)
      } finally {
        if (text === 'COMMIT' || text === 'ROLLBACK') session.open = false
        if (!session.open && holder === session) free()
      }
    },
    async drop(session) {
      const at = waiting.findIndex((w) => w.session === session)
      if (at >= 0) waiting.splice(at, 1)[0]?.give(gone())
      if (holder !== session) return
      if (session.open) await ask('ROLLBACK', undefined)
      session.open = false
      free()
    },
    close: () => client.end(),
  }
}

/** What lies between a process and the server. */
export interface Wire {
  /** Until when it is torn, and until when it is silent, in simulated ms. */
  torn: number
  silent: number
  /** Answers that get lost on the way back, from now on. */
  lose: number
  readonly sessions: Set<Session>
}

const gone = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })
/** ms after which a server takes a silent connection for gone. */
const KEPT = 2000

/** What a process is for the store: all of them are in one, and each is to be taken for that of a machine of its own. */
export const ownerOf = ({ name }: World): string => `${name}:1:1`
const named = (values: unknown, world: World | undefined): unknown =>
  world && Array.isArray(values) ? values.map((v) => (v === ownToken() ? ownerOf(world) : v)) : values

/** The connections of a process over its wire. */
export function connectionsOver(
  server: Server,
  wire: Wire,
  random: Random,
): Connections & { query: Connection['query'] } {
  const connect = async (): Promise<pg.PoolClient> => {
    const made = new Connection(server, wire, random)
    return Object.assign(made, { release: () => void wire.sessions.delete(made.session) }) as unknown as pg.PoolClient
  }
  return { connect, end: async () => {}, query: async (config, values) => new Connection(server, wire, random).query(config, values) } // biome-ignore format: one line
}

class Connection {
  readonly session: Session = { open: false }
  #broken = false
  readonly #server: Server
  readonly #wire: Wire
  readonly #random: Random
  constructor(server: Server, wire: Wire, random: Random) {
    ;[this.#server, this.#wire, this.#random] = [server, wire, random]
    wire.sessions.add(this.session)
  }

  async query(config: Query, values?: unknown): Promise<Answer> {
    const world = worldOf()
    await this.#way()
    const answer = await this.#server.run(this.session, config, named(values, world)).then(
      (found) => ({ found }),
      (error: unknown) => ({ error }),
    )
    if (world && !world.alive) {
      await this.#server.drop(this.session)
      return never()
    }
    if (this.#wire.lose > 0) {
      this.#wire.lose--
      await this.#break()
    }
    await this.#way()
    if ('error' in answer) throw answer.error
    return answer.found
  }

  /** One way, in its time. @throws where the wire is torn, or fell silent and the server let go */
  async #way(): Promise<void> {
    await after(between(this.#random, 1, 4) / 4)
    const { torn, silent } = this.#wire
    if (this.#broken || torn > ticks()) await this.#break()
    if (silent <= ticks()) return
    // what was sent arrives once the wire speaks again, where the server waited so long
    await after(Math.min(silent - ticks(), KEPT))
    if (this.#wire.silent <= ticks()) return
    await this.#server.drop(this.session)
    await after(this.#wire.silent - ticks())
    await this.#break()
  }

  async #break(): Promise<never> {
    this.#broken = true
    await this.#server.drop(this.session)
    throw gone()
  }
}
