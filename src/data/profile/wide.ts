import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { isFloat } from '../../plan/types.ts'
import {
  aggregate,
  type Cell,
  type Collect,
  type Column,
  cellOf,
  finite,
  groupAggs,
  numberOf,
  tidy,
} from './columns.ts'
import { type Bins, binsFor } from './histogram.ts'
import { type Histogram, type NumberStats, QUANTILES } from './types.ts'

/** Buckets of a pass that looks for the middle of a distribution. */
const COARSE = 4096
/** Fine buckets that make one bin of the histogram. */
const FINE = 256

const number = (x: number): Expr => lit(x, 'float64')

/**
 * A numeric column of many different values, in a few scans: moments, then counts over ever narrower ranges until the
 * middle 98 % are spread out, then fine buckets that give the histogram, the quantiles (off by at most one bucket's
 * width, which is stated) and the target's mean. Counts, so the answer does not depend on the order of the rows.
 */
export async function wideNumber(
  table: Node,
  column: Column,
  withTarget: boolean,
  collect: Collect,
): Promise<{ number: NumberStats; histogram: Histogram | null; cells: readonly Cell[] }> {
  const { stats, x } = await moments(table, column, collect)
  const { min, max } = stats
  if (min === null || max === null)
    return { number: { ...stats, quantiles: QUANTILES.map(() => null), quantileError: 0 }, histogram: null, cells: [] }
  const [low, high] = await middle(table, x, min, max, collect)
  const bins = binsFor(column, { min, max, quantiles: [low, high] }) as Bins
  const fine: Bins = { from: bins.from, width: bins.width / FINE, bins: bins.bins * FINE, to: bins.to }
  const rows = await collect(aggregate(bucketed(table, x, fine), ['b'], groupAggs(withTarget)))
  const counts = new Array<number>(bins.bins).fill(0)
  let [below, above] = [0, 0]
  const cells: Cell[] = []
  for (const row of rows) {
    const b = numberOf(row['b'])
    if (b === null) continue
    const cell = cellOf(
      row,
      b < 0 ? min : fine.from + b * fine.width,
      b < 0 ? fine.from : b >= fine.bins ? max : fine.from + (b + 1) * fine.width,
    )
    cells.push(cell)
    if (b < 0) below += cell.n
    else if (b >= fine.bins) above += cell.n
    else counts[Math.floor(b / FINE)] = (counts[Math.floor(b / FINE)] ?? 0) + cell.n
  }
  cells.sort((a, b) => a.from - b.from || a.to - b.to)
  const quantiles = QUANTILES.map((p) => tidy(within(cells, p, min, max)))
  return {
    number: { ...stats, quantiles, quantileError: Number(fine.width.toPrecision(3)) },
    histogram: { from: bins.from, width: bins.width, counts, below, above },
    cells,
  }
}

type Moments = Omit<NumberStats, 'quantiles' | 'quantileError'>

