import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Processes that open files under guard for whoever keeps its work in `folder`. */
export const openedProcesses = (folder: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && workOf(pid)?.startsWith(folder))

function workOf(pid: number): string | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return command.includes('guard/child.ts') ? readlinkSync(`/proc/${pid}/cwd`) : undefined
  } catch {
    return undefined
  }
}

const EVERY = 20

/** Watches those processes; what is given back stops it and tells the most resident memory that one had, bytes. */
export function peakOf(folder: string): () => number {
  let most = 0
  const timer = setInterval(() => {
    for (const pid of openedProcesses(folder))
      try {
        const held = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
        most = Math.max(most, Number(held ?? 0) * 1024)
      } catch {
        // it is gone
      }
  }, EVERY)
  return () => {
    clearInterval(timer)
    return most
  }
}
