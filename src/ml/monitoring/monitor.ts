import { addCounts, type DriftVerdict, driftOf, type LiveCounts, liveCounts, observe } from './drift.ts'
import { Present } from './present.ts'
import type { ColumnReference } from './reference.ts'

/** A window's verdict. Times in µs since 1970. */
export interface WindowVerdict {
  readonly start: number
  readonly end: number
  readonly verdict: DriftVerdict
}

export interface MonitorOptions {
  readonly reference: readonly ColumnReference[]
  /** Length of a window, µs. */
  readonly span: number
  /** Fewest rows that get a verdict. */
  readonly rows: number
  /** µs that a request's moment may lie ahead of the clock and of the newest one, to count in a window. */
  readonly ahead: number
  /** Told when a window is full and judged. */
  onWindow?(window: WindowVerdict): void
}

/** What a monitor remembers, as JSON. */
export interface MonitorSnapshot {
  readonly origin: number | null
  readonly newest: number | null
  /** Windows that have their verdict, by index; all before `floor` have. */
  readonly judged: readonly number[]
  readonly floor: number | null
  readonly windows: readonly { readonly index: number; readonly counts: CountsJson }[]
  readonly total: CountsJson
}
interface CountsJson {
  readonly rows: number
  readonly columns: readonly {
    readonly bins: readonly number[]
    readonly names: readonly (readonly [string, number])[]
    readonly missing: number
  }[]
}

/** Judged windows that are remembered one by one. */
const JUDGED = 4096

/**
 * Watches what an endpoint is asked: counts inputs and scores by window of the moment that requests are about, and
 * compares every full window, and all of it together, with training. Windows begin at the first request that has a
 * moment. A verdict stands: what comes late for a judged window, has no moment or lies too far ahead counts in the whole.
 */
export class Monitor {
  readonly #options: MonitorOptions
  readonly #open = new Map<number, LiveCounts>()
  readonly #total: LiveCounts
  readonly #judged: Set<number>
  #floor: number
  #origin: number | null
  readonly #present: Present

  constructor(options: MonitorOptions, snapshot?: MonitorSnapshot) {
    this.#options = options
    this.#total = liveCounts(options.reference)
    this.#judged = new Set(snapshot?.judged)
    this.#floor = snapshot?.floor ?? Number.NEGATIVE_INFINITY
    this.#origin = snapshot?.origin ?? null
    this.#present = new Present(options.ahead, snapshot?.newest ?? Number.NEGATIVE_INFINITY)
    if (!snapshot) return
    addCounts(this.#total, countsOf(snapshot.total))
    for (const w of snapshot.windows) this.#open.set(w.index, countsOf(w.counts))
  }

  get rows(): number {
    return this.#total.rows
  }

  /** Adds one request: its values in the order of the reference, its moment, and the clock when it was asked; µs. */
  observe(values: readonly (number | string | null)[], moment: number | null, clock: number): void {
    const { reference, span } = this.#options
    const index = this.#windowOf(moment, clock)
    observe(reference, values, this.#total, index === undefined ? undefined : this.#counts(index))
    if (index === undefined || this.#open.size === 1) return
    for (const [i, full] of this.#open) if (i < index) this.#judge(i, (this.#origin as number) + i * span, full)
  }

  /** The window that a moment lies in; undefined when it counts in none. */
  #windowOf(moment: number | null, clock: number): number | undefined {
    if (moment === null || !Number.isFinite(moment) || !this.#present.reach(moment, clock)) return undefined
    this.#origin ??= moment
    const index = Math.floor((moment - this.#origin) / this.#options.span)
    return index < this.#floor || this.#judged.has(index) ? undefined : index
  }

  #counts(index: number): LiveCounts {
    let counts = this.#open.get(index)
    if (!counts) this.#open.set(index, (counts = liveCounts(this.#options.reference)))
    return counts
  }

  #judge(index: number, start: number, counts: LiveCounts): void {
    const { reference, span, rows } = this.#options
    this.#open.delete(index)
    this.#judged.add(index)
    if (this.#judged.size > JUDGED) {
      const oldest = [...this.#judged].sort((a, b) => a - b).slice(0, JUDGED / 2)
      for (const i of oldest) this.#judged.delete(i)
      this.#floor = (oldest.at(-1) as number) + 1
    }
    this.#options.onWindow?.({ start, end: start + span, verdict: driftOf(reference, counts, rows) })
  }

  /** Over everything since the deployment. */
  verdict(): DriftVerdict {
    return driftOf(this.#options.reference, this.#total, this.#options.rows)
  }

  snapshot(): MonitorSnapshot {
    return {
      origin: this.#origin,
      newest: finite(this.#present.newest),
      judged: [...this.#judged],
      floor: finite(this.#floor),
      windows: [...this.#open].map(([index, c]) => ({ index, counts: jsonOf(c) })),
      total: jsonOf(this.#total),
    }
  }
}

const finite = (n: number): number | null => (Number.isFinite(n) ? n : null)
const jsonOf = (c: LiveCounts): CountsJson => ({
  rows: c.rows,
  columns: c.columns.map((x) => ({ bins: x.bins, names: [...x.names], missing: x.missing })),
})
const countsOf = (json: CountsJson): LiveCounts => ({
  rows: json.rows,
  columns: json.columns.map((x) => ({ bins: [...x.bins], names: new Map(x.names), missing: x.missing })),
})
