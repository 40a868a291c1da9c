import { addCounts, type DriftVerdict, driftOf, type LiveCounts, liveCounts, observe } from './drift.ts'
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
  /** Told when a window is full and judged. */
  onWindow?(window: WindowVerdict): void
}

/** What a monitor remembers, as JSON. */
export interface MonitorSnapshot {
  readonly format: 1
  readonly origin: number | null
  readonly newest: number | null
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

/**
 * Watches what an endpoint is asked: counts inputs and scores by window of the moment that requests are about, and
 * compares every full window, and all of it together, with training. Windows begin at the first request.
 */
export class Monitor {
  readonly #options: MonitorOptions
  readonly #open = new Map<number, LiveCounts>()
  readonly #total: LiveCounts
  #origin: number | null = null
  #newest: number | null = null

  constructor(options: MonitorOptions, snapshot?: MonitorSnapshot) {
    this.#options = options
    this.#total = liveCounts(options.reference)
    if (!snapshot) return
    this.#origin = snapshot.origin
    this.#newest = snapshot.newest
    addCounts(this.#total, countsOf(snapshot.total))
    for (const w of snapshot.windows) this.#open.set(w.index, countsOf(w.counts))
  }

  get rows(): number {
    return this.#total.rows
  }

  /** Adds one request: its values in the order of the reference, and its moment. */
  observe(values: readonly (number | string | null)[], moment: number): void {
    const { reference, span, rows } = this.#options
    this.#origin ??= moment
    const index = Math.floor((moment - this.#origin) / span)
    let counts = this.#open.get(index)
    if (!counts) this.#open.set(index, (counts = liveCounts(reference)))
    observe(counts, reference, values)
    observe(this.#total, reference, values)
    if (this.#newest !== null && moment <= this.#newest) return
    this.#newest = moment
    for (const [i, full] of this.#open) {
      if (i >= index) continue
      const start = this.#origin + i * span
      this.#open.delete(i)
      this.#options.onWindow?.({ start, end: start + span, verdict: driftOf(reference, full, rows) })
    }
  }

  /** Over everything since the deployment. */
  verdict(): DriftVerdict {
    return driftOf(this.#options.reference, this.#total, this.#options.rows)
  }

  snapshot(): MonitorSnapshot {
    return {
      format: 1,
      origin: this.#origin,
      newest: this.#newest,
      windows: [...this.#open].map(([index, c]) => ({ index, counts: jsonOf(c) })),
      total: jsonOf(this.#total),
    }
  }
}

const jsonOf = (c: LiveCounts): CountsJson => ({
  rows: c.rows,
  columns: c.columns.map((x) => ({ bins: x.bins, names: [...x.names], missing: x.missing })),
})
const countsOf = (json: CountsJson): LiveCounts => ({
  rows: json.rows,
  columns: json.columns.map((x) => ({ bins: [...x.bins], names: new Map(x.names), missing: x.missing })),
})
