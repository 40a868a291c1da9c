import { col, type Expr, type Literal } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import { isDecimal, isFloat, isList, isStruct, type Schema, type Type } from '../types.ts'
import type { FitRow } from './fit.ts'

/** The rows of each value of a column, as `key` and `rows`. */
export function countsQuery(train: Node, column: string): Node {
  const keyed = build({ op: 'select', input: train, columns: [['key', col(column)]] })
  return build({ op: 'aggregate', input: keyed, by: ['key'], aggs: [['rows', { fn: 'count', arg: null }]] })
}

/** Values with their rows, the most frequent first; ties in the order of the values, null last. */
export function byFrequency(rows: readonly FitRow[], type: Type): { key: Literal; rows: number }[] {
  const order = literalOrder(type)
  return rows
    .map((r) => ({ key: r['key'] ?? null, rows: Number(r['rows']) }))
    .sort((a, b) => b.rows - a.rows || order(a.key, b.key))
}

/** The order of a type's literals, that of a sort: numbers and times by their exact value, text by UTF-8 bytes, NaN and then null last. */
export function literalOrder(type: Type): (a: Literal, b: Literal) => number {
  const order = valueOrder(type)
  return (a, b) => (a === null || b === null ? Number(a === null) - Number(b === null) : order(a, b))
}

function valueOrder(type: Type): (a: Literal, b: Literal) => number {
  if (isDecimal(type)) {
    const scaled = (v: Literal): bigint => {
      const [whole = '', part = ''] = String(v).split('.')
      return BigInt(`${whole}${part.padEnd(type.decimal[1], '0')}`)
    }
    return by(scaled)
  }
  if (isList(type) || isStruct(type)) return by((v) => JSON.stringify(v))
  if (isFloat(type) || type === 'int32' || type === 'date' || type === 'bool')
    return (a, b) => {
      const [x, y] = [Number(a), Number(b)]
      return Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : x - y
    }
  if (type === 'bytes')
    return (a, b) => Buffer.compare(Buffer.from(String(a), 'base64'), Buffer.from(String(b), 'base64'))
  if (type === 'string') return (a, b) => textOrder(String(a), String(b))
  return by((v) => BigInt(String(v)))
}

const by = (of: (v: Literal) => bigint | string) => (a: Literal, b: Literal) => {
  const [x, y] = [of(a), of(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

const SURROGATE = /[\ud800-\udfff]/
/** By UTF-8 bytes, which JavaScript's own order is where no character lies beyond the BMP. */
const textOrder = (a: string, b: string): number =>
  SURROGATE.test(a) || SURROGATE.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : a > b ? 1 : 0

/**
 * Names for columns of values, apart from those that are there and from each other also for engines that know no case:
 * a name that is taken has ` (2)` behind it, ` (3)` …
 */
export function namesApart(schema: Schema, reserved: readonly string[] = []): (name: string) => string {
  const taken = new Set([...schema.map((f) => f.name), ...reserved].map((n) => n.toLowerCase()))
  return (name) => {
    const own = name.replaceAll('\0', '␀')
    let apart = own
    for (let i = 2; taken.has(apart.toLowerCase()); i++) apart = `${own} (${i})`
    taken.add(apart.toLowerCase())
    return apart
  }
}

/** A number for each value of a column, which may be computed. */
export const codes = (
  column: Expr,
  values: ReadonlyMap<Literal, Literal>,
  fallback: Literal,
  type: 'int64' | 'float64',
): Expr => ({
  op: 'lookup',
  args: [column],
  table: { keys: [...values.keys()].map((k) => [k]), values: [...values.values()] },
  fallback,
  type,
})
