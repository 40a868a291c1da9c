import type { Agg } from '../../plan/expr.ts'
import { infer, inferAgg } from '../../plan/infer.ts'
import { isFloat, type Schema } from '../../plan/types.ts'
import { sqlExpr } from './sql/expr.ts'
import { sqlType } from './sql/names.ts'

/** An aggregate; `over` is an OVER clause for windows. */
export function sqlAgg(agg: Agg, schema: Schema, over = ''): string {
  if (agg.arg === null) return `count(*)${over}`
  const type = infer(agg.arg, schema, agg.fn).type
  const arg = sqlExpr(agg.arg, schema)
  const number = type === 'bool' ? `CAST(${arg} AS INTEGER)` : arg
  switch (agg.fn) {
    case 'count':
      return `count(${arg})${over}`
    case 'countDistinct':
      return `count(DISTINCT ${arg})${over}`
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
      return `stddev_samp(CAST(${number} AS DOUBLE))${over}`
    case 'variance':
      return `var_samp(CAST(${number} AS DOUBLE))${over}`
    case 'quantile':
      return `quantile_cont(CAST(${number} AS DOUBLE), ${Number(agg.param ?? 0.5)})${over}`
    case 'corr': {
      const other = sqlExpr(agg.arg2 ?? agg.arg, schema)
      const otherType = infer(agg.arg2 ?? agg.arg, schema, agg.fn).type
      const second = otherType === 'bool' ? `CAST(${other} AS INTEGER)` : other
      return `nullif(corr(CAST(${number} AS DOUBLE), CAST(${second} AS DOUBLE))${over}, 'nan'::DOUBLE)`
    }
  }
}
