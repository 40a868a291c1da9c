import type { Expr, Literal } from '../../../plan/expr.ts'
import { argumentType } from '../../../plan/functions/widen.ts'
import { isDecimal, isNumeric, type Type, typeName } from '../../../plan/types.ts'
import type { Val } from '../../row/lower.ts'
import { literalValue } from '../../values.ts'
import { byText, type TextTable } from './bytext.ts'
import { decimalOf } from './decimals.ts'
import { asFloat64 } from './floats.ts'
import { FUNCTIONS, functionOf } from './functions.ts'
import { lookup } from './lookup.ts'
import { type Rep, repOf, zeroOf } from './reps.ts'

/** A value in the code: its text, and the text of its state: bit 0 null, bit 1 failed. */
export interface Code {
  readonly v: string
  readonly s: string
  readonly type: Type
  readonly rep: Rep
  /** Of a literal. */
  readonly literal?: Literal
}

/** Operands of one expression. */
const MOST_PARTS = 64

/** µs of a day, in two words. */
export const DAY = 'vec2u(500654080u, 20u)'

/** The codes of the words that a plan's programs name, by their list. */
const codes = new WeakMap<readonly string[], Map<string, number>>()

/** What the device does not do. */
export class DeviceGap extends Error {
  readonly node: string
  constructor(node: string, reason: string) {
    super(reason)
    this.node = node
  }
}

/**
 * Writes a program's values as WGSL, each once, in the order in which they are first needed. Nothing branches: `&` and `|`
 * stand where one would write `&&` and `||`, whose nested branches some compilers take minutes over.
 */
export class Emitter {
  readonly lines: string[] = []
  /** Texts that programs name; they are the first codes of every dictionary. */
  readonly words: string[]
  /** Words that the code reads beside the columns: tables of look-ups. */
  readonly constants: number[] = []
  /** What it reads by the codes of texts. */
  readonly tables: TextTable[] = []
  readonly #shared = new Map<string, number>()
  readonly #tables = new Map<string, number>()
  readonly #done = new Map<number, Code>()
  readonly #load: (val: Val, rep: Rep) => { v: string; s: string }
  #names = 0

  /** `load` reads an input column of the row; `words` are those that other programs of the plan named before. */
  constructor(load: (val: Val, rep: Rep) => { v: string; s: string }, words: string[]) {
    this.#load = load
    this.words = words
  }

  emit(val: Val): Code {
    const known = this.#done.get(val.id)
    if (known) return known
    const code = this.#compute(val)
    this.#done.set(val.id, code)
    return code
  }

  /** Names a value, so that it is computed once. */
  let(text: string): string {
    if (/^\w+$/.test(text)) return text
    const name = `t${this.#names++}`
    this.lines.push(`let ${name} = ${text};`)
    return name
  }

  /** A variable with its first value. */
  variable(text: string): string {
    const name = `t${this.#names++}`
    this.lines.push(`var ${name} = ${text};`)
    return name
  }

  /** The code of a text. */
  codeOf(text: string): number {
    let known = codes.get(this.words)
    if (!known) codes.set(this.words, (known = new Map(this.words.map((word, i) => [word, i]))))
    const code = known.get(text)
    if (code !== undefined) return code
    known.set(text, this.words.length)
    return this.words.push(text) - 1
  }

  /** Words in `constants`, and where they begin there. */
  constant(words: Iterable<number>): number {
    const at = this.constants.length
    for (const word of words) this.constants.push(word)
    return at
  }

  /** Words of that name in `constants`, there once however many read them, and where they begin. */
  shared(name: string, words: Iterable<number>): number {
    let at = this.#shared.get(name)
    if (at === undefined) this.#shared.set(name, (at = this.constant(words)))
    return at
  }

  /**
   * The number of a table, which is computed once however many read it. Tables are computed in the order of their numbers, each of the texts
   * that those before it give: of a text that the kernel has `computed` it has to come after all that give texts.
   */
  table(made: TextTable, computed = false): number {
    const key = made.kind === 'rank' ? made.kind : JSON.stringify(made.expr)
    let at = this.#tables.get(key)
    const since = computed && at !== undefined ? this.tables.slice(at + 1) : []
    if (at === undefined || since.some((t) => t.kind === 'values' && t.type === 'string'))
      this.#tables.set(key, (at = this.tables.push(made) - 1))
    return at
  }

  /** Parts put together by an operator, few at a time: compilers take no expression of any depth. */
  fold(operator: '|' | '&', parts: readonly string[]): string {
    if (parts.length <= MOST_PARTS) return parts.join(` ${operator} `)
    const some: string[] = []
    for (let i = 0; i < parts.length; i += MOST_PARTS)
      some.push(this.let(parts.slice(i, i + MOST_PARTS).join(` ${operator} `)))
    return this.fold(operator, some)
  }

