import type { Agg } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Schema, Type } from '../../plan/types.ts'
import { foldValues } from '../aggregates.ts'
import type { Value } from '../batch.ts'

/** What a window remembers for one aggregate and one key, event by event in order of time. */
export interface History {
  /** An event's value, at place `at`. */
  insert(at: number, value: Value): void
  /** The aggregate over the events at the places from `from` up to `to`. */
  over(from: number, to: number): Value
  /** Forgets the events before `start`. */
  drop(start: number): void
}

/** What keeps an aggregate's history: running totals where they lose nothing, the values themselves elsewhere. */
export function historyOf(agg: Agg, schema: Schema): () => History {
  if (agg.arg === null) return () => ROWS
  const { type } = infer(agg.arg, schema, agg.fn)
  const counts = agg.fn === 'count' || (type === 'bool' && (agg.fn === 'sum' || agg.fn === 'mean'))
  return () => (counts ? new Totals(agg) : new Values(agg, type))
}

const ROWS: History = { insert() {}, over: (from, to) => BigInt(to - from), drop() {} }

/** Counts of events with a value and of true ones before each place: an answer costs the same however long the window. */
class Totals implements History {
  readonly #fn: Agg['fn']
  /** One more than there are events. */
  #present = [0]
  #true = [0]

  constructor(agg: Agg) {
    this.#fn = agg.fn
  }

  insert(at: number, value: Value): void {
    push(this.#present, at, value === null ? 0 : 1)
    push(this.#true, at, value === true ? 1 : 0)
  }

  over(from: number, to: number): Value {
    const present = (this.#present[to] as number) - (this.#present[from] as number)
    if (this.#fn === 'count') return BigInt(present)
    if (present === 0) return null
    const sum = (this.#true[to] as number) - (this.#true[from] as number)
    return this.#fn === 'sum' ? BigInt(sum) : sum / present
  }

  drop(start: number): void {
    this.#present = this.#present.slice(start)
    this.#true = this.#true.slice(start)
  }
}

/** Puts a place's amount into totals: the one after it and all later ones grow by it. */
function push(totals: number[], at: number, amount: number): void {
  const before = totals[at] as number
  if (at === totals.length - 1) {
    totals.push(before + amount)
    return
  }
  totals.splice(at, 0, before)
  for (let i = at + 1; amount > 0 && i < totals.length; i++) totals[i] = (totals[i] as number) + amount
}

class Values implements History {
  readonly #agg: Agg
  readonly #type: Type
  #values: Value[] = []

  constructor(agg: Agg, type: Type) {
    this.#agg = agg
    this.#type = type
  }

  insert(at: number, value: Value): void {
    if (at === this.#values.length) this.#values.push(value)
    else this.#values.splice(at, 0, value)
  }

  over(from: number, to: number): Value {
    const values = this.#values.slice(from, to)
    return foldValues(this.#agg, values.includes(null) ? values.filter((v) => v !== null) : values, this.#type)
  }

  drop(start: number): void {
    this.#values = this.#values.slice(start)
  }
}
