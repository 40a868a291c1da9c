import { throwIfAborted } from '../../base/errors.ts'
import { isValid } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import { isoTextExact } from '../../plan/iso.ts'
import type { Schema } from '../../plan/types.ts'

/** History as it happened: each row is asked about at `at` and becomes known, label and all, at `known`. Times in µs. */
export interface History {
  readonly rows: number
  /** Rows that are asked about, by `at`; the others only become known. */
  readonly asked: Uint32Array
  readonly at: Float64Array
  readonly known: Float64Array
  /** Row numbers by `known`. */
  readonly byKnown: Uint32Array
  /** The raw record of a row with the given columns. */
  record(row: number, columns: Schema): Record<string, unknown>
}

/** Where a replay is sent: an endpoint in this process, or one behind HTTP. */
export interface ReplayTarget {
  /** Asks about a slice's records, in whatever way the target takes them. */
  predict(records: readonly Record<string, unknown>[]): Promise<unknown>
  feed(records: readonly Record<string, unknown>[]): Promise<unknown>
}

/**
 * Reads rows that are sorted by their moment into memory, column by column. `asked` names a column that is true for rows
 * to ask about; all are without it.
 */
export async function readHistory(
  rows: Relation,
  names: { at: string; known: string; asked?: string },
): Promise<History> {
  const columns = new Map<string, unknown[]>(rows.schema.map((f) => [f.name, []]))
  let count = 0
  for await (const batch of rows.batches()) {
    batch.columns.forEach((column, i) => {
      const field = batch.schema[i] as Schema[number]
      const out = columns.get(field.name) as unknown[]
      const time = field.name === names.at || field.name === names.known
      for (let r = 0; r < batch.rows; r++) {
        if (!isValid(column.validity, r)) out.push(null)
        else if (column.kind === 'dictionary') out.push(column.words[column.codes[r] as number])
        else if (column.kind === 'fixed') {
          const value = column.values[r] as number | bigint
          out.push(
            column.type === 'bool'
              ? value !== 0
              : time || field.type === 'int64'
                ? Number(value)
                : column.type === 'local timestamp' || column.type === 'timestamp'
                  ? Number(value)
                  : value,
          )
        } else out.push(null)
      }
    })
    count += batch.rows
  }
  const at = Float64Array.from(columns.get(names.at) as number[])
  const known = Float64Array.from(columns.get(names.known) as number[])
  const byKnown = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => (known[a] as number) - (known[b] as number),
  )
  const marks = names.asked === undefined ? undefined : (columns.get(names.asked) as (boolean | null)[])
  return {
    rows: count,
    asked: Uint32Array.from({ length: count }, (_, i) => i).filter((i) => marks === undefined || marks[i] === true),
    at,
    known,
    byKnown,
    record(row, wanted) {
      const record: Record<string, unknown> = {}
      for (const { name, type } of wanted) {
        const value = columns.get(name)?.[row] ?? null
        const time = type === 'local timestamp' || type === 'timestamp'
        const zone = type === 'timestamp' ? 'Z' : ''
        record[name] = time && value !== null ? isoTextExact(value as number) + zone : value
      }
      return record
    },
  }
}

export interface ReplayOptions {
  readonly input: Schema
  readonly feedInput: Schema
  /** Rows to ask about: `history.asked` from `from` up to `until`. */
  readonly from: number
  readonly until: number
  /** µs that are sent together: first what became known within it, then the requests of it. */
  readonly slice: number
  readonly signal: AbortSignal
  keep?(row: number): boolean
  progress?(done: number): void
}

/**
 * Replays history in order of arrival. What becomes known within a slice is sent ahead of that slice's requests, while
 * those of the slice before are answered: answers are as of each request's own moment, so they come out as if everything
 * had been sent event by event.
 */
export async function replay(history: History, target: ReplayTarget, options: ReplayOptions): Promise<void> {
  const { from, until, slice } = options
  const at = (i: number): number => history.at[history.asked[i] as number] as number
  const keep = (row: number): boolean => options.keep?.(row) ?? true
  let fed = firstKnownFrom(history, from === 0 ? Number.NEGATIVE_INFINITY : at(from))
  const feedUntil = async (end: number): Promise<void> => {
    const events: Record<string, unknown>[] = []
    for (; fed < history.rows && (history.known[history.byKnown[fed] as number] as number) < end; fed++) {
      const row = history.byKnown[fed] as number
      if (keep(row)) events.push(history.record(row, options.feedInput))
    }
    for (const some of inParts(events)) await target.feed(some)
  }
  let next = from
  if (next < until) await feedUntil(at(next) + slice)
  while (next < until) {
    throwIfAborted(options.signal)
    const end = at(next) + slice
    const requests: Record<string, unknown>[] = []
    for (; next < until && at(next) < end; next++) {
      const row = history.asked[next] as number
      if (keep(row)) requests.push(history.record(row, options.input))
    }
    const answered = (async () => {
      for (const some of inParts(requests)) await target.predict(some)
    })()
    // after a gap the next slice's events would make these requests too old
    if (next < until && at(next) > end + slice) await answered
    await Promise.all([answered, next < until ? feedUntil(at(next) + slice) : undefined])
    options.progress?.(next - from)
  }
}

/** At most 5,000 at a time. */
function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += 5000) yield all.slice(i, i + 5000)
}

/** Where in `byKnown` the events from `time` on begin. */
function firstKnownFrom(history: History, time: number): number {
  let low = 0
  let high = history.rows
  while (low < high) {
    const middle = (low + high) >> 1
    if ((history.known[history.byKnown[middle] as number] as number) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** A percentile (0 to 1) by the nearest rank; NaN of nothing. */
export function percentile(values: Float64Array, p: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN
}
