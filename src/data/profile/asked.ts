import type { Node } from '../../plan/nodes.ts'
import type { Access } from './access.ts'
import { type Cell, type Column, cellOf, numberOf, type Row, tidy } from './columns.ts'
import { FEW, quantileAt } from './frequency.ts'
import { type Bins, binsFor } from './histogram.ts'
import {
  aboutMean,
  atRanks,
  commonest,
  ends,
  firstAsked,
  frequencies,
  inBins,
  inParts,
  known,
  moments,
  numeric,
  partEnds,
} from './questions.ts'
import { type Between, BINS, GROUPS } from './target.ts'
import { timeStats } from './times.ts'
import { type ColumnProfile, type Histogram, type NumberStats, QUANTILES } from './types.ts'

/** Different numbers and moments up to which a column's table of frequencies comes; of texts `FEW`, whose words all count. */
const NARROW = 4096

/** What was asked of a column: its frequencies, or what stands for them. */
export type Asked =
  | { readonly frequencies: readonly Row[] }
  | {
      readonly found: Partial<ColumnProfile>
      readonly count: number
      readonly distinct: number
      readonly cells: readonly Cell[]
      readonly between?: Between
    }

/** A table, what computes small results of it, and the mean that squares of the target are taken about. */
export interface Asking {
  readonly table: Node
  readonly access: Access
  readonly withTarget: boolean
  /** Whether a profile that reads rows would find each value's own share of the target. */
  readonly exact: boolean
  /** Of the whole table. */
  readonly mean: Promise<number>
}

/** Finds what a column holds by small results; undefined for texts of so many words that they are read where they lie. */
export async function askOf(column: Column, s: Asking): Promise<Asked | undefined> {
  const { access, table } = s
  const [several, row] = await Promise.all(
    firstAsked(table, column, s.withTarget).map(async (n) => (await access.collect(n))[0] as Row),
  )
  const distinct = numberOf(several?.['k']) ?? 0
  if (column.kind === 'text' && distinct > FEW) return undefined
  if (column.kind === 'text' || column.kind === 'bool' || distinct <= NARROW)
    return { frequencies: await access.collect(frequencies(s, column), distinct + 1) }
  const count = numberOf(row?.['n']) ?? 0
  if (column.kind === 'time') {
    const ends = { min: numberOf(row?.['min']) ?? 0, max: numberOf(row?.['max']) ?? 0 }
    const { cells, ...found } = await timeStats(table, column, ends, s.withTarget, access.collect)
    return { found, count, distinct, cells }
  }
  return {
    ...(await numbers(column, s, row ?? {}, { distinct, most: numberOf(several?.['most']) ?? 0 })),
    count,
    distinct,
  }
}

async function numbers(
  column: Column,
  s: Asking,
  row: Row,
  { distinct, most }: { readonly distinct: number; readonly most: number },
): Promise<{ found: Partial<ColumnProfile>; cells: Cell[]; between?: Between }> {
  const { collect } = s.access
  const of = (name: string) => numberOf(row[name])
  const [n, min, max] = [of('finite') ?? 0, of('min'), of('max')]
  // by value as long as a profile that reads rows counts each, too; else by ranges of rows
  const byValue = s.exact || distinct <= FEW
  const places = s.withTarget ? partEnds(of('known') ?? 0, byValue ? BINS : GROUPS) : []
  // of parts of the largest magnitude, so that squares of huge values stay finite; a power of two takes no digit
  const largest = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0))
  const scale = largest > 0 ? 2 ** Math.min(1023, Math.ceil(Math.log2(largest))) : 1
  const [ordered, atEnds, top, [scaled], between] = await Promise.all([
    collect(
      atRanks(
        s.table,
        numeric(column),
        QUANTILES.flatMap((p) => ends(p, n)),
      ),
    ),
    s.withTarget ? collect(atRanks(s.table, known(column), places)) : [],
    most > 1 ? collect(commonest(column, s)) : [],
    collect(moments(column, s.table, scale)),
    s.withTarget && byValue ? betweenOf(column, s) : undefined,
  ])
  const values = new Map(ordered.map((r) => [Number(r['r']), Number(r['x'])]))
  const at = (place: number) => values.get(place + 1) ?? 0
  const moment = (name: string) => {
    const value = numberOf(scaled?.[name])
    return value === null ? null : tidy(value * scale)
  }
  const [count, nan] = [of('n') ?? 0, of('nan') ?? 0]
  const number: NumberStats = {
    ...{ min, max, mean: moment('mean'), stddev: moment('stddev') },
    quantiles: QUANTILES.map((p) => (n === 0 ? null : tidy(quantileAt(p, n, at)))),
    ...{ quantileError: 0, nan, infinite: count - n - nan, zeros: of('zeros') },
  }
  const bins = binsFor(column, number)
  const edges = [...new Set(atEnds.map((r) => Number(r['x'])))].sort((a, b) => a - b)
  const [counts, cells] = await Promise.all([
    bins ? collect(inBins(column, s.table, bins)) : [],
    s.withTarget ? collect(inParts(column, s.table, edges)) : [],
  ])
  return {
    found: {
      number,
      histogram: bins && histogramOf(bins, counts),
      top: top.map((r) => ({ value: String(r[column.key]), count: numberOf(r['n']) ?? 0 })),
    },
    cells: cells
      .filter((r) => r['b'] !== null)
      .sort((a, b) => Number(a['b']) - Number(b['b']))
      .map((r) => cellOf(r, Number(r['from']), Number(r['to']))),
    ...(between ? { between } : {}),
  }
}

function histogramOf({ from, width, bins }: Bins, rows: readonly Row[]): Histogram {
  const counts = new Array<number>(bins).fill(0)
  let [below, above] = [0, 0]
  for (const r of rows) {
    const [b, n] = [numberOf(r['b']), numberOf(r['n']) ?? 0]
    if (b === -1) below += n
    else if (b === -2) above += n
    else if (b !== null) counts[b] = n
  }
  return { from, width, counts, below, above }
}

/** What each value's own rows say of the target, put together where they lie. */
async function betweenOf(column: Column, s: Asking): Promise<Between> {
  const [row] = await s.access.collect(aboutMean(s, column, await s.mean))
  const of = (name: string) => numberOf(row?.[name]) ?? 0
  const n = of('n')
  return { groups: of('groups'), n, squares: n === 0 ? 0 : of('squares') - of('off') ** 2 / n }
}
