import { spawn } from 'node:child_process'
import { GalleyError } from '../../base/errors.ts'
import type { ProcessLimits } from '../specs.ts'
import { endLeft, taken } from './left.ts'
import { BoundedLog, lastLines } from './log.ts'

/** ms between two looks at what a process takes. */
const LOOK = 200
/** ms that it may take to end by itself once it is asked to. */
const GRACE = 500
/** ms that is waited for the last of what it said. */
const DRAIN = 1000
/** Lines of its log that an error shows. */
const SHOWN = 20

export interface Started {
  readonly run: number
  readonly step: string
  readonly command: readonly string[]
  readonly cwd: string
  /** Where the pipe may lie that what it says goes through. */
  readonly said: string
  readonly env: Readonly<Record<string, string>>
  /** The variable of `env` that no other process has: what is left of it is found by that. */
  readonly mark: string
  readonly limits: ProcessLimits
  readonly signal: AbortSignal
  /** Called while it runs. */
  readonly look?: () => void
}

/**
 * Begins a shell that ends with whoever started it: a process of its own reads from a pipe until this process is gone, and then kills the session. The command takes the
 * shell's place. What it says goes through a named pipe: Node's own are sockets, which no program can open as /dev/stdout.
 */
const WRAPPED = `( ( read _ <&3; kill -KILL -$$ ) >/dev/null 2>&1 & )
said=$1; shift; mkfifo "$said" || exit 126
( trap '' TERM; exec cat "$said" 3<&- & )
exec 3<&- >"$said" 2>&1; exec "$@"`

/** Runs a command until it ends, within limits, in a session of its own. Nothing that it started is left. @throws STEP_FAILED, CANCELLED */
export async function runCommand(s: Started): Promise<{ readonly log: string }> {
  const log = new BoundedLog()
  const child = spawn('/bin/sh', ['-c', WRAPPED, 'sh', s.said, ...s.command], {
    ...{ cwd: s.cwd, env: s.env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const session = child.pid as number
  const said = [child.stdout, child.stderr].map((stream) => {
    stream?.on('data', (piece: Buffer) => log.add(piece))
    return new Promise((resolve) => stream?.once('close', resolve))
  })
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  let why: string | undefined
  const kill = (signal: NodeJS.Signals) => {
    try {
      process.kill(-session, signal)
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
    s.look?.()
    if (performance.now() - began > seconds * 1000) return stop(`it was not done after ${seconds} s`)
    if (cpuSeconds === Infinity && memoryMiB === Infinity) return
    const now = taken(session)
    if (now.bytes > memoryMiB * 2 ** 20) stop(`it took more than ${memoryMiB} MiB of memory`)
    else if (now.cpuSeconds > cpuSeconds) stop(`it took more than ${cpuSeconds} s of processor time`)
  }, LOOK)
  s.signal.addEventListener('abort', cancelled)
  if (s.signal.aborted) cancelled()
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    // what it has written before it ended comes; who still holds its pipes is not waited for
    await Promise.race([Promise.all(said), new Promise((resolve) => setTimeout(resolve, DRAIN).unref())])
    if (code === 0 && why === undefined) return { log: log.text() }
    if (why === 'cancelled') throw new GalleyError('CANCELLED', { what: `the program of '${s.step}' was ended` })
    throw new ProgramFailed(
      s,
      why ?? (signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
      log.text(),
      code,
    )
  } catch (thrown) {
    if (thrown instanceof GalleyError) throw thrown
    throw new ProgramFailed(s, (thrown as Error).message, log.text(), null)
  } finally {
    clearInterval(timer)
    s.signal.removeEventListener('abort', cancelled)
    kill('SIGKILL')
    endLeft(s.mark)
    for (const stream of child.stdio) stream?.destroy()
  }
}

/** A program that failed, with all that it said: an error shows the end of it alone. */
export class ProgramFailed extends GalleyError {
  readonly log: string

  constructor(s: Started, why: string, log: string, code: number | null) {
    const said = lastLines(log, SHOWN)
    super('STEP_FAILED', {
      what: `the program of '${s.step}' failed: ${s.command[0]}`,
      why: said === '' ? `${why}; it said nothing` : `${why}; the last that it said:\n${said}`,
      fix:
        code === 127
          ? 'install the command, or name it by its path'
          : `read all of it: galley runs log ${s.run} ${s.step}`,
      details: { step: s.step, code },
    })
    this.log = log
  }
}
