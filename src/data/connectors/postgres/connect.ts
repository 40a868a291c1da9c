import type pg from 'pg'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { remember } from '../../../base/redact.ts'
import type { Secret } from '../../../base/secrets.ts'
import type { Option, ReachContext } from '../connector.ts'
import { failureOf } from './failure.ts'

/** A server by its parts; the password is a secret. */
export interface PostgresAddress {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port?: number
  readonly database: string
  readonly user: string
  readonly password?: Secret
}

/** How the connection is encrypted: not at all, without looking at the certificate, or with the certificate checked. */
export type PostgresTls = 'off' | 'unchecked' | 'verified'

/** Where a server is, ready for the client. */
export type Target = pg.ClientConfig & { readonly host: string }

type Options = Readonly<Record<string, Option | undefined>>

/** The client is loaded when the first server is asked: every command loads this file. */
const clientOf = async () => (await import('pg')).default.Client

const CONNECT_MS = 10_000
const CANCEL_MS = 1000
/** What of a session the text of values depends on. */
const SETTINGS =
  "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET lc_monetary = 'C'"

const isSecret = (value: unknown): value is Secret =>
  typeof value === 'object' && value !== null && typeof (value as Secret).secret === 'string'

/** The server that the options name. @throws RECIPE_INVALID, SECRET_UNKNOWN */
export function targetOf(options: Options, ctx: Pick<ReachContext, 'secret'>): Target {
  const given = options['connection']
  const { mode, ...at } = isSecret(given) ? fromUrl(ctx.secret(given), given.secret) : fromParts(given, ctx)
  const local = at.host.startsWith('/') || at.host === 'localhost' || at.host === '127.0.0.1' || at.host === '::1'
  const tls = options['tls'] ?? mode ?? (local ? 'off' : 'verified')
  const ca = isSecret(options['ca']) ? ctx.secret(options['ca']) : options['ca']
  const checked = { rejectUnauthorized: true, ...(typeof ca === 'string' ? { ca } : {}) }
  const ssl = tls === 'off' ? false : tls === 'unchecked' ? { rejectUnauthorized: false } : checked
  return { ...at, ssl, connectionTimeoutMillis: CONNECT_MS, keepAlive: true, application_name: 'galley' }
}

type Parts = Target & { mode?: PostgresTls | undefined }

const MODES: Readonly<Record<string, PostgresTls>> = {
  disable: 'off',
  require: 'unchecked',
  'verify-ca': 'verified',
  'verify-full': 'verified',
}

function fromUrl(text: string, name: string): Parts {
  let url: URL
  try {
    // a socket's folder may stand in place of the host
    url = new URL(text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?])/, '$1localhost'))
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new Error('another scheme')
    const password = decodeURIComponent(url.password)
    if (password.length >= 4) remember(password)
    const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1')
    return {
      host: host || 'localhost',
      port: Number(url.port || 5432),
      database: decodeURIComponent(url.pathname.slice(1)),
      user: decodeURIComponent(url.username),
      password,
      mode: MODES[url.searchParams.get('sslmode') ?? ''],
    }
  } catch {
    // the cause would tell the address, and with it the password
    throw new GalleyError('SECRET_INVALID', {
      what: `the secret '${name}' is no address of a PostgreSQL server`,
      why: 'it does not have the form of one',
      fix: 'set it to postgres://USER:PASSWORD@HOST:PORT/DATABASE, with what is special in a password written as %XX',
    })
  }
}

function fromParts(given: Option | undefined, ctx: Pick<ReachContext, 'secret'>): Parts {
  const { host, port, database, user, password } = (given ?? {}) as Options
  if (typeof host !== 'string' || typeof database !== 'string' || typeof user !== 'string')
    throw new GalleyError('RECIPE_INVALID', {
      what: 'postgres() is not told which server to read',
      why: 'connection is a secret that holds an address, or { host, database, user, password }',
      fix: "for instance { connection: secret('SHOP_DB') }",
    })
  if (password !== undefined && !isSecret(password))
    throw new GalleyError('RECIPE_INVALID', {
      what: 'postgres() is given a password as it stands',
      why: 'a recipe is kept and shown; what is secret stands in it by its name only',
      fix: "say password: secret('SHOP_DB_PASSWORD'), and set GALLEY_SECRET_SHOP_DB_PASSWORD",
    })
  return {
    host,
    port: typeof port === 'number' ? port : 5432,
    database,
    user,
    ...(password ? { password: ctx.secret(password) } : {}),
  }
}

/** Connections to one server that are given up together. */
export interface Session {
  /** A connection, with the settings that the text of values depends on. */
  open(): Promise<pg.Client>
  /** Ends all of them; what is still asked is cancelled at the server. */
  close(): Promise<void>
}

/**
 * Runs `work` with connections of its own. When the signal fires, whatever they are doing is cancelled at the server too.
 * @throws SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_MISSING, SOURCE_BROKEN, CANCELLED
 */
export async function withServer<T>(
  options: Options,
  ctx: Pick<ReachContext, 'secret' | 'signal'>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  throwIfAborted(ctx.signal)
  const target = targetOf(options, ctx)
  const seconds = options['timeout']
  const timeout = typeof seconds === 'number' ? `; SET statement_timeout = ${Math.ceil(seconds * 1000)}` : ''
  const clients: pg.Client[] = []
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= giveUp(target, clients.splice(0))
    return closing
  }
  const stop = () => void close()
  ctx.signal.addEventListener('abort', stop)
  const session: Session = {
    close,
    async open() {
      throwIfAborted(ctx.signal)
      const client = new (await clientOf())(target)
      // a connection that ends is told by the query that was on it
      client.on('error', () => undefined)
      clients.push(client)
      await client.connect()
      await client.query(SETTINGS + timeout)
      return client
    },
  }
  try {
    return await work(session)
  } catch (cause) {
    throwIfAborted(ctx.signal)
    throw failureOf(cause, target)
  } finally {
    ctx.signal.removeEventListener('abort', stop)
    await close()
  }
}

interface Busy {
  readonly processID?: number | null
  readonly _activeQuery?: unknown
}

/** Ends connections. Those that are still at work are cancelled from another one, since a server notices a lost one late. */
async function giveUp(target: Target, clients: readonly pg.Client[]): Promise<void> {
  const busy = clients.flatMap((c) => {
    const { processID, _activeQuery } = c as unknown as Busy
    return processID && _activeQuery ? [processID] : []
  })
  if (busy.length > 0) {
    const other = new (await clientOf())({ ...target, connectionTimeoutMillis: CANCEL_MS })
    other.on('error', () => undefined)
    try {
      await other.connect()
      await other.query('SELECT pg_cancel_backend(p) FROM unnest($1::int[]) AS p', [busy])
    } catch {
      // the connections are cut below
    } finally {
      void other.end().catch(() => undefined)
    }
  }
  for (const client of clients) {
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
    if ((client as unknown as Busy).processID && !busy.includes((client as unknown as Busy).processID as number))
      await client.end().catch(() => undefined)
    else stream.destroy()
  }
}
