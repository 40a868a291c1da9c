import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { failure, isFull } from '../failures.ts'
import { syncFolder } from '../files.ts'
import type { Identity } from './identity.ts'

/** The major version of the programs that come with this release; a data folder of another one is refused. */
const MAJOR = '18'

/** Small and quiet: the product as a whole stays within 2 GiB, and one machine's few processes are the only clients. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '64',
  shared_buffers: '24MB',
  work_mem: '4MB',
  maintenance_work_mem: '16MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '128MB',
  min_wal_size: '16MB',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  jit: 'off',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  autovacuum_naptime: '60s',
}

/** Environment of the server: nothing of ours is inherited. */
const ENVIRONMENT: Readonly<Record<string, string>> = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

function start(identity: Identity, program: string, args: readonly string[], log: string, cwd: string): ChildProcess {
  const output = openSync(log, 'a')
  try {
    const { file, args: all } = identity.command(join(identity.binaries, 'bin', program), args)
    return spawn(file, all, {
      cwd,
      env: ENVIRONMENT,
      stdio: ['ignore', output, output],
      detached: true,
      ...(file.endsWith('setpriv') ? {} : identity.user),
    })
  } finally {
    closeSync(output)
  }
}

/** @throws STORE_FORMAT_NEWER when the database was made by another major version */
export function checkMajor(data: string): void {
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (found === MAJOR) return
  throw new GalleyError('STORE_FORMAT_NEWER', {
    what: 'the embedded database is of another version',
    why: `${data} was made by PostgreSQL ${found}, this release brings ${MAJOR}`,
    fix: 'export with the release that made it and import with this one',
  })
}

/** Makes the database's folder; a half-made one never gets its name. */
export async function initialise(identity: Identity, folder: string, data: string, log: string): Promise<void> {
  const draft = join(folder, `.data-${newId().slice(0, 8)}`)
  try {
    mkdirSync(draft, { mode: 0o700 })
    if (identity.user) chownSync(draft, identity.user.uid, identity.user.gid)
    const args = ['-D', draft, '-U', 'galley', '-E', 'UTF8', '--locale=C', '--locale-provider=builtin']
    args.push('--builtin-locale=C.UTF-8', '--auth=trust', '--no-instructions', '--wal-segsize=4')
    args.push('--no-clean') // or a full disk would have room again before it is looked at
    const before = sizeOf(log)
    const code = await ended(start(identity, 'initdb', args, log, folder))
    if (code !== 0)
      throw broken('the embedded database could not be made', `initdb ended with code ${code}`, log, before)
    renameSync(draft, data)
    await syncFolder(folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw failure(error, 'the embedded database could not be made')
  }
}

/** Starts the server and waits until `ready` answers true. The server outlives this process until someone stops it. */
export async function launch(
  identity: Identity,
  data: string,
  socket: string,
  log: string,
  ready: () => Promise<boolean>,
): Promise<void> {
  if (sizeOf(log) > 4 << 20) renameSync(log, `${log}.1`)
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: `"${socket.replaceAll('"', '""')}"` })
  const args = ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  for (let attempt = 1; ; attempt++) {
    const before = sizeOf(log)
    const child = start(identity, 'postgres', args, log, data)
    let code: number | undefined
    const end = ended(child).then((c) => {
      code = c
    })
    child.unref()
    for (let waited = 0; waited < 120_000; waited += 5) {
      if (await ready()) return
      if (code !== undefined) break
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 5))])
    }
    // after kill -9 of the former server its children need a moment to leave the shared memory
    const why = said(log, before)
    const retry = /shared memory block .* is still in use|lock file .* already exists/s.test(why) && attempt < 40
    if (!retry) throw broken('the embedded database did not start', `it ended with code ${code ?? 'none'}`, log, before)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)))
  })
}

/** What went wrong, by what was said since the log had `before` bytes; a full disk may not even take those words. */
function broken(what: string, how: string, log: string, before: number): GalleyError {
  const words = said(log, before)
  const last = words.split('\n').slice(-4).join(' | ')
  if (/no space left|quota exceeded/i.test(words) || isFull(dirname(log)))
    return failure(Object.assign(new Error(last || how), { code: 'ENOSPC' }), what)
  return new GalleyError('STORE_UNAVAILABLE', {
    what,
    why: `${how}; it said: ${last || '(nothing)'}`,
    fix: `see ${log}; GALLEY_DATABASE_URL uses a PostgreSQL server instead`,
  })
}

const sizeOf = (log: string): number => statSync(log, { throwIfNoEntry: false })?.size ?? 0

/** What was added to the log since it had `before` bytes. */
function said(log: string, before: number): string {
  try {
    return readFileSync(log).subarray(before).toString('utf8').trimEnd()
  } catch {
    return ''
  }
}
