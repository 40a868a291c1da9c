import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { GalleyError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import { codeOf, failure } from '../failures.ts'
import { takeLock } from '../lock.ts'
import { fileNameOf, isAlive, ownToken, tokenIn } from '../process.ts'
import { findBinaries } from './binaries.ts'
import { chooseIdentity, type Identity } from './identity.ts'
import { checkMajor, initialise, launch } from './launch.ts'
import { postmasterPid, stop } from './postmaster.ts'

/** How to reach a PostgreSQL server, as `pg` takes it. */
export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** A share in the embedded server of one data folder. */
export interface ServerShare {
  readonly connection: Connection
  /** Starts the server again if it is gone. */
  ensure(): Promise<void>
  /** The server's process id, while it runs. */
  pid(): number | undefined
  /** Gives the share back; the last one stops the server. */
  close(): Promise<void>
}

const PORT = 5432
const PATIENCE_MS = 120_000
/** Longest path of a socket: 108 bytes with the final zero, 104 on macOS. */
const SOCKET_PATH = process.platform === 'darwin' ? 103 : 107

/**
 * Joins the server of `folder` (the data folder's `postgres/`), starting it when it does not run. Any number of processes
 * may join; joining and leaving happen one at a time, under a lock, so the last one to leave knows that it is.
 * @param log the file that gets what the server says
 * @param beside folders that only a database knows how to read: with files in them, no new database is made
 * @throws STORE_CORRUPT, STORE_UNAVAILABLE, STORE_CONFLICT, DISK_FULL
 */
export async function joinServer(folder: string, log: string, beside: readonly string[] = []): Promise<ServerShare> {
  const data = join(folder, 'data')
  const users = join(folder, 'users')
  const mine = join(users, fileNameOf(ownToken(), newId().slice(0, 8)))
  let identity: Identity | undefined
  makeUsers(users)
  const socket = socketFolder(folder)
  const connection: Connection = { host: socket, port: PORT, user: 'galley', database: 'postgres' }
  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = await takeLock(join(folder, 'lock'), PATIENCE_MS)
    try {
      return await work()
    } finally {
      release()
    }
  }
  const run = async () => {
    writeFileSync(mine, '')
    if (await answers(connection)) return
    if (await settles(data, connection)) return
    const isNew = checkData(data, beside)
    identity ??= await chooseIdentity(findBinaries(), folder, data)
    prepareSocket(socket, identity)
    if (isNew) await initialise(identity, folder, data, log)
    await launch(identity, data, socket, log, () => answers(connection))
  }
  try {
    await locked(run)
  } catch (error) {
    rmSync(mine, { force: true })
    throw failure(error, 'the embedded database could not be started')
  }
  let closed = false
  return {
    connection,
    ensure: async () => {
      if (!closed) await locked(run)
    },
    pid: () => postmasterPid(data),
    async close() {
      if (closed) return
      closed = true
      await locked(async () => {
        rmSync(mine, { force: true })
        if (others(users) === 0) await stop(data)
      })
    },
  }
}

function makeUsers(users: string): void {
  try {
    mkdirSync(users, { recursive: true })
  } catch (error) {
    throw failure(error, `${users} can't be the folder of those who use the embedded database`)
  }
}

/**
 * Whether a database has to be made. Not where one has been: what the folders beside it hold would look as if it had
 * never been. @throws STORE_CORRUPT, STORE_FORMAT_NEWER
 */
function checkData(data: string, beside: readonly string[]): boolean {
  const there = statSync(data, { throwIfNoEntry: false })
  if (there && !there.isDirectory())
    throw new GalleyError('STORE_CORRUPT', {
      what: 'the embedded database is not where it belongs',
      why: `${data} is a file`,
      fix: 'restore the folder of that name from a backup',
    })
  if (existsSync(join(data, 'PG_VERSION'))) {
    checkMajor(data)
    return false
  }
  if (there && readdirSync(data).length > 0)
    throw new GalleyError('STORE_CORRUPT', {
      what: 'the embedded database is damaged',
      why: `${data} has no PG_VERSION, but other files`,
      fix: 'restore the data folder from a backup',
    })
  const left = beside.find(holdsFile)
  if (left === undefined) return true
  throw new GalleyError('STORE_CORRUPT', {
    what: 'the database of this data folder is gone, while what it describes is there',
    why: `there is no database in ${data}, and there are files in ${left}`,
    fix: `restore the database from a backup (or name the one that was used in GALLEY_DATABASE_URL); to begin anew, move ${beside.join(' and ')} away`,
  })
}

/** Whether there is any file in the folder or those below; folders alone are no one's work. */
function holdsFile(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).some(
    (entry) => !entry.isDirectory() || holdsFile(join(folder, entry.name)),
  )
}

/** Beside the database, or, when that path is too long for a socket, under the system's temporary folder. */
function socketFolder(folder: string): string {
  const near = join(folder, 'run')
  const name = `.s.PGSQL.${PORT}`
  if (Buffer.byteLength(join(near, name)) <= SOCKET_PATH) return near
  const short = `galley-${process.getuid?.() ?? 0}-${sha256(folder).slice(0, 12)}`
  const far = join(tmpdir(), short)
  return Buffer.byteLength(join(far, name)) <= SOCKET_PATH ? far : join('/tmp', short)
}

/** Only the server's user (and root) may enter the socket's folder: that is what guards the database. */
function prepareSocket(socket: string, identity: Identity): void {
  mkdirSync(socket, { recursive: true, mode: 0o700 })
  const { uid } = lstatSync(socket)
  const me = process.getuid?.() ?? 0
  const user = identity.user
  if (uid !== me && uid !== user?.uid)
    throw new GalleyError('STORE_UNAVAILABLE', {
      what: 'the folder of the database socket belongs to another user',
      why: `${socket} was made by user ${uid}`,
      fix: 'remove it, or point GALLEY_HOME at a shorter path',
    })
  if (user) chownSync(socket, user.uid, user.gid)
}

/** Whether the server accepts a connection now. */
async function answers(connection: Connection): Promise<boolean> {
  if (!existsSync(join(connection.host, `.s.PGSQL.${connection.port}`))) return false
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A server that is starting, recovering or stopping: waits until it answers (true) or is gone (false). */
async function settles(data: string, connection: Connection): Promise<boolean> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 10) {
    const pid = postmasterPid(data)
    if (pid === undefined) return false
    if (await answers(connection)) return true
    await sleep(10)
  }
  throw new GalleyError('STORE_UNAVAILABLE', {
    what: 'the embedded database does not answer',
    why: `process ${postmasterPid(data)} has been starting, recovering or stopping for ${PATIENCE_MS / 1000} s`,
    fix: 'look into logs/postgres.log in the data folder; end that process if it hangs',
  })
}

/** How many other processes (or other stores of this one) share the server; forgets those that died. */
function others(users: string): number {
  let living = 0
  for (const name of readdirSync(users)) {
    if (isAlive(tokenIn(name))) living++
    else rmSync(join(users, name), { recursive: true, force: true })
  }
  return living
}