  /** The states of several values together. */
  stateOf(...codes: readonly Pick<Code, 's'>[]): string {
    const states = [...new Set(codes.map((c) => c.s))].filter((s) => s !== '0u')
    if (states.length < 2) return states[0] ?? '0u'
    return `(${this.fold('|', states)})`
  }

  code(type: Type, v: string, s: string): Code {
    const rep = repOf(type)
    if (!rep) throw new DeviceGap(typeName(type), `the device holds no ${typeName(type)}`)
    return { type, rep, v: this.let(v), s: s === '0u' ? s : this.let(s) }
  }

  #compute(val: Val): Code {
    const rep = repOf(val.type)
    if (!rep) throw new DeviceGap(typeName(val.type), `the device holds no ${typeName(val.type)}`)
    if (val.op === 'pick') throw new DeviceGap('lookup', 'joins and windows are not computed on the device')
    if (val.op === 'input') {
      const { v, s } = this.#load(val, rep)
      return this.code(val.type, v, s)
    }
    const e = val.expr as Expr
    switch (e.op) {
      case 'lit':
        return this.#literal(e, rep)
      case 'cast':
        return (
          byText(this, val, true) ??
          FUNCTIONS.cast(this, [this.emit(val.args[0] as Val)], val.type, e.onError === 'null')
        )
      case 'case':
        return this.#cases(val)
      case 'call': {
        const made = functionOf(e.fn)
        const read = byText(this, val, made !== undefined)
        if (read) return read
        if (!made) throw new DeviceGap(e.fn, 'the device has no such function')
        const args = val.args.map((a) => this.emit(a))
        const common = argumentType(
          e.fn,
          args.map((a) => a.type),
        )
        return made(this, common ? args.map((a) => this.widen(a, common)) : args, val.type, false)
      }
      case 'lookup':
        return lookup(
          this,
          e,
          val.args.map((a) => this.emit(a)),
        )
      case 'predict':
        throw new DeviceGap(
          e.op,
          'a plan asks models on the processor; on the device what was trained scores whole tables',
        )
      default:
        throw new DeviceGap(e.op, 'it is not computed on the device')
    }
  }

  #literal(e: Extract<Expr, { op: 'lit' }>, rep: Rep): Code {
    if (e.value === null) return { type: e.type, rep, v: zeroOf(rep), s: '1u' }
    const value = literalValue(e.value, e.type)
    const text = (): string => {
      switch (rep) {
        case 'bool':
          return String(value)
        case 'i32':
          return value === -2147483648 ? 'i32(-2147483647 - 1)' : `${String(value)}i`
        case 'u32': {
          if (e.type === 'float32') return `${new Uint32Array(Float32Array.of(value as number).buffer)[0]}u`
          return `${this.codeOf(value as string)}u`
        }
        case 'vec2u': {
          const bits = new BigUint64Array(1)
          if (e.type === 'float64') new Float64Array(bits.buffer)[0] = value as number
          else bits[0] = BigInt.asUintN(64, value as bigint)
          const [low, high] = new Uint32Array(bits.buffer)
          return `vec2u(${low}u, ${high}u)`
        }
      }
    }
    return { ...this.code(e.type, text(), '0u'), literal: e.value }
  }

  #cases(val: Val): Code {
    const args = val.args.map((a) => this.emit(a))
    let made = this.widen(args.at(-1) as Code, val.type)
    for (let i = args.length - 3; i >= 0; i -= 2) {
      const condition = args[i] as Code
      const value = this.widen(args[i + 1] as Code, val.type)
      const holds = this.let(condition.s === '0u' ? condition.v : `${condition.v} & (${condition.s} == 0u)`)
      const failing = condition.s === '0u' ? undefined : `(${condition.s} & 2u) != 0u`
      const state = made.s === value.s ? made.s : `select(${made.s}, ${value.s}, ${holds})`
      made = this.code(
        val.type,
        `select(${made.v}, ${value.v}, ${holds})`,
        failing ? `select(${this.let(state)}, 2u, ${failing})` : state,
      )
    }
    return made
  }

  /** A value as one of a wider type. */
  widen(a: Code, to: Type): Code {
    if (typeName(a.type) === typeName(to)) return a
    if (a.type === 'int32' && to === 'int64') return { ...this.code(to, `wide(${a.v})`, '0u'), s: a.s }
    if (isDecimal(to)) return decimalOf(this, a, to)
    if (to === 'float64' && isNumeric(a.type)) return { ...this.code(to, asFloat64(a), '0u'), s: a.s }
    throw new DeviceGap(typeName(to), `a ${typeName(a.type)} is not made a ${typeName(to)} on the device`)
  }
}
