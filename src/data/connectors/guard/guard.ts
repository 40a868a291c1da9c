import type {
  ConnectorContext,
  DiscoverContext,
  Discovery,
  OpeningContext,
  SourceSnapshot,
  SourceSpec,
} from '../connector.ts'

/**
 * Opens files that came from outside in a process of its own, so that one that is made to crash, to fill memory or to never
 * end costs one error. It has one process at a time, begun when a file is opened first and used for one file after another.
 */
export interface Guard {
  /** What the connector's `snapshot` gives. @throws SOURCE_HOSTILE, and what the connector throws */
  snapshot(kind: string, spec: SourceSpec, path: string, ctx: ConnectorContext): Promise<SourceSnapshot>
  /** Begins to open a file of which a snapshot is asked for soon: its content (`fingerprintFile`) may be read meanwhile. */
  begin(kind: string, spec: SourceSpec, path: string, ctx: OpeningContext): void
  /** What the connector's `discover` gives. @throws SOURCE_HOSTILE, and what the connector throws */
  discover(kind: string, path: string, rows: number, ctx: DiscoverContext): Promise<Discovery>
  close(): Promise<void>
}

/** What a file may take of the machine while it is opened. */
export interface Limits {
  /** Memory of the process, MiB. */
  readonly memoryMiB: number
  /** Processor time, seconds. */
  readonly cpuSeconds: number
  /** From the question to the answer, seconds. */
  readonly seconds: number
}

/** What a guard is given. */
export interface GuardOptions {
  /** A path, another each time, that nothing stands at: what the process writes lies there until it is taken over. */
  temp(): string
  /** Memory of the batch engine in the process, MiB, and its threads. */
  readonly memoryMiB: number
  readonly threads?: number
  /** Milliseconds without a file after which the process goes; until `close` when not given. */
  readonly idleMs?: number
  /** Instead of `limitsOf`. */
  limits?(kind: string, bytes: number): Limits
}

/** What Node, its code and the batch engine take beside the engine's own limit, MiB, and how far that is overshot. */
const BESIDE_MIB = 512
const OVERSHOOT = 1.4
/** An Arrow file is read into memory: itself, and what is made of it. */
const ARROW = 3

/** Bytes that are read in a second of processor time at the very least: a hundredth of what a CSV with broken rows is read at. */
const SLOWEST = 256 << 10
const FIRST_SECONDS = 300

/** What a file of so many bytes may take: far beyond what any sound one does. */
export function limitsOf(engineMiB: number, kind: string, bytes: number): Limits {
  const held = kind === 'arrow' ? (ARROW * bytes) / 2 ** 20 : 0
  const cpuSeconds = FIRST_SECONDS + Math.ceil(bytes / SLOWEST)
  return { memoryMiB: Math.ceil(engineMiB * OVERSHOOT + BESIDE_MIB + held), cpuSeconds, seconds: 2 * cpuSeconds }
}
