import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Which process, for as long as machines run: its host (and process namespace), its id, and when it started, so that an
 * id used again by another process is not taken for the first. One word without spaces.
 */
export type ProcessToken = string

/** A token as the name of a file of its process, with room for more after a space. */
export const fileNameOf = (token: ProcessToken, more: string): string => `${encodeURIComponent(token)} ${more}`

/** The token in such a name; '' (which no process has) in a name of another kind. */
export function tokenIn(fileName: string): ProcessToken {
  try {
    return decodeURIComponent(fileName.split(' ')[0] ?? '')
  } catch {
    return ''
  }
}

/** This process. */
export function ownToken(): ProcessToken {
  return (own ??= `${machine()}:${process.pid}:${startOf(process.pid) ?? '0'}`)
}
let own: ProcessToken | undefined

/**
 * Whether that process still runs. Only processes of this machine can be looked at: for one of another machine (or
 * another container) the answer is `undefined`.
 */
export function isAlive(token: ProcessToken): boolean | undefined {
  const [host, pid, start] = token.split(':')
  if (host !== machine()) return undefined
  const now = startOf(Number(pid))
  return now !== undefined && now === start
}

/** Host name and process namespace: ids mean something only within both. */
function machine(): string {
  return (machineName ??= `${hostname().replaceAll(/[^\w.-]/g, '_')}/${namespace()}`)
}
let machineName: string | undefined

function namespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    return `${boot}-${readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')}`
  } catch {
    return 'host'
  }
}

/** When the process started, in the system's own unit; undefined when there is no such process (or it is a zombie). */
function startOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name may hold spaces; it ends at the last ')'
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
    } catch {
      return undefined
    }
  }
  try {
    const started = execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
    return started.trim().replaceAll(/[\s:]+/g, '-') || undefined
  } catch {
    return undefined
  }
}
