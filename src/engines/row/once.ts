import type { Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { refused } from './lower.ts'
import type { RecordFunction } from './record.ts'
import type { KeyedState } from './state.ts'

/** A `distinct` over events: those of the last `span` µs, in two generations, so that a repeated one is taken once. */
export class Once {
  /** The windows that ask. */
  readonly states: KeyedState[] = []
  readonly #row: RecordFunction
  readonly #span: number
  #young = new Set<string>()
  #old = new Set<string>()
  #turned = Number.NEGATIVE_INFINITY
  // windows ask one after the other about the same event
  #keyed: { readonly record: Tuple; readonly key: string } | undefined
  #told: { readonly record: Tuple; readonly first: boolean } | undefined

  constructor(row: RecordFunction, span: number) {
    this.#row = row
    this.#span = span
  }

  /** What tells an event from others; a refused one is never asked about. */
  key(record: Tuple): string {
    if (this.#keyed?.record === record) return this.#keyed.key
    const row = this.#row(record)
    const key = refused(row) ? '' : keyOf(row)
    this.#keyed = { record, key }
    return key
  }

  /** Whether this event is the first with its key; however many windows ask about it. */
  first(key: string, record: Tuple): boolean {
    if (this.#told?.record === record) return this.#told.first
    const first = this.#add(key)
    this.#told = { record, first }
    return first
  }

  #add(key: string): boolean {
    // the window that is furthest behind may still take what another has long forgotten
    let now = Number.POSITIVE_INFINITY
    for (const { newest } of this.states) now = Math.min(now, newest)
    if (now - this.#turned > this.#span) {
      this.#old = this.#young
      this.#young = new Set()
      this.#turned = now
    }
    if (this.#young.has(key) || this.#old.has(key)) return false
    this.#young.add(key)
    return true
  }
}