async function moments(table: Node, column: Column, collect: Collect): Promise<{ stats: Moments; x: Expr }> {
  const raw = col(column.key)
  const float = isFloat(column.field.type) || typeof column.field.type === 'object' || column.field.type === 'duration'
  const x: Expr = float ? finite(raw) : { op: 'cast', arg: raw, to: 'float64', onError: 'fail' }
  const nan: Expr = { op: 'case', when: [[call('isNaN', raw), lit('1', 'int64')]], otherwise: lit(null, 'int64') }
  const zero: Expr = {
    op: 'case',
    when: [[call('eq', x, number(0)), lit('1', 'int64')]],
    otherwise: lit(null, 'int64'),
  }
  const marked = build({
    op: 'select',
    input: table,
    columns: [['raw', raw], ['x', x], ['zero', zero], ...(float ? ([['nan', nan]] as const) : [])],
  })
  const [a] = await collect(
    aggregate(
      marked,
      [],
      [
        ['all', { fn: 'count', arg: col('raw') }],
        ['n', { fn: 'count', arg: col('x') }],
        ['zeros', { fn: 'count', arg: col('zero') }],
        ['min', { fn: 'min', arg: col('x') }],
        ['max', { fn: 'max', arg: col('x') }],
        ...(float ? ([['nan', { fn: 'count', arg: col('nan') }]] as const) : []),
      ],
    ),
  )
  const min = numberOf(a?.['min'])
  const max = numberOf(a?.['max'])
  const counts = { min, max, nan: numberOf(a?.['nan']) ?? 0, infinite: 0, zeros: numberOf(a?.['zeros']) ?? 0 }
  const infinite = (numberOf(a?.['all']) ?? 0) - (numberOf(a?.['n']) ?? 0) - counts.nan
  if (min === null || max === null) return { stats: { ...counts, infinite, mean: null, stddev: null }, x }
  // squares of values beyond 1e100 may overflow: those are divided first
  const largest = Math.max(Math.abs(min), Math.abs(max))
  const scale = largest > 1e100 ? largest : 1
  const scaled = scale === 1 ? x : call('div', x, number(scale))
  const [b] = await collect(
    aggregate(
      build({ op: 'select', input: table, columns: [['x', scaled]] }),
      [],
      [
        ['mean', { fn: 'mean', arg: col('x') }],
        ['stddev', { fn: 'stddev', arg: col('x') }],
      ],
    ),
  )
  const times = (v: number | null) => (v === null ? null : tidy(v * scale))
  return {
    stats: { ...counts, infinite, mean: times(numberOf(b?.['mean'])), stddev: times(numberOf(b?.['stddev'])) },
    x,
  }
}

/** A range that holds the values from the 1st to the 99th percentile and little more. */
async function middle(table: Node, x: Expr, min: number, max: number, collect: Collect): Promise<[number, number]> {
  let [from, to] = [min, max]
  for (let round = 0; round < 6; round++) {
    const width = (to - from) / COARSE
    if (!(width > 0 && Number.isFinite(width) && from + width > from)) break
    const rows = await collect(
      aggregate(bucketed(table, x, { from, width, bins: COARSE, to }), ['b'], groupAggs(false)),
    )
    const counted = rows.flatMap((r) => {
      const b = numberOf(r['b'])
      return b === null ? [] : [{ b, n: numberOf(r['n']) ?? 0 }]
    })
    counted.sort((p, q) => p.b - q.b)
    const total = counted.reduce((sum, c) => sum + c.n, 0)
    const bucketAt = (p: number): number => {
      let seen = 0
      for (const c of counted) if ((seen += c.n) > p * (total - 1)) return c.b
      return COARSE - 1
    }
    const low = Math.max(from, from + bucketAt(0.01) * width)
    const high = Math.min(to, from + (bucketAt(0.99) + 1) * width)
    const narrowed = high - low < (to - from) / 64
    ;[from, to] = [low, high]
    if (!narrowed) break
  }
  return [from, to]
}

/** The table with the number `b` of each row's bucket: −1 below the range, `bins` above it, null where `x` is. */
function bucketed(table: Node, x: Expr, b: Bins): Node {
  const bucket: Expr = {
    op: 'case',
    when: [
      [call('isNull', x), lit(null, 'float64')],
      [call('lt', x, number(b.from)), number(-1)],
      [call('gt', x, number(b.to)), number(b.bins)],
      [call('ge', x, number(b.from + b.width * (b.bins - 1))), number(b.bins - 1)],
    ],
    otherwise: call('floor', call('div', call('sub', x, number(b.from)), number(b.width))),
  }
  return build({ op: 'derive', input: table, columns: [['b', bucket]] })
}

/** A quantile from sorted cells: each cell's values are taken to be spread evenly over it. */
function within(cells: readonly Cell[], p: number, min: number, max: number): number {
  const rank = p * (cells.reduce((sum, c) => sum + c.n, 0) - 1)
  let seen = 0
  for (const c of cells) {
    if (seen + c.n > rank)
      return Math.min(max, Math.max(min, c.from + (c.to - c.from) * Math.min(1, (rank - seen + 0.5) / c.n)))
    seen += c.n
  }
  return max
}
