import type { DictionaryColumn } from '../batch.ts'
import { Failure, failed, type Slot } from '../failure.ts'
import { invalid, literalValue } from '../values.ts'
import { emitExpr } from './expressions.ts'
import { closureOf, type Models } from './interpret.ts'
import { KERNEL, SAFE } from './kernel.ts'
import type { Program, Val } from './lower.ts'
import { isLong, type Rep, repOf, type Variant, ZERO } from './reps.ts'
import type { WordTable } from './wordtable.ts'

/**
 * A value as generated code holds it. `v` names its value, `s` its state: 0 there, 1 null, from 2 on failed. A value
 * that is null or failed holds something harmless of its kind (a bool holds false). `may` has bit 1 when it may be null
 * and bit 2 when it may have failed; without either, `s` is '0'.
 */
export interface Emitted {
  readonly v: string
  readonly s: string
  readonly may: number
  readonly rep: Rep
  /** Of numbers: whether it may be NaN, and its bounds when it is an integer. */
  readonly nan: boolean
  readonly low: number
  readonly high: number
  /** Of texts read through a table of words: the code, and the table that it is a place in. */
  readonly code?: string
  readonly table?: (dictionaries: DictionaryColumn[]) => WordTable
}

/** What differs between records and batches. */
export interface Target {
  /** Reads a column, or what an outer call gave, or a value that is computed elsewhere; undefined for the others. */
  leaf(e: Emitter, val: Val): Emitted | undefined
  /** Whether `leaf` takes it whole, with all it is made of. */
  whole(val: Val): boolean
  /** The statement that leaves when value `id` went beyond doubles. */
  bail(id: number): string
}

/** The mark that stands for any failure where only its being there matters. */
const MARK = new Failure(invalid('a value could not be computed', 'its own error is found when it is used'))

/** Writes the body of a function: statements over generated names. What came from a plan as text is bound, never written. */
export class Emitter {
  readonly program: Program
  readonly variant: Variant
  readonly models: Models
  readonly target: Target
  /** Values that the code refers to as `k0`, `k1` … */
  readonly constants: unknown[] = []
  readonly #bound = new Map<unknown, string>()
  readonly #scopes: Map<number, Emitted>[] = [new Map()]
  readonly #lines: string[] = []
  #names = 0
  #indent: string
  /** The states that a state is made of by `|`, where it is. */
  readonly #states = new Map<string, ReadonlySet<string>>()

  constructor(program: Program, variant: Variant, models: Models, target: Target, depth = 1) {
    this.#indent = '  '.repeat(depth)
    this.program = program
    this.variant = variant
    this.models = models
    this.target = target
  }

  /** A fresh identifier. */
  name(): string {
    return `v${this.#names++}`
  }

  /** The name of a bound constant. */
  bind(value: unknown): string {
    let name = this.#bound.get(value)
    if (name === undefined) {
      this.#bound.set(value, (name = `k${this.constants.length}`))
      this.constants.push(value)
    }
    return name
  }

  /** The name of a function of the kernel. */
  use(name: keyof typeof KERNEL): string {
    return this.bind(KERNEL[name])
  }

  line(code: string): void {
    this.#lines.push(`${this.#indent}${code}`)
  }

  /** Declares a constant and gives its name. */
  set(code: string): string {
    const name = this.name()
    this.line(`const ${name} = ${code}`)
    return name
  }

  /** Statements inside of `head { … }`; what they compute is forgotten after it. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`)
    const before = this.#indent
    this.#indent += '  '
    this.#scopes.push(new Map())
    body()
    this.#scopes.pop()
    this.#indent = before
    this.line('}')
  }

  get code(): string {
    return this.#lines.join('\n')
  }

  done(val: Val): Emitted | undefined {
    for (const scope of this.#scopes) {
      const found = scope.get(val.id)
      if (found) return found
    }
    return undefined
  }

  /** Computes a value here unless that was done before. */
  emit(val: Val): Emitted {
    const known = this.done(val)
    if (known) return known
    const found = this.target.leaf(this, val) ?? this.#literal(val) ?? emitExpr(this, val) ?? this.generic(val)
    const emitted = this.#coerce(val, found)
    this.#scopes.at(-1)?.set(val.id, emitted)
    return emitted
  }

  /** Before a branch: computes here what is used in several places, so that no code is written twice. */
  hoist(roots: readonly Val[]): void {
    const seen = new Set<Val>()
    const visit = (val: Val): void => {
      if (seen.has(val) || this.done(val)) return
      seen.add(val)
      if (val.uses > 1 && val.expr?.op !== 'lit') this.emit(val)
      else if (!this.target.whole(val)) for (const arg of val.args) visit(arg)
    }
    for (const root of roots) visit(root)
  }

  /** About how many operations computing `val` would take here, up to `most`. */
  cost(val: Val, most: number): number {
    if (most <= 0 || val.expr?.op === 'lit' || this.done(val)) return 0
    if (this.target.whole(val)) return 1
    let sum = 1
    for (const arg of val.args) if (sum < most) sum += this.cost(arg, most - sum)
    return sum
  }

