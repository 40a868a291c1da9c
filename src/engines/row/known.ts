import type { Expr, Literal, LookupTable } from '../../plan/expr.ts'
import { type Type, typeName } from '../../plan/types.ts'
import type { Val } from './lower.ts'

/** Beyond the number of any value. */
const MANY = 2 ** 26

/** The values of a program by what they are made of, so that equal ones are one. */
export class Known {
  /** Calls of one or two values, by function. */
  readonly #calls = new Map<string, Map<number, Val>>()
  /** Numbers and texts, by type. */
  readonly #literals = new Map<Type, Map<Literal, Val>>()
  readonly #others = new Map<string, Val>()
  readonly #tables = new Map<LookupTable, number>()

  get(e: Expr, args: readonly Val[]): Val | undefined {
    if (e.op === 'call' && isShort(args)) return this.#calls.get(e.fn)?.get(keyOf(args))
    if (isPlain(e)) return this.#literals.get(e.type)?.get(e.value)
    const label = this.#labelOf(e, args)
    return label === undefined ? undefined : this.#others.get(label)
  }

  set(e: Expr, args: readonly Val[], val: Val): void {
    if (e.op === 'call' && isShort(args)) inner(this.#calls, e.fn).set(keyOf(args), val)
    else if (isPlain(e)) inner(this.#literals, e.type).set(e.value, val)
    else {
      const label = this.#labelOf(e, args)
      if (label !== undefined) this.#others.set(label, val)
    }
  }

  /** What tells an expression from others; undefined when it can't be told. */
  #labelOf(e: Expr, args: readonly Val[]): string | undefined {
    const head = this.#headOf(e)
    return head === undefined ? undefined : `${head} ${args.map((a) => a.id).join(' ')}`
  }

  #headOf(e: Expr): string | undefined {
    switch (e.op) {
      case 'lit':
        return `lit ${typeName(e.type)} ${Object.is(e.value, -0) ? '-0' : JSON.stringify(e.value)}`
      case 'call':
        return e.fn
      case 'cast':
        return `cast ${typeName(e.to)} ${e.onError}`
      case 'case':
        return 'case'
      case 'predict':
        return `predict ${e.model}`
      case 'lookup': {
        if (!this.#tables.has(e.table)) this.#tables.set(e.table, this.#tables.size)
        return `lookup ${this.#tables.get(e.table)} ${JSON.stringify(e.fallback)} ${typeName(e.type)}`
      }
      default:
        return undefined
    }
  }
}

const isShort = (args: readonly Val[]): boolean => args.length === 1 || args.length === 2
const keyOf = (args: readonly Val[]): number => (args[0] as Val).id * MANY + (args[1] ? args[1].id + 1 : 0)

/** A number or text, which a map tells apart as it does values, but for −0. */
const isPlain = (e: Expr): e is Extract<Expr, { op: 'lit' }> =>
  e.op === 'lit' &&
  typeof e.type === 'string' &&
  (typeof e.value === 'string' || (typeof e.value === 'number' && !Object.is(e.value, -0)))

function inner<A, B>(map: Map<A, Map<B, Val>>, key: A): Map<B, Val> {
  let found = map.get(key)
  if (!found) map.set(key, (found = new Map()))
  return found
}
