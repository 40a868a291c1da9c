import { GalleyError } from '../../base/errors.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Value } from '../batch.ts'
import { compileExpr, type RowFunction, type Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { type History, historyOf } from './history.ts'

/** One key's events in order of time: µs, and what each aggregate needs of them. */
interface Track {
  times: number[]
  histories: readonly History[]
  /** Events before this index are forgotten. */
  start: number
}

/** An event as a state keeps it: its time in µs, its key, and what the state reads of it. */
export interface StateEvent {
  readonly time: number
  readonly id: string
  readonly values: readonly Value[]
}

/** What an endpoint remembers, by key, and answers from as of a request's own time. */
export interface KeyedState {
  /** Events that are kept. */
  readonly events: number
  /** The newest event's time, µs; −∞ before the first. */
  readonly newest: number
  /** The oldest moment (µs) that can still be asked about; −∞ until something had to be forgotten. */
  readonly oldest: number
  /** Says that history before `time` (µs) is not there: requests that would need it are refused. */
  startAt(time: number): void
  /** What `add` would take of a row; changes nothing. Undefined when it has no key or time. */
  event(row: Tuple): StateEvent | undefined
  /** Takes an event in, in any order. False when it changed nothing that can still be asked about. */
  add(event: StateEvent): boolean
  /** The state's columns for `key` as of `at`. @throws TOO_OLD */
  ask(key: readonly Value[], at: Value): Value[]
}

/**
 * A rolling window as keyed state: `feed` adds an event in any order, `ask` gives the aggregates over `[at − over, at)`.
 * History is kept for the window plus `lateness` behind the newest event; what is older is forgotten.
 */
export class WindowState implements KeyedState {
  readonly #over: number
  readonly #keep: number
  readonly #key: RowFunction[]
  readonly #on: RowFunction
  readonly #args: (RowFunction | null)[]
  readonly #histories: (() => History)[]
  /** The answer where there are no events. */
  readonly #nothing: readonly Value[]
  readonly #tracks = new Map<string, Track>()
  #newest = Number.NEGATIVE_INFINITY
  #horizon = Number.NEGATIVE_INFINITY
  #swept = Number.NEGATIVE_INFINITY
  #events = 0

  /** `lateness` in µs. */
  constructor(window: Extract<Node, { op: 'rolling' }>, lateness: number) {
    const { schema } = window.input
    this.#over = window.over
    this.#keep = window.over + lateness
    this.#key = window.by.map((name) => compileExpr({ op: 'col', name }, schema))
    this.#on = compileExpr({ op: 'col', name: window.on }, schema)
    this.#args = window.aggs.map(([, a]) => {
      if (a.arg === null) return null
      const arg = compileExpr(a.arg, schema)
      if (a.fn !== 'corr') return arg
      const other = compileExpr(a.arg2 ?? a.arg, schema)
      return (row) => [arg(row), other(row)]
    })
    this.#histories = window.aggs.map(([, a]) => historyOf(a, schema))
    this.#nothing = this.#histories.map((history) => history().over(0, 0))
  }

  startAt(time: number): void {
    this.#horizon = Math.max(this.#horizon, time)
  }

  get events(): number {
    return this.#events
  }

  get oldest(): number {
    return this.#horizon + this.#over
  }

  get newest(): number {
    return this.#newest
  }

  event(row: Tuple): StateEvent | undefined {
    const on = this.#on(row)
    if (on === null) return undefined
    const key = this.#key.map((k) => k(row))
    if (key.includes(null)) return undefined
    return { time: Number(on), id: keyOf(key), values: this.#args.map((arg) => (arg ? arg(row) : null)) }
  }

  /** Adds an event. False when it is older than the history that is kept. */
  add({ time, id, values }: StateEvent): boolean {
    if (time < this.#horizon) return false
    let track = this.#tracks.get(id)
    if (!track)
      this.#tracks.set(id, (track = { times: [], histories: this.#histories.map((history) => history()), start: 0 }))
    const at = insertionPoint(track.times, time, track.start)
    if (at === track.times.length) track.times.push(time)
    else track.times.splice(at, 0, time)
    for (let i = 0; i < values.length; i++) (track.histories[i] as History).insert(at, values[i] as Value)
    this.#events++
    if (time > this.#newest) {
      this.#newest = time
      this.#horizon = Math.max(this.#horizon, time - this.#keep)
      this.#forget(track)
      if (this.#horizon - this.#swept > this.#keep / 8) this.#sweep()
    }
    return true
  }

  /** The aggregates for `key` as of `at`. @throws TOO_OLD */
  ask(key: readonly Value[], at: Value): Value[] {
    if (at === null || key.includes(null)) return [...this.#nothing]
    const time = Number(at)
    if (time < this.oldest) throw tooOld(time, this.oldest)
    const track = this.#tracks.get(keyOf(key))
    if (!track) return [...this.#nothing]
    const from = lowerBound(track.times, time - this.#over, track.start)
    const to = lowerBound(track.times, time, from)
    return track.histories.map((history) => history.over(from, to))
  }

  /** Forgets the old events of every key, and keys that have none left: a key may never be heard of again. */
  #sweep(): void {
    this.#swept = this.#horizon
    for (const [id, track] of this.#tracks) {
      this.#forget(track)
      if (track.start === track.times.length) this.#tracks.delete(id)
    }
  }

  /** Forgets one track's old events; cheap, called as time moves. */
  #forget(track: Track): void {
    while (track.start < track.times.length && (track.times[track.start] as number) < this.#horizon) {
      track.start++
      this.#events--
    }
    if (track.start > 1024 && track.start * 2 > track.times.length) {
      track.times = track.times.slice(track.start)
      for (const history of track.histories) history.drop(track.start)
      track.start = 0
    }
  }
}

export const tooOld = (asked: number, oldest: number): GalleyError =>
  new GalleyError('TOO_OLD', {
    what: 'the request is older than the history that this endpoint keeps',
    why: `it asks about ${iso(asked)}, history begins at ${iso(oldest)}`,
    fix: 'ask about a later moment, or serve with a longer lateness',
    details: { asked: iso(asked), oldest: iso(oldest) },
  })

const iso = (micros: number): string =>
  Number.isFinite(micros) ? new Date(micros / 1000).toISOString() : 'the beginning'

/** The first index from `start` on whose time is not before `time`. */
export function lowerBound(times: readonly number[], time: number, start: number): number {
  let low = start
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] as number) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Where an event of `time` goes, after those of the same time; events mostly arrive in order. */
function insertionPoint(times: readonly number[], time: number, start: number): number {
  let at = times.length
  while (at > start && (times[at - 1] as number) > time) at--
  return at
}
