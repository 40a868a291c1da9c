import { readdirSync, readFileSync } from 'node:fs'
import { look, type Seen } from '../../data/connectors/guard/watch.ts'

/** The variable by which processes of programs are known. */
export const MARK = 'GALLEY_STEP'

/** All processes of a program, wherever they have forked to, as far as Linux tells of them. */
export interface Kin {
  /** What they take together now, with those of their children that have ended. */
  taken(): { readonly cpuSeconds: number; readonly bytes: number }
  /** Ends those that are left. */
  end(): void
}

/** The marks of processes that were seen, by their ids: reading an environment takes longer than all else that is read of one. */
const marks = new Map<number, { readonly began: string; readonly mark: string }>()
/** The process whose children are the kernel's own: they have no environment. */
const KERNEL = 2

function everybody(): Map<number, Seen> {
  const found = new Map<number, Seen>()
  try {
    for (const name of readdirSync('/proc')) {
      const seen = /^\d+$/.test(name) ? look(Number(name)) : undefined
      if (seen) found.set(Number(name), seen)
    }
  } catch {
    // there is no /proc
  }
  for (const pid of marks.keys()) if (!found.has(pid)) marks.delete(pid)
  return found
}

function markOf(pid: number, { began, parent }: Seen): string {
  const known = marks.get(pid)
  if (known?.began === began) return known.mark
  let environ = ''
  try {
    if (parent !== KERNEL) environ = readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    // it is gone, or another user's
  }
  const mark = environ.split('\0').find((v) => v.startsWith(`${MARK}=`)) ?? ''
  // one that is about to become another program has none for a moment
  if (environ !== '' || parent === KERNEL) marks.set(pid, { began, mark })
  return mark
}

/**
 * The processes of a program that began as the first of a session: those of that session, those whose environment holds its mark, and whatever comes of them. One
 * that left its session and changed its environment is known by its parents, where it was seen while these were there.
 */
export function kinOf(session: number, mark: string): Kin {
  const ours = new Map<number, string>()
  const sessions = new Set([session])
  const look = (): Map<number, Seen> => {
    const all = everybody()
    all.delete(process.pid)
    for (const [pid, began] of ours) if (all.get(pid)?.began !== began) ours.delete(pid)
    for (let before = -1; before < ours.size; ) {
      before = ours.size
      for (const [pid, p] of all) {
        if (!ours.has(pid) && !sessions.has(p.session) && !ours.has(p.parent) && markOf(pid, p) !== mark) continue
        ours.set(pid, p.began)
        sessions.add(p.session)
      }
    }
    return new Map([...all].filter(([pid]) => ours.has(pid)))
  }
  return {
    taken() {
      let [cpuSeconds, bytes] = [0, 0]
      for (const p of look().values()) {
        cpuSeconds += p.cpuSeconds + p.endedSeconds
        bytes += p.bytes
      }
      return { cpuSeconds, bytes }
    },
    end() {
      // what one has begun while it was looked for is found once that one is gone
      for (let round = 0; round < ROUNDS; round++) {
        const left = [...look()].filter(([, p]) => !p.over)
        if (left.length === 0) return
        for (const [pid] of left)
          try {
            process.kill(pid, 'SIGKILL')
          } catch {
            // it is gone, or another user's
          }
      }
    },
  }
}

const ROUNDS = 3
