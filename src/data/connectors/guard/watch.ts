import { readFileSync } from 'node:fs'
import type { Limits } from './guard.ts'

/** How often a process is looked at, ms. */
const EVERY = 50
/** Clock ticks a second and bytes of a page in /proc, on every Linux that Node runs on with pages of that size. */
const TICKS = 100
const PAGE = 4096

export interface Seen {
  readonly cpuSeconds: number
  /** That of its children that have ended. */
  readonly endedSeconds: number
  readonly bytes: number
  readonly parent: number
  /** It stays that of the first one however often it forks, unless it begins one of its own. */
  readonly session: number
  /** Whether it has ended, and nobody has asked how yet. */
  readonly over: boolean
  /** When it began, in the system's own unit: another process of the same id began at another time. */
  readonly began: string
}

/** What a process has taken so far; undefined where that can't be told. */
export function look(pid: number): Seen | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // its name, which may hold anything, ends at the last bracket
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const n = (at: number) => Number(fields[at])
    return {
      ...{ cpuSeconds: (n(11) + n(12)) / TICKS, endedSeconds: (n(13) + n(14)) / TICKS, bytes: n(21) * PAGE },
      ...{ parent: n(1), session: n(3), began: fields[19] ?? '', over: fields[0] === 'Z' || fields[0] === 'X' },
    }
  } catch {
    return undefined
  }
}

/** Looks at a process while it works, and tells once why it has to end. Gives what stops the looking. */
export function watch(pid: number, limits: Limits, over: (why: string) => void): () => void {
  const before = look(pid)?.cpuSeconds ?? 0
  const began = performance.now()
  const timer = setInterval(() => {
    const seen = look(pid)
    const why =
      seen && seen.bytes > limits.memoryMiB * 2 ** 20
        ? `it took more than ${limits.memoryMiB} MiB of memory`
        : seen && seen.cpuSeconds - before > limits.cpuSeconds
          ? `it took more than ${limits.cpuSeconds} s of processor time`
          : performance.now() - began > limits.seconds * 1000
            ? `it was not done after ${limits.seconds} s`
            : undefined
    if (why === undefined) return
    clearInterval(timer)
    over(why)
  }, EVERY)
  return () => clearInterval(timer)
}
