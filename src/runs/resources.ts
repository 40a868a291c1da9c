import { openSync, readSync } from 'node:fs'

/** What a step took of the machine. */
export interface Resources {
  /** Processor time of the process and of programs that it ran, seconds; where several steps went on at once, each has an equal part of theirs. */
  readonly cpuSeconds: number
  /** The most memory that the process held meanwhile, bytes: of all that it did. */
  readonly peakBytes: number
}

/** What is measured: processor seconds so far, and bytes held now. */
export interface Gauge {
  cpuSeconds(): number
  heldBytes(): number
}

/** Of one step under way: what it took so far. */
export interface Metered {
  taken(): Resources
  close(): void
}

export interface Meter {
  begin(): Metered
}

/** Milliseconds between two looks, while a step is under way. */
const EVERY = 100

/** Tells what each of several steps of one process takes. */
export function createMeter(gauge: Gauge): Meter {
  const active = new Set<{ cpuSeconds: number; peakBytes: number }>()
  let looked = 0
  let timer: ReturnType<typeof setInterval> | undefined
  const look = (): void => {
    const now = gauge.cpuSeconds()
    const held = gauge.heldBytes()
    for (const one of active) {
      one.cpuSeconds += Math.max(0, now - looked) / active.size
      one.peakBytes = Math.max(one.peakBytes, held)
    }
    looked = now
  }
  return {
    begin() {
      look()
      const own = { cpuSeconds: 0, peakBytes: gauge.heldBytes() }
      active.add(own)
      timer ??= setInterval(look, EVERY).unref()
      return {
        taken() {
          if (active.has(own)) look()
          return { cpuSeconds: Math.round(own.cpuSeconds * 1e6) / 1e6, peakBytes: own.peakBytes }
        },
        close() {
          if (!active.has(own)) return
          look()
          active.delete(own)
          if (active.size > 0) return
          clearInterval(timer)
          timer = undefined
        },
      }
    },
  }
}

/** Ticks of the processor's time in a second, as Linux tells it to programs. */
const TICKS = 100

/** The file in which Linux tells it, held open: a step looks three times, and opening it takes longer than all else. */
let told: number | undefined
const room = Buffer.alloc(1024)

/** Processor seconds of programs that this process ran and that have ended, with theirs; 0 where the system does not tell. */
function childSeconds(): number {
  try {
    told ??= openSync('/proc/self/stat', 'r')
    const stat = room.toString('latin1', 0, readSync(told, room, 0, room.length, 0))
    // after the name, which may hold anything: state is the 3rd field, cutime and cstime the 16th and 17th
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[13]) + Number(fields[14])) / TICKS
  } catch {
    return 0
  }
}

/** That of this process: all steps that it is at share it. */
export const meter: Meter = createMeter({
  cpuSeconds() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6 + childSeconds()
  },
  heldBytes: () => process.memoryUsage.rss(),
})
