import type { Agg } from '../../plan/expr.ts'
import { infer, inferAgg } from '../../plan/infer.ts'
import { isFloat, type Schema } from '../../plan/types.ts'
import type { Bounds } from './bitmaps.ts'
import { sqlExpr } from './sql/expr.ts'
import { sqlType } from './sql/names.ts'

/** 2⁵⁰⁰: squares of larger values may leave the range of a double, so they are brought down by 2⁶⁰⁰ and back. */
const HUGE = '3.273390607896142e150'
const UP = '4.149515568880993e180'
/** What is never computed with is null, or DuckDB would raise for it. */
const small = (x: string): string => `CASE WHEN abs(${x}) < ${HUGE} THEN ${x} END`
const shrunk = (x: string): string => `CASE WHEN isfinite(${x}) THEN ${x} / ${UP} END`

/**
 * An aggregate; `over` is an OVER clause for windows. `lean`: a spread of values that DuckDB can't compute raises, whose
 * rows are then computed again without it: guarding every value takes three times as long. `bounds`: of integers whose
 * different ones are counted in a map of bits.
 */
export function sqlAgg(agg: Agg, schema: Schema, over = '', lean = false, bounds?: Bounds): string {
  if (agg.arg === null) return `count(*)${over}`
  const type = infer(agg.arg, schema, agg.fn).type
  const arg = sqlExpr(agg.arg, schema)
  const number = type === 'bool' ? `CAST(${arg} AS INTEGER)` : arg
  switch (agg.fn) {
    case 'count':
      return `count(${arg})${over}`
    case 'countDistinct': {
      const within = agg.arg.op === 'col' ? bounds?.get(agg.arg.name) : undefined
      if (!within) return `count(DISTINCT ${arg})${over}`
      return `coalesce(bit_count(bitstring_agg(${arg}::BIGINT, (${within[0]})::BIGINT, (${within[1]})::BIGINT)), 0)`
    }
    case 'sum':
      return isFloat(type)
        ? `sum(${arg})${over}` // within n·ε·Σ|x|: docs/decisions/0006
        : `CAST(sum(${number})${over} AS ${sqlType(inferAgg(agg, schema, agg.fn).type)})`
    case 'mean':
      return `avg(${type === 'float32' ? `CAST(${arg} AS DOUBLE)` : number})${over}`
    case 'min':
    case 'max':
      return `${agg.fn}(${arg})${over}`
    case 'stddev':
    case 'variance': {
      const fn = agg.fn === 'stddev' ? 'stddev_samp' : 'var_samp'
      const x = `CAST(${number} AS DOUBLE)`
      if (lean || !isFloat(type)) return `${fn}(${x})${over}`
      const most = `max(abs(${x}))${over}`
      const back = agg.fn === 'stddev' ? ` * ${UP}` : ` * ${UP} * ${UP}`
      return `CASE WHEN NOT isfinite(${most}) THEN CASE WHEN count(${x})${over} > 1 THEN 'nan'::DOUBLE END WHEN ${most} >= ${HUGE} THEN ${fn}(${shrunk(x)})${over}${back} ELSE ${fn}(${small(x)})${over} END`
    }
    case 'quantile':
      return `quantile_cont(CAST(${number} AS DOUBLE), ${Number(agg.param ?? 0.5)})${over}`
    case 'corr': {
      const other = sqlExpr(agg.arg2 ?? agg.arg, schema)
      const otherType = infer(agg.arg2 ?? agg.arg, schema, agg.fn).type
      const second = otherType === 'bool' ? `CAST(${other} AS INTEGER)` : other
      const [x, y] = [`CAST(${number} AS DOUBLE)`, `CAST(${second} AS DOUBLE)`]
      if (lean || (!isFloat(type) && !isFloat(otherType))) return `nullif(corr(${x}, ${y})${over}, 'nan'::DOUBLE)`
      const most = (a: string, b: string) => `max(CASE WHEN ${b} IS NOT NULL THEN abs(${a}) END)${over}`
      const [mx, my] = [most(x, y), most(y, x)]
      const of = (a: string, b: string) => `nullif(corr(${a}, ${b})${over}, 'nan'::DOUBLE)`
      const whens = [
        `WHEN NOT (isfinite(${mx}) AND isfinite(${my})) THEN CASE WHEN regr_count(${x}, ${y})${over} > 1 THEN 'nan'::DOUBLE END`,
        `WHEN ${mx} >= ${HUGE} AND ${my} >= ${HUGE} THEN ${of(shrunk(x), shrunk(y))}`,
        `WHEN ${mx} >= ${HUGE} THEN ${of(shrunk(x), small(y))}`,
        `WHEN ${my} >= ${HUGE} THEN ${of(small(x), shrunk(y))}`,
      ]
      return `CASE ${whens.join(' ')} ELSE ${of(small(x), small(y))} END`
    }
  }
}
