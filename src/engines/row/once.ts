import type { Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { refused } from './lower.ts'
import type { RecordFunction } from './record.ts'
import type { KeyedState } from './state.ts'

/** Keys of the last `span` µs at least, and twice that at most, in two generations. */
class Generations {
  readonly #span: number
  #young: Set<string>
  #old = new Set<string>()
  #turned: number

  constructor(span: number, known: Iterable<string> = [], turned = Number.NEGATIVE_INFINITY) {
    this.#span = span
    this.#young = new Set(known)
    this.#turned = turned
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  *keys(): Generator<string> {
    yield* this.#old
    yield* this.#young
  }

  /** Remembers a key at the moment `now`. Whether it was not there. */
  add(key: string, now: number): boolean {
    if (now - this.#turned > this.#span) {
      this.#old = this.#young
      this.#young = new Set()
      this.#turned = now
    }
    const { size } = this.#young
    this.#young.add(key)
    return this.#young.size > size && !this.#old.has(key)
  }
}

/** A window that asks, and what it remembers by itself while it is far behind the others. */
interface Asking {
  readonly state: KeyedState
  own?: Generations | undefined
}

/**
 * A `distinct` over events, so that each window takes a repeated one once. Windows that are within `span` of the newest
 * have one memory, which goes back as far as any of them still takes events. One that is further behind may take what
 * that has forgotten, and remembers by itself: one that gets few events or none keeps no others from being forgotten.
 */
export class Once {
  readonly #row: RecordFunction
  readonly #span: number
  readonly #shared: Generations
  readonly #windows: Asking[] = []
  // windows ask one after the other about the same event
  #keyed: { readonly record: Tuple; readonly key: string } | undefined
  #told: { readonly record: Tuple; readonly first: boolean } | undefined

  constructor(row: RecordFunction, span: number) {
    this.#row = row
    this.#span = span
    this.#shared = new Generations(2 * span)
  }

  /** A window over these events. */
  window(state: KeyedState): Asking {
    const asking: Asking = { state }
    this.#windows.push(asking)
    return asking
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#windows.reduce((n, w) => n + (w.own?.size ?? 0), this.#shared.size)
  }

  /** What tells an event from others; a refused one is never asked about. */
  key(record: Tuple): string {
    if (this.#keyed?.record === record) return this.#keyed.key
    const row = this.#row(record)
    const key = refused(row) ? '' : keyOf(row)
    this.#keyed = { record, key }
    return key
  }

  /** Whether this event is the first with its key that a window is given; each window asks once. */
  first(key: string, record: Tuple, window: Asking): boolean {
    if (this.#told?.record !== record) this.#told = { record, first: this.#shared.add(key, this.#now()) }
    return window.own ? window.own.add(key, window.state.newest) : this.#told.first
  }

  /** The newest moment of all windows. Those that fall far behind it take a memory of their own, those that come near leave it. */
  #now(): number {
    let now = Number.NEGATIVE_INFINITY
    for (const { state } of this.#windows) now = Math.max(now, state.newest)
    for (const w of this.#windows) {
      const { newest } = w.state
      if (!(now - newest > this.#span)) w.own = undefined
      else w.own ??= new Generations(this.#span, newest > Number.NEGATIVE_INFINITY ? this.#shared.keys() : [], newest)
    }
    return now
  }
}
