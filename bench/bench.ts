/** What a benchmark is handed, and what it gives back. */
export interface Options {
  /** Only the cases whose names begin with this. */
  readonly prefix: string
  /** Runs of each side; medians are taken. */
  readonly runs: number
  /** The smallest size only: to see that the benchmark works. */
  readonly small: boolean
  readonly signal: AbortSignal
  /** Progress, for people. */
  say(line: string): void
}

/** One case, both sides measured in the same run; smaller is better. */
export interface Row {
  readonly case: string
  readonly peer: string
  /** `ns` are nanoseconds a value. */
  readonly unit: 's' | 'bytes' | 'ns' | 'count'
  readonly galley: number
  readonly peerValue: number
  /** Galley / peer. */
  readonly ratio: number
}

export interface Result {
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
  /** Versions of what was compared with. */
  readonly versions: Readonly<Record<string, string>>
}

export interface Bench {
  readonly about: string
  readonly cases: readonly string[]
  run(options: Options): Promise<Result>
}

/** A failure that tells what, why and what to do about it. */
export class BenchError extends Error {
  readonly why: string
  readonly fix: string
  readonly exit: number

  constructor(what: string, text: { why: string; fix: string; exit?: number }) {
    super(what)
    this.name = 'BenchError'
    this.why = text.why
    this.fix = text.fix
    this.exit = text.exit ?? 1
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}
