import type { Expr } from '../../plan/expr.ts'
import type { Value } from '../batch.ts'
import { literalValue } from '../values.ts'
import type { Emitted, Emitter } from './emitter.ts'
import { SAFE } from './kernel.ts'
import type { Val } from './lower.ts'
import { isLong, repOf } from './reps.ts'

type Keyed = Map<Value, Keyed | number>

/** A table keyed by one value or by several in turn, giving the row's place in an array of values; nulls are keys. */
export function emitLookup(e: Emitter, val: Val, expr: Extract<Expr, { op: 'lookup' }>): Emitted | undefined {
  const reps = val.args.map((a) => repOf(a, e.variant))
  const rep = repOf(val, e.variant)
  if (val.args.length === 0 || rep === 'any' || reps.some((r) => r === 'any' || r === 'big')) return undefined
  const index: Keyed = new Map()
  const values: Value[] = [literalValue(expr.fallback, expr.type)]
  for (const [row, key] of expr.table.keys.entries()) {
    const parts = val.args.map((a, i) => literalValue(key[i] ?? null, a.type))
    values.push(literalValue(expr.table.values[row] ?? null, expr.type))
    // a key beyond 2⁵³ never meets one that is held as a double
    if (parts.some((p) => typeof p === 'bigint' && Math.abs(Number(p)) >= SAFE)) continue
    let at = index
    parts.forEach((part, i) => {
      const k = typeof part === 'bigint' ? Number(part) : part
      if (i === parts.length - 1) at.set(k, values.length - 1)
      else {
        if (!at.has(k)) at.set(k, new Map())
        at = at.get(k) as Keyed
      }
    })
  }
  if (rep === 'num' && isLong(val.type) && values.some((v) => v !== null && Math.abs(Number(v)) >= SAFE))
    return undefined
  const args = val.args.map((a) => e.emit(a))
  const fails = args.filter((a) => a.may & 2).map((a) => a.s)
  const key = (a: Emitted) => (a.may & 1 ? `(${a.s} === 1 ? null : ${a.v})` : a.v)
  let found = `${e.bind(index)}.get(${key(args[0] as Emitted)})`
  for (const a of args.slice(1)) {
    const table = e.set(found)
    found = `(${table} === undefined ? undefined : ${table}.get(${key(a)}))`
  }
  const place = e.set(found)
  const n = e.set(`${place} === undefined ? 0 : ${place}`)
  const missing = Uint8Array.from(values, (v) => (v === null ? 1 : 0))
  const held =
    rep === 'num'
      ? Float64Array.from(values, (v) => Number(v ?? 0))
      : rep === 'big'
        ? BigInt64Array.from(values, (v) => BigInt((v ?? 0) as bigint))
        : values.map((v) => v ?? (rep === 'bool' ? false : ''))
  const may = (missing.includes(1) ? 1 : 0) | (fails.length > 0 ? 2 : 0)
  const states = [
    ...(missing.includes(1) ? [`${e.bind(missing)}[${n}]`] : []),
    ...(fails.length > 0 ? [`((${fails.join(' | ')}) & 2)`] : []),
  ]
  const s = may === 0 ? '0' : e.set(states.join(' | '))
  const v = e.set(`${e.bind(held)}[${n}]`)
  const numbers = values.filter((x) => x !== null).map(Number)
  return {
    v: rep === 'bool' && may !== 0 ? e.set(`${s} === 0 && ${v}`) : v,
    s,
    may,
    rep,
    nan: rep === 'num' && !isLong(val.type),
    low: numbers.reduce((a, b) => Math.min(a, b), 0),
    high: numbers.reduce((a, b) => Math.max(a, b), 0),
  }
}
