import type { Agg } from '../../plan/expr.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { aggregate, type Collect, type Column, finite, numberOf } from './columns.ts'
import type { ColumnProfile, Correlation } from './types.ts'

/** Columns that the matrix takes at most: its pairs grow with their square. */
export const CORRELATED = 32

/**
 * Pearson's r of every pair of numeric and bool columns, in one scan. Values are centred and scaled first, so a pair
 * without gaps is the mean of a product; a pair with gaps is correlated over the rows where both are there.
 */
export async function correlate(
  table: Node,
  columns: readonly (readonly [Column, ColumnProfile])[],
  first: string | null,
  collect: Collect,
): Promise<Correlation> {
  const eligible = columns.filter(([c]) => c.kind === 'number' || c.kind === 'bool')
  const ordered = [
    ...eligible.filter(([c]) => c.field.name === first),
    ...eligible.filter(([c]) => c.field.name !== first),
  ]
  const kept = new Set(ordered.slice(0, CORRELATED).map(([c]) => c.key))
  const taken = eligible.filter(([c]) => kept.has(c.key))
  const usable = taken.flatMap(([c, p]) => {
    const z = standardised(c, p)
    return z ? [{ key: c.key, z, gaps: finiteCount(p) < p.count + p.nulls, n: finiteCount(p) }] : []
  })
  const aggs: Named<Agg>[number][] = []
  for (const [i, a] of usable.entries())
    for (const b of usable.slice(0, i)) {
      const whole = !a.gaps && !b.gaps
      const agg: Agg = whole
        ? { fn: 'mean', arg: call('mul', col(a.key), col(b.key)) }
        : { fn: 'corr', arg: col(a.key), arg2: col(b.key) }
      aggs.push([`${a.key}_${b.key}`, agg])
    }
  const scaled = build({
    op: 'select',
    input: table,
    columns: usable.length > 0 ? usable.map((u) => [u.key, u.z] as const) : [['none', lit(null, 'int64')]],
  })
  const [found] = aggs.length > 0 ? await collect(aggregate(scaled, [], aggs)) : []
  const byKey = new Map(usable.map((u) => [u.key, u]))
  const r = (a: Column, b: Column): number | null => {
    const [ua, ub] = [byKey.get(a.key), byKey.get(b.key)]
    if (!ua || !ub) return null
    if (a === b) return 1
    const value = numberOf(found?.[`${a.key}_${b.key}`] ?? found?.[`${b.key}_${a.key}`])
    if (value === null || !Number.isFinite(value)) return null
    const unbiased = !ua.gaps && !ub.gaps ? (value * ua.n) / (ua.n - 1) : value
    return Math.round(Math.min(1, Math.max(-1, unbiased)) * 1e6) / 1e6 + 0
  }
  return {
    columns: taken.map(([c]) => c.field.name),
    values: taken.map(([a]) => taken.map(([b]) => r(a, b))),
    missing: taken
      .filter(([c]) => !byKey.has(c.key))
      .map(([c, p]) => ({ column: c.field.name, reason: finiteCount(p) === 0 ? 'empty' : 'constant' })),
    skipped: eligible.filter(([c]) => !kept.has(c.key)).map(([c]) => c.field.name),
  }
}

const finiteCount = (p: ColumnProfile): number => p.count - (p.number?.nan ?? 0) - (p.number?.infinite ?? 0)

/** (x − mean) / stddev, null where x is missing or not finite; undefined when nothing varies. */
function standardised(c: Column, p: ColumnProfile): Expr | undefined {
  const n = p.count
  const share = p.trues === null ? 0 : p.trues / n
  const mean = c.kind === 'bool' ? share : p.number?.mean
  const stddev = c.kind === 'bool' ? Math.sqrt((share * (1 - share) * n) / (n - 1)) : p.number?.stddev
  if (mean === null || mean === undefined || !stddev || !Number.isFinite(stddev)) return undefined
  const x = col(c.key)
  if (c.kind === 'bool') {
    const at = (v: number) => lit((v - mean) / stddev, 'float64')
    return {
      op: 'case',
      when: [
        [x, at(1)],
        [call('not', x), at(0)],
      ],
      otherwise: lit(null, 'float64'),
    }
  }
  const clean: Expr =
    p.number?.nan || p.number?.infinite ? finite(x) : { op: 'cast', arg: x, to: 'float64', onError: 'fail' }
  return call('div', call('sub', clean, lit(mean, 'float64')), lit(stddev, 'float64'))
}
