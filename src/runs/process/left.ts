import { readdirSync, readFileSync } from 'node:fs'
import { look } from '../../data/connectors/guard/watch.ts'

const pids = (): number[] => {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number) // biome-ignore format: one line
  } catch {
    return []
  }
}

/** The session that a process is of; it stays that of the first one however often it forks. */
function sessionOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
  } catch {
    return undefined
  }
}

/** What all processes of a session take together, on Linux. */
export function taken(session: number): { readonly cpuSeconds: number; readonly bytes: number } {
  const all = pids().flatMap((pid) => (sessionOf(pid) === session ? (look(pid) ?? []) : []))
  return {
    cpuSeconds: all.reduce((sum, s) => sum + s.cpuSeconds, 0),
    bytes: all.reduce((sum, s) => sum + s.bytes, 0),
  }
}

/** Ends processes that are left of one that has ended: those whose environment holds its mark, wherever they have forked to. */
export function endLeft(mark: string): number {
  let ended = 0
  for (const pid of pids())
    try {
      if (pid === process.pid || !readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) continue
      process.kill(pid, 'SIGKILL')
      ended++
    } catch {
      // it is gone, or another user's
    }
  return ended
}
