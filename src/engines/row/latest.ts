import { col } from '../../plan/expr.ts'
import { broughtBy, type Latest } from '../../plan/states.ts'
import { isOrdered } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { compileExpr, type RowFunction, type Tuple } from '../closures.ts'
import { compare, keyOf } from '../values.ts'
import { type KeyedState, lowerBound, type StateEvent, tooOld } from './state.ts'

/** One key's rows in order of time: µs, and what each brings. At most one a moment. */
interface Track {
  times: number[]
  rows: (readonly Value[])[]
}

/**
 * The latest row of each key before a moment, as keyed state. Rows come in any order. Kept are those of the last
 * `lateness`, and of each key the one before them: what a request as of then would be answered with.
 */
export class LatestState implements KeyedState {
  readonly #within: number
  readonly #lateness: number
  readonly #key: RowFunction[]
  readonly #on: RowFunction
  readonly #values: RowFunction[]
  /** Places among the values that tell which of two rows of one moment counts. */
  readonly #order: number[]
  readonly #tracks = new Map<string, Track>()
  #newest = Number.NEGATIVE_INFINITY
  /** The oldest moment that can be asked about, µs. */
  #oldest = Number.NEGATIVE_INFINITY
  #swept = Number.NEGATIVE_INFINITY
  #events = 0

  /** `lateness` in µs. */
  constructor(latest: Latest, lateness: number) {
    const { schema } = latest.input
    const column = (name: string) => compileExpr(col(name), schema)
    const brought = broughtBy(latest)
    this.#within = latest.within ?? Number.POSITIVE_INFINITY
    this.#lateness = lateness
    this.#key = latest.by.map(column)
    this.#on = column(latest.on)
    this.#values = brought.map(column)
    this.#order = brought.flatMap((name, i) => {
      const field = schema.find((f) => f.name === name)
      return field && isOrdered(field.type) ? [i] : []
    })
  }

  startAt(time: number): void {
    this.#oldest = Math.max(this.#oldest, Number.isFinite(this.#within) ? time + this.#within : time)
  }

  get events(): number {
    return this.#events
  }

  get oldest(): number {
    return this.#oldest
  }

  get newest(): number {
    return this.#newest
  }

  event(row: Tuple): StateEvent | undefined {
    const on = this.#on(row)
    const key = this.#key.map((k) => k(row))
    if (on === null || key.includes(null)) return undefined
    return { time: Number(on), id: keyOf(key), values: this.#values.map((v) => v(row)) }
  }

  /** False when no request that is still answered would see it. */
  add({ time, id, values }: StateEvent): boolean {
    if (time < this.#oldest - this.#within) return false
    let track = this.#tracks.get(id)
    if (!track) this.#tracks.set(id, (track = { times: [], rows: [] }))
    const at = lowerBound(track.times, time, 0)
    if (track.times[at] === time) {
      if (this.#before(track.rows[at] as readonly Value[], values)) return false
      track.rows[at] = values
    } else {
      const hidden = track.times[at] !== undefined && (track.times[at] as number) < this.#oldest
      if (hidden) return false
      track.times.splice(at, 0, time)
      track.rows.splice(at, 0, values)
      this.#events++
    }
    if (time > this.#newest) {
      this.#newest = time
      this.#oldest = Math.max(this.#oldest, time - this.#lateness)
      const span = this.#lateness + (Number.isFinite(this.#within) ? this.#within : 0)
      if (span > 0 && this.#oldest - this.#swept > span / 8) this.#sweep()
    }
    this.#forget(track)
    return true
  }

  /** What the latest row before `at` brings; nulls where there is none. @throws TOO_OLD */
  ask(key: readonly Value[], at: Value): Value[] {
    const nothing = () => this.#values.map(() => null)
    if (at === null || key.includes(null)) return nothing()
    const time = Number(at)
    if (time < this.#oldest) throw tooOld(time, this.#oldest)
    const track = this.#tracks.get(keyOf(key))
    const i = track ? lowerBound(track.times, time, 0) - 1 : -1
    if (!track || i < 0 || time - (track.times[i] as number) > this.#within) return nothing()
    return [...(track.rows[i] as readonly Value[])]
  }

  /** Whether the first of two rows of one moment counts, or they are alike: nulls come last. */
  #before(a: readonly Value[], b: readonly Value[]): boolean {
    for (const i of this.#order) {
      const [x, y] = [a[i] as Value, b[i] as Value]
      const order = x === null || y === null ? Number(x === null) - Number(y === null) : compare(x, y)
      if (order !== 0) return order < 0
    }
    return true
  }

  #sweep(): void {
    this.#swept = this.#oldest
    for (const [id, track] of this.#tracks) {
      this.#forget(track)
      if (track.times.length === 0) this.#tracks.delete(id)
    }
  }

  /** Forgets what no request can see: all before the oldest moment but the last, and that too once it is too old. */
  #forget(track: Track): void {
    let count = Math.max(0, lowerBound(track.times, this.#oldest, 0) - 1)
    while (count < track.times.length && (track.times[count] as number) < this.#oldest - this.#within) count++
    if (count === 0) return
    track.times.splice(0, count)
    track.rows.splice(0, count)
    this.#events -= count
  }
}
