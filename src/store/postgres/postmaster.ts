import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The server's process, when it lives. A pid file left behind by a killed one may name a process that took the number
 * since, also another data folder's server; the file is then made to name none, or PostgreSQL would refuse to start.
 */
export function postmasterPid(data: string): number | undefined {
  const file = join(data, 'postmaster.pid')
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return undefined
  }
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isInteger(pid) || pid === 0 || !exists(pid)) return undefined
  if (isServer(pid, data)) return pid
  // the rest of the file stays: it names the shared memory that tells of surviving children
  writeFileSync(file, [String(NO_SUCH_PID), ...lines.slice(1)].join('\n'))
  return undefined
}

/** Larger than any pid that Linux (2²²) or macOS hands out. */
const NO_SUCH_PID = 99_999_999

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Whether that process is the server of this data folder. It works in its data folder, which tells also after a folder was
 * moved; where that may not be looked at, its command line names the folder.
 */
function isServer(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return true
  let command: string[]
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (!/\((postgres|setpriv)\) [^ZX]/.test(state)) return false
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return false
  }
  const own = placeOf(data)
  const worksIn = placeOf(`/proc/${pid}/cwd`)
  if (worksIn !== undefined) return worksIn === own
  const at = command.indexOf('-D')
  const named = at < 0 ? undefined : placeOf(command[at + 1] ?? '')
  return named === undefined || named === own
}

/** Which folder it is, whatever its path; undefined when that can't be told. */
function placeOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/** Fast shutdown: open transactions are rolled back, everything committed is kept. */
export async function stop(data: string): Promise<void> {
  const pid = postmasterPid(data)
  if (pid === undefined) return
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5000],
  ] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    for (let waited = 0; waited < patience; waited += 5) {
      if (postmasterPid(data) !== pid) return
      await sleep(5)
    }
  }
}
