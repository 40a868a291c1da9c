import type { Agg } from '../plan/expr.ts'
import { infer } from '../plan/infer.ts'
import type { Schema, Type } from '../plan/types.ts'
import { isFloat, scaleOf } from '../plan/types.ts'
import type { Value } from './batch.ts'
import { compileExpr } from './closures.ts'
import type { Slot } from './failure.ts'
import { fits } from './scalars/scalar.ts'
import { compare, keyOf } from './values.ts'

/** An aggregate over a handful of rows, by its definition. */
export type AggregateOver = (rows: readonly (readonly Slot[])[]) => Value

/** Compiles an aggregate: nulls are skipped, nothing gives null (count gives 0). */
export function compileAgg(agg: Agg, schema: Schema): AggregateOver {
  if (agg.arg === null) return (rows) => BigInt(rows.length)
  const arg = compileExpr(agg.arg, schema)
  const { type } = infer(agg.arg, schema, agg.fn)
  if (agg.fn === 'corr') {
    const other = compileExpr(agg.arg2 ?? agg.arg, schema)
    return (rows) => correlation(rows.map((r) => [arg(r), other(r)] as const))
  }
  return (rows) => {
    const values: Value[] = []
    for (const row of rows) {
      const value = arg(row)
      if (value !== null) values.push(value)
    }
    return foldValues(agg, values, type)
  }
}

/** What helps where a sum has no room; what is said of values that overflow does not reach it. */
export const SUM_AS_FLOAT = "sum it as a float: r.column.cast('float64')"

/** An aggregate over values without nulls, of a column of `type`; over pairs for a correlation. */
export function foldValues(agg: Agg, values: readonly Value[], type: Type): Value {
  const unit = 10 ** scaleOf(type)
  switch (agg.fn) {
    case 'count':
      return BigInt(values.length)
    case 'countDistinct':
      return BigInt(new Set(values.map((v) => keyOf([v]))).size)
    case 'sum': {
      if (values.length === 0) return null
      if (isFloat(type)) return compensatedSum(values as number[])
      const total = values.reduce<bigint>((a, v) => a + BigInt(v as bigint | number | boolean), 0n)
      return fits(total, type, 'sum', SUM_AS_FLOAT)
    }
    case 'mean':
      return values.length === 0 ? null : compensatedSum(values.map(Number)) / values.length / unit
    case 'min':
      return values.length === 0 ? null : values.reduce((a, b) => (compare(b, a) < 0 ? b : a))
    case 'max':
      return values.length === 0 ? null : values.reduce((a, b) => (compare(b, a) > 0 ? b : a))
    case 'stddev':
    case 'variance': {
      if (values.length < 2) return null
      const [xs, back] = shrunk(values.map((v) => Number(v) / unit))
      const mean = meanOf(xs)
      const variance = compensatedSum(xs.map((x) => (x - mean) ** 2)) / (xs.length - 1)
      return agg.fn === 'stddev' ? Math.sqrt(variance) * back : variance * back * back
    }
    case 'quantile': {
      if (values.length === 0) return null
      const xs = values.map((v) => Number(v) / unit).sort((a, b) => compare(a, b))
      const at = (agg.param ?? 0.5) * (xs.length - 1)
      const low = xs[Math.floor(at)] ?? 0
      const high = xs[Math.ceil(at)] ?? low
      const part = at - Math.floor(at)
      // the difference of two large ones may have no room, and that of two infinities is none
      return part === 0 ? low : low * (1 - part) + high * part
    }
    case 'corr':
      return correlation(values as readonly (readonly [Value, Value])[])
  }
}

/** Values whose squares may leave the range of a double, brought down by 2⁶⁰⁰, and the factor that brings them back. */
function shrunk(xs: readonly number[]): [xs: readonly number[], back: number] {
  return xs.some((x) => Math.abs(x) >= 2 ** 500 && Number.isFinite(x))
    ? [xs.map((x) => x * 2 ** -600), 2 ** 600]
    : [xs, 1]
}

/** The mean as the first value and the mean distance from it, so that of equal values it is that value. */
function meanOf(xs: readonly number[]): number {
  const first = xs[0] as number
  return first + compensatedSum(xs.map((x) => x - first)) / xs.length
}

/** Neumaier's compensated sum (1974), of what `of` makes of each number. */
export function compensatedSum(xs: ArrayLike<number>, of?: (x: number, i: number) => number): number {
  let sum = 0
  let rest = 0
  for (let i = 0; i < xs.length; i++) {
    const x = of ? of(xs[i] as number, i) : (xs[i] as number)
    const t = sum + x
    rest += Math.abs(sum) >= Math.abs(x) ? sum - t + x : x - t + sum
    sum = t
  }
  return Number.isFinite(rest) ? sum + rest : sum
}

/** Pearson's correlation over the pairs without a null; null for fewer than two pairs or no variance. */
function correlation(pairs: readonly (readonly [Value, Value])[]): number | null {
  const both = pairs.filter(([x, y]) => x !== null && y !== null).map(([x, y]) => [Number(x), Number(y)] as const)
  if (both.length < 2) return null
  const [xs] = shrunk(both.map(([x]) => x))
  const [ys] = shrunk(both.map(([, y]) => y))
  const mx = meanOf(xs)
  const my = meanOf(ys)
  const sxy = compensatedSum(xs.map((x, i) => (x - mx) * ((ys[i] as number) - my)))
  const sxx = compensatedSum(xs.map((x) => (x - mx) ** 2))
  const syy = compensatedSum(ys.map((y) => (y - my) ** 2))
  if (sxx === 0 || syy === 0) return null
  const product = Math.sqrt(sxx * syy)
  return sxy / (Number.isFinite(product) ? product : Math.sqrt(sxx) * Math.sqrt(syy))
}