  /** A number or integer of `code`. Integers are checked against 2⁵³ when their bounds don't keep them below it. */
  integer(val: Val, code: string, s: { s: string; may: number }, low: number, high: number): Emitted {
    const v = this.set(code)
    const safe = SAFE - 1
    if (low < -safe || high > safe) this.line(`if (${v} >= ${SAFE} || ${v} <= -${SAFE}) ${this.target.bail(val.id)}`)
    return { v, ...s, rep: 'num', nan: false, low: Math.max(low, -safe), high: Math.min(high, safe) }
  }

  /** The state of a function of `args` that is null when one of them is, and failed when one of them is. */
  strict(args: readonly Emitted[]): { s: string; may: number } {
    let may = 0
    let s = '0'
    for (const a of args)
      if (a.may !== 0) {
        may |= a.may
        s = s === '0' ? a.s : this.#either(s, a.s)
      }
    return { s, may }
  }

  /** The state of what hangs on two; one of them when it is made of the other's. */
  #either(a: string, b: string): string {
    if (a === b) return a
    const [x, y] = [this.#states.get(a), this.#states.get(b)]
    if (x?.has(b) || (y && x && [...y].every((s) => x.has(s)))) return a
    if (y?.has(a) || (x && y && [...x].every((s) => y.has(s)))) return b
    const s = this.set(`${a} | ${b}`)
    this.#states.set(s, new Set([...(x ?? [a]), ...(y ?? [b])]))
    return s
  }

  /** A JavaScript value as closures and outputs have it; `val` is there. */
  box(a: Emitted, val: Val): string {
    return a.rep === 'num' && isLong(val.type) ? `${this.use('big')}(${a.v})` : a.v
  }

  /** The same where it may be null or failed. */
  slot(a: Emitted, val: Val): string {
    const value = this.box(a, val)
    if (a.may === 0) return value
    const other = a.may === 1 ? 'null' : a.may === 2 ? this.bind(MARK) : `${a.s} === 1 ? null : ${this.bind(MARK)}`
    return `(${a.s} === 0 ? ${value} : ${other})`
  }

  /** A boxed value, null or failure that `code` gives, taken apart again. */
  unbox(val: Val, code: string): Emitted {
    const slot = this.set(code)
    const rep = repOf(val, this.variant)
    const s = this.name()
    const v = this.name()
    this.line(`let ${s} = 0, ${v} = ${ZERO[rep]}`)
    const is = this.bind(failed)
    this.block(
      `if (${slot} === null) ${s} = 1; else if (typeof ${slot} === 'object' && ${is}(${slot})) ${s} = 2; else`,
      () => {
        if (rep === 'big') this.line(`${v} = BigInt(${slot})`)
        else if (rep !== 'num') this.line(`${v} = ${slot}`)
        else if (isLong(val.type)) {
          this.line(`${v} = ${this.use('small')}(${slot})`)
          this.line(`if (${v} !== ${v}) ${this.target.bail(val.id)}`)
        } else this.line(`${v} = +(typeof ${slot} === 'bigint' ? Number(${slot}) : ${slot})`)
      },
    )
    return { v, s, may: 3, rep, nan: rep === 'num' && !isLong(val.type), low: -SAFE, high: SAFE }
  }

  /** A function that has no code of its own: its closure over boxed values. */
  generic(val: Val): Emitted {
    const args = val.args.map((arg) => this.slot(this.emit(arg), arg))
    const closure: (row: readonly Slot[]) => Slot = closureOf(val, this.models)
    return this.unbox(val, `${this.bind(closure)}([${args.join(', ')}])`)
  }

  #literal(val: Val): Emitted | undefined {
    const { expr } = val
    if (expr?.op !== 'lit') return undefined
    const rep = repOf(val, this.variant)
    const value = literalValue(expr.value, expr.type)
    if (value === null) return { v: ZERO[rep], s: '1', may: 1, rep, nan: false, low: 0, high: 0 }
    if (rep !== 'num') {
      const v = typeof value === 'boolean' ? String(value) : this.bind(rep === 'big' ? BigInt(value as bigint) : value)
      return { v, s: '0', may: 0, rep, nan: false, low: 0, high: 0 }
    }
    const n = Number(value)
    const v = Object.is(n, -0) ? '(-0)' : n < 0 ? `(${n})` : String(n)
    return { v, s: '0', may: 0, rep, nan: Number.isNaN(n), low: n, high: n }
  }

  #coerce(val: Val, a: Emitted): Emitted {
    const rep = repOf(val, this.variant)
    if (a.rep === rep) return a
    if (rep === 'big' && a.rep === 'num') return { ...a, v: this.set(`${this.use('big')}(${a.v})`), rep }
    return this.unbox(val, this.slot(a, val))
  }
}
