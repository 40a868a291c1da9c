import type { Expr, FunctionName } from '../../plan/expr.ts'
import type { Value } from '../batch.ts'
import type { SlotFunction } from '../closures.ts'
import { failed, type Slot } from '../failure.ts'
import { closureOf, type Models } from './interpret.ts'
import { KERNEL } from './kernel.ts'
import type { Val } from './lower.ts'
import { isLong, type Rep } from './reps.ts'

/** What a function of one text column gives for every word and, last, for null. */
export interface WordTable {
  readonly values: Float64Array | readonly Value[]
  /** 0 there, 1 null, 2 failed. */
  readonly states: Uint8Array
}

/** Thrown while a batch is bound: the value must be held as bigint. */
export class Beyond {
  readonly id: number
  constructor(id: number) {
    this.id = id
  }
}

/** A part of the functions of a column: of the word itself, or of the parts at these places. */
interface Part {
  readonly f: SlotFunction | null
  readonly args: readonly number[]
}

interface Made {
  readonly val: Val
  readonly rep: Rep
  readonly part: number
  values: Float64Array | Value[]
  states: Uint8Array
  /** Whether a value has to be held as bigint. */
  beyond: boolean
}

/**
 * Functions of one text column, computed together once a word: what they share is computed once. The tables of the last words
 * are kept: an array of words may be added to, not overwritten.
 */
export class WordFunctions {
  readonly #models: Models
  /** Whether the column may be null (1) or failed (2). */
  readonly #column: number
  readonly #places = new Map<Val, number>()
  readonly #parts: Part[] = []
  readonly #made: Made[] = []
  readonly #may = new Map<Val, number>()
  #known: readonly string[] | undefined
  #size = -1

  constructor(models: Models, column: number) {
    this.#models = models
    this.#column = column
  }

  /** The table of a function, from the words. It throws `Beyond`. */
  table(val: Val, rep: Rep): (words: readonly string[]) => WordTable {
    const part = this.#partOf(val)
    const made: Made = { val, rep, part, values: [], states: new Uint8Array(0), beyond: false }
    this.#made.push(made)
    return (words) => {
      if (this.#known !== words || this.#size !== words.length) this.#compute(words)
      if (made.beyond) throw new Beyond(val.id)
      return made
    }
  }

  /** Whether a value of the column may be null (1) or failed (2), as far as its expression tells. */
  may(val: Val): number {
    let may = this.#may.get(val)
    if (may === undefined) {
      may = val.expr === null ? this.#column : mayBe(val.expr, val.args.map((a) => this.may(a))) // biome-ignore format: one line
      this.#may.set(val, may)
    }
    return may
  }

  #partOf(val: Val): number {
    let place = this.#places.get(val)
    if (place === undefined) {
      const args = val.args.map((a) => this.#partOf(a))
      place = this.#parts.push({ f: val.op === 'input' ? null : closureOf(val, this.#models), args }) - 1
      this.#places.set(val, place)
    }
    return place
  }

  #compute(words: readonly string[]): void {
    const n = words.length + 1
    for (const made of this.#made) {
      made.states = new Uint8Array(n)
      made.values = made.rep === 'num' ? new Float64Array(n) : new Array<Value>(n)
      made.beyond = false
    }
    const slots: Slot[] = []
    for (let i = 0; i < n; i++) {
      const word = i < words.length ? (words[i] as string) : null
      for (const [p, { f, args }] of this.#parts.entries())
        slots[p] = f === null ? word : f(args.map((a) => slots[a] as Slot))
      for (const made of this.#made) put(made, i, slots[made.part] as Slot)
    }
    this.#known = words
    this.#size = words.length
  }
}

function put(made: Made, i: number, x: Slot): void {
  const { values, states, rep, val } = made
  const missing = x === null || failed(x)
  if (missing) states[i] = x === null ? 1 : 2
  if (values instanceof Float64Array) {
    if (missing) return
    values[i] = isLong(val.type) ? KERNEL.small(x) : Number(x)
    if (isLong(val.type) && Number.isNaN(values[i])) made.beyond = true
  } else values[i] = missing ? ABSENT[rep] : rep === 'big' ? BigInt(x as bigint) : x
}

const ABSENT: Readonly<Record<Rep, Value>> = { num: 0, big: 0n, bool: false, str: '', any: null }

/** Functions that fail only where an argument did. */
const SURE: ReadonlySet<FunctionName> = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'not',
  'isNull',
  'isIn',
  'isNaN',
  'coalesce',
  'fails',
  'orNull',
  'length',
  'lower',
  'upper',
  'trim',
  'concat',
  'contains',
  'startsWith',
  'endsWith',
  'hash32',
])

function mayBe(expr: Expr, each: readonly number[]): number {
  const any = each.reduce((m, x) => m | x, 0)
  switch (expr.op) {
    case 'lit':
      return expr.value === null ? 1 : 0
    case 'lookup':
      return (any & 2) | (expr.fallback === null || expr.table.values.includes(null) ? 1 : 0)
    case 'case':
      return any
    case 'call':
      if (!SURE.has(expr.fn)) return 3
      if (expr.fn === 'isNull') return any & 2
      if (expr.fn === 'fails') return 0
      if (expr.fn === 'orNull') return any === 0 ? 0 : 1
      if (expr.fn === 'coalesce') return (any & 2) | (each.every((m) => m & 1) ? 1 : 0)
      return any
    default:
      return 3
  }
}
