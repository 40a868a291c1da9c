import { execFile, execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BenchError } from './bench.ts'

/** What one run of a command took, with all the processes that it started. */
export interface Measured {
  /** From before the process is started until it has ended. */
  readonly seconds: number
  /** The most memory that its processes held together, seen at any sample; what several of them share counts once. */
  readonly peakBytes: number
  /** Processor time of its processes. */
  readonly cpuSeconds: number
  /** Share of the machine's processors, 0 to 1, that other work took meanwhile. */
  readonly otherShare: number
  readonly stdout: string
}

const EVERY_MS = 100
/** Clock ticks a second in /proc: 100 on every Linux. */
const TICKS = 100

interface Seen {
  readonly parent: number
  readonly started: string
  readonly ticks: number
  readonly pages: number
}

/** One process from /proc; undefined when it is gone. The name, which may hold anything, ends at the last ')'. */
function look(pid: number): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const f = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return {
      parent: Number(f[1]),
      ticks: Number(f[11]) + Number(f[12]),
      started: f[19] ?? '',
      pages: Number(f[21]),
    }
  } catch {
    return undefined
  }
}

/** Memory of a process, bytes, each page that it shares divided by those that share it (PSS); `otherwise` where that can't be read. */
function heldIn(pid: number, otherwise: number): number {
  try {
    const kib = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]
    return kib === undefined ? otherwise : Number(kib) * 1024
  } catch {
    return otherwise
  }
}

/** Memory of a process and of all that it has begun and still runs, bytes. */
export function heldBy(root: number): number {
  const tree = new Tree(root)
  tree.sample()
  return tree.peakBytes
}

/** Follows a process and its descendants, also those whose parent has ended. */
class Tree {
  readonly #page = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))
  readonly #known = new Map<number, string>()
  readonly #ticks = new Map<string, number>()
  peakBytes = 0

  constructor(root: number) {
    const seen = look(root)
    if (seen) this.#known.set(root, seen.started)
  }

  sample(): void {
    const all = new Map<number, Seen>()
    for (const name of readdirSync('/proc')) {
      const pid = Number(name)
      const seen = Number.isInteger(pid) ? look(pid) : undefined
      if (seen) all.set(pid, seen)
    }
    for (const [pid, started] of this.#known) if (all.get(pid)?.started !== started) this.#known.delete(pid)
    for (let grew = true; grew; ) {
      grew = false
      for (const [pid, seen] of all)
        if (!this.#known.has(pid) && this.#known.has(seen.parent)) {
          this.#known.set(pid, seen.started)
          grew = true
        }
    }
    let held = 0
    for (const [pid, started] of this.#known) {
      const seen = all.get(pid)
      if (seen) held += heldIn(pid, seen.pages * this.#page)
      this.#ticks.set(`${pid} ${started}`, seen?.ticks ?? 0)
    }
    this.peakBytes = Math.max(this.peakBytes, held)
  }

  get cpuSeconds(): number {
    return [...this.#ticks.values()].reduce((a, b) => a + b, 0) / TICKS
  }
}

/** Ticks of the whole machine since it started: all, and those not idle. */
function machineTicks(): { all: number; busy: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = (
    readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number)
  const busy = user + nice + system + irq + softirq + steal
  return { all: busy + idle + iowait, busy }
}

interface RunOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

const failed = (what: string, stderr: string, signal: AbortSignal): BenchError =>
  signal.aborted
    ? new BenchError('stopped', { why: 'it was interrupted', fix: 'run it again', exit: 130 })
    : new BenchError(what, {
        why: stderr
          .split('\n')
          .filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
          .slice(-8)
          .join('\n'),
        fix: 'correct what it names, then run the benchmark again',
      })

/** What a command prints; not measured. @throws BenchError when it fails */
export async function output(name: string, [file = '', ...args]: readonly string[], options: RunOptions) {
  try {
    return (await promisify(execFile)(file, args, options)).stdout
  } catch (thrown) {
    const { stderr, message } = thrown as { stderr?: string; message: string }
    throw failed(`${name} failed`, stderr || message, options.signal)
  }
}

/** Runs a command to its end, sampling its process tree every 100 ms. @throws BenchError when it fails */
export async function measure(name: string, command: readonly string[], options: RunOptions): Promise<Measured> {
  const [file = '', ...args] = command
  const before = machineTicks()
  const began = performance.now()
  const child = spawn(file, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-10_000)))
  let exited: number | undefined
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => (exited = performance.now()))
    child.once('close', (code) => resolve(code ?? 1))
  })
  const stop = () => child.kill('SIGINT')
  options.signal.addEventListener('abort', stop)
  const tree = new Tree(child.pid ?? 0)
  let over = false
  const sampling = (async () => {
    while (!over) {
      tree.sample()
      await wait(EVERY_MS)
    }
  })()
  let code: number
  try {
    code = await ended
  } finally {
    over = true
    options.signal.removeEventListener('abort', stop)
    await sampling
  }
  if (code !== 0 || options.signal.aborted) throw failed(`${name} ended with code ${code}`, stderr, options.signal)
  const after = machineTicks()
  const cpuSeconds = tree.cpuSeconds
  return {
    seconds: ((exited ?? performance.now()) - began) / 1000,
    peakBytes: tree.peakBytes,
    cpuSeconds,
    otherShare: Math.max(0, (after.busy - before.busy - cpuSeconds * TICKS) / (after.all - before.all)),
    stdout,
  }
}
