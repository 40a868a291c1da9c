import { execFile, spawn } from 'node:child_process'
import { GalleyError } from '../../base/errors.ts'
import { redacted } from '../../base/redact.ts'
import type { ProcessLimits } from '../specs.ts'
import { kinOf } from './kin.ts'
import { BoundedLog, lastLines } from './log.ts'

/** ms between two looks at what a process takes. */
export const LOOK = 200
/** ms that it may take to end by itself once it is asked to. */
const GRACE = 500
/** ms that is waited for the last of what it said. */
const DRAIN = 1000
/** What a shell, or a container, ends with that was killed. */
const KILLED = 137
/** Lines of its log that an error shows. */
const SHOWN = 20

/** A command that is to be run: plain data. */
export interface Command {
  readonly command: readonly string[]
  readonly cwd: string
  /** Where the pipe may lie that what it says goes through. */
  readonly said: string
  readonly env: Readonly<Record<string, string>>
  /** The variable of `env` that no other process has: what is left of it is found by that. */
  readonly mark: string
  readonly limits: ProcessLimits
  /** A command that ends what it began and that is no process of this machine's. */
  readonly after?: readonly string[]
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  /** Why it did not end well. */
  readonly why?: string
  /** Whether somebody asked for its end. */
  readonly cancelled: boolean
  /** What it said, secrets too. */
  readonly log: string
}

/** Runs a command until it ends; `look` is called while it runs. */
export type Begin = (command: Command, signal: AbortSignal, look: () => void) => Promise<Ended>

/**
 * Begins a shell that ends with whoever started it: a process of its own reads from a pipe until this process is gone, and then kills the session. The command takes the
 * shell's place. What it says goes through a named pipe: Node's own are sockets, which no program can open as /dev/stdout.
 */
const wrapped = (
  after: readonly string[],
) => `( ( read _ <&3; ${after.map(quoted).join(' ')}; kill -KILL -$$ ) >/dev/null 2>&1 & )
said=$1; shift; mkfifo "$said" || exit 126
( trap '' TERM; exec cat "$said" 3<&- & )
exec 3<&- >"$said" 2>&1; exec "$@"`

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
/** ms that `after` may take. */
const AFTER = 20_000

/** Runs what ends the rest of it, which may be over by then. */
const ends = ([program, ...words]: readonly string[], env: Command['env']) =>
  new Promise<void>((resolve) => execFile(program as string, words, { env, timeout: AFTER }, () => resolve()))

/** Runs a command until it ends, within limits, in a session of its own. Nothing that it started is left. */
export const begin: Begin = async (s, signal, look) => {
  const log = new BoundedLog()
  const child = spawn('/bin/sh', ['-c', wrapped(s.after ?? [':']), 'sh', s.said, ...s.command], {
    ...{ cwd: s.cwd, env: s.env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const session = child.pid as number
  const kin = kinOf(session, s.mark)
  const said = [child.stdout, child.stderr].map((stream) => {
    stream?.on('data', (piece: Buffer) => log.add(piece))
    return new Promise((resolve) => stream?.once('close', resolve))
  })
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  let why: string | undefined
  const kill = (by: NodeJS.Signals) => {
    try {
      process.kill(-session, by)
    } catch {
      // it is gone
    }
  }
  const stop = (because: string) => {
    why ??= because
    kill('SIGTERM')
    setTimeout(kill, GRACE, 'SIGKILL').unref()
  }
  const cancelled = () => stop('cancelled')
  const began = performance.now()
  const { seconds = Infinity, cpuSeconds = Infinity, memoryMiB = Infinity } = s.limits
  const timer = setInterval(() => {
    look()
    if (performance.now() - began > seconds * 1000) return stop(`it was not done after ${seconds} s`)
    // memory of a container is the engine's to limit: what is seen from here has the engine's own in it
    const most = s.after ? Infinity : memoryMiB
    if (cpuSeconds === Infinity && most === Infinity) return
    const now = kin.taken()
    if (now.bytes > most * 2 ** 20) stop(`it took more than ${memoryMiB} MiB of memory`)
    else if (now.cpuSeconds > cpuSeconds) stop(`it took more than ${cpuSeconds} s of processor time`)
  }, LOOK)
  signal.addEventListener('abort', cancelled)
  if (signal.aborted) cancelled()
  try {
    const { code, by } = await new Promise<{ code: number | null; by: string | null }>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, by) => resolve({ code, by }))
    })
    // what it has written before it ended comes; who still holds its pipes is not waited for
    await Promise.race([Promise.all(said), new Promise((resolve) => setTimeout(resolve, DRAIN).unref())])
    if (s.after && code === KILLED && memoryMiB !== Infinity)
      why ??= `it was killed, as where it takes more than ${memoryMiB} MiB of memory`
    if (code !== 0) why ??= by ? `it was ended by ${by}` : `it ended with code ${code}`
    return { code, cancelled: why === 'cancelled', log: log.text(), ...(why === undefined ? {} : { why }) }
  } catch (thrown) {
    return { code: null, cancelled: false, log: log.text(), why: (thrown as Error).message }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', cancelled)
    kill('SIGKILL')
    if (s.after) await ends(s.after, s.env)
    kin.end()
    for (const stream of child.stdio) stream?.destroy()
  }
}

/** What a shell ends with that finds no such command. */
const MISSING = 127
const NO_COMMAND = 'name a command that its image has'
/** What an engine of containers ends with that could not run one, or not the command. */
const FIXES_WITHIN: Readonly<Record<number, string>> = {
  125: 'see what the engine said: it could not run the container',
  126: 'see what the engine said: it could not begin the command',
  [MISSING]: NO_COMMAND,
}

/** What a program said that ended well, without secrets. @throws STEP_FAILED, CANCELLED */
export function heardOf(
  of: { run: number; step: string; command: readonly string[] },
  ended: Ended,
  inContainer: boolean,
): string {
  const log = redacted(ended.log)
  if (ended.cancelled) throw new GalleyError('CANCELLED', { what: `the program of '${of.step}' was ended` })
  if (ended.why === undefined) return log
  const fix = inContainer
    ? FIXES_WITHIN[ended.code ?? 0]
    : ended.code === MISSING
      ? 'install the command, or name it by its path'
      : undefined
  throw new ProgramFailed(of, ended.why, log, { code: ended.code, fix })
}

/** A program that failed, with all that it said: an error shows the end of it alone. */
export class ProgramFailed extends GalleyError {
  readonly log: string

  constructor(
    s: { readonly run: number; readonly step: string; readonly command: readonly string[] },
    why: string,
    log: string,
    { code, fix }: { readonly code: number | null; readonly fix: string | undefined },
  ) {
    const said = lastLines(log, SHOWN)
    super('STEP_FAILED', {
      what: `the program of '${s.step}' failed: ${s.command[0]}`,
      why: said === '' ? `${why}; it said nothing` : `${why}; the last that it said:\n${said}`,
      fix: fix ?? `read all of it: galley runs log ${s.run} ${s.step}`,
      details: { step: s.step, code },
    })
    this.log = log
  }
}
