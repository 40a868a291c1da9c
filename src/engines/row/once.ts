import type { Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { refused } from './lower.ts'
import type { RecordFunction } from './record.ts'
import type { KeyedState } from './state.ts'

/** A `distinct` over events: what tells one from others. Windows over the same rows ask one after the other about the same event. */
export class Once {
  readonly #row: RecordFunction
  #keyed: { readonly record: Tuple; readonly key: string } | undefined

  constructor(row: RecordFunction) {
    this.#row = row
  }

  /** What tells an event from others; a refused one is never asked about. */
  key(record: Tuple): string {
    if (this.#keyed?.record === record) return this.#keyed.key
    const row = this.#row(record)
    const key = refused(row) ? '' : keyOf(row)
    this.#keyed = { record, key }
    return key
  }
}

/**
 * The events that one window was given, those of the last `span` µs of its own time in two generations: a window that
 * others have left behind may still take what they have forgotten, and one that gets no events remembers none.
 */
export class Seen {
  readonly once: Once
  readonly #state: KeyedState
  readonly #span: number
  #young = new Set<string>()
  #old = new Set<string>()
  #turned = Number.NEGATIVE_INFINITY

  constructor(once: Once, state: KeyedState, span: number) {
    this.once = once
    this.#state = state
    this.#span = span
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Whether this event is the first with its key. */
  first(key: string): boolean {
    const now = this.#state.newest
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
