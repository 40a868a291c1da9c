import { type Cell, type Column, tidy } from './columns.ts'
import type { ColumnProfile, Correlation, EffectBin, FeatureEffect } from './types.ts'

/** Bins of a feature's chart, at most; categories beyond are put together. */
export const BINS = 10
/** Values up to which each one is a bin of its own. */
const VALUES = 12
/** Groups that the strength of a wide column is judged by; a number of more values is judged by tenths of its rows, too. */
export const GROUPS = 100

/** What is known of the target as a whole. */
export interface Overall {
  readonly n: number
  readonly mean: number
  /** Of all values (divided by n). */
  readonly variance: number
}

/** What a column's groups explain of the target: how many there are, the rows in them, and the squares between them. */
export interface Between {
  readonly groups: number
  readonly n: number
  readonly squares: number
}

/** How the target moves with a column, from the column's cells; `between` where its groups were put together before. */
export function effectOf(
  column: Column,
  profile: ColumnProfile,
  cells: readonly Cell[],
  overall: Overall,
  correlation: number | null,
  between?: Between,
): FeatureEffect {
  const known = cells.filter((c) => c.ny > 0)
  const grouped =
    column.kind === 'number' && known.length > GROUPS && profile.number?.quantileError !== 0
      ? byQuantiles(known, GROUPS)
      : known
  return {
    column: column.field.name,
    kind: column.kind,
    correlation,
    strength: larger(
      between ? strengthFrom(between, overall) : strengthOf(grouped, overall),
      column.kind === 'number' && (between?.groups ?? known.length) > GROUPS
        ? strengthOf(byQuantiles(known, BINS), overall)
        : null,
    ),
    bins: binsOf(column, known),
  }
}

/** Values of a few rows each hide what they tell together, and tenths hide what single values tell: the more telling of both. */
const larger = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b))

export function strengthOf(cells: readonly Cell[], overall: Overall): number | null {
  const n = cells.reduce((sum, c) => sum + c.ny, 0)
  const mean = cells.reduce((sum, c) => sum + c.ny * (c.my ?? 0), 0) / n
  const squares = cells.reduce((sum, c) => sum + c.ny * ((c.my ?? 0) - mean) ** 2, 0)
  return strengthFrom({ groups: cells.length, n, squares }, overall)
}

/** √ε²: the correlation ratio, corrected for the number of groups (Kelley 1935). Null when there is nothing to explain. */
function strengthFrom({ groups, n, squares }: Between, overall: Overall): number | null {
  // one value a row explains everything and nothing
  if (groups < 2 || n < overall.n / 2 || n - groups < n / 10 || !(overall.variance > 0)) return null
  const eta2 = Math.min(1, squares / (overall.variance * n))
  const epsilon2 = 1 - ((1 - eta2) * (n - 1)) / (n - groups)
  return Math.round(Math.sqrt(Math.max(0, epsilon2)) * 1e6) / 1e6
}

function binsOf(column: Column, cells: readonly Cell[]): EffectBin[] {
  if (column.kind === 'text') {
    const rest = cells.slice(VALUES)
    const bins = cells.slice(0, VALUES).map((c) => bin([c], c.label))
    return rest.length > 0 ? [...bins, bin(rest, null)] : bins
  }
  if (column.kind === 'bool' || cells.length <= VALUES || column.kind === 'time')
    return cells.map((c) => bin([c], c.label))
  return byQuantiles(cells, BINS).map((c) => bin([c], null))
}

/** Sorted cells put together so that each group holds about as many rows as the next. */
function byQuantiles(cells: readonly Cell[], groups: number): Cell[] {
  const total = cells.reduce((sum, c) => sum + c.ny, 0)
  const out: Cell[] = []
  let open: Cell[] = []
  let seen = 0
  for (const c of cells) {
    open.push(c)
    seen += c.ny
    if (seen >= ((out.length + 1) * total) / groups) {
      out.push(merged(open))
      open = []
    }
  }
  if (open.length > 0) out.push(merged(open))
  return out
}

function merged(cells: readonly Cell[]): Cell {
  const ny = cells.reduce((sum, c) => sum + c.ny, 0)
  return {
    from: cells[0]?.from ?? 0,
    to: cells.at(-1)?.to ?? 0,
    label: null,
    n: cells.reduce((sum, c) => sum + c.n, 0),
    ny,
    my: ny === 0 ? null : cells.reduce((sum, c) => sum + c.ny * (c.my ?? 0), 0) / ny,
  }
}

function bin(cells: readonly Cell[], label: string | null): EffectBin {
  const m = merged(cells)
  const ranged = cells.some((c) => c.label === null)
  return { label, from: ranged ? m.from : null, to: ranged ? m.to : null, count: m.n, mean: tidy(m.my) }
}

/** The strongest first; what can't be judged comes last. */
export const byStrength = (a: FeatureEffect, b: FeatureEffect): number =>
  (b.strength ?? -1) - (a.strength ?? -1) || Math.abs(b.correlation ?? 0) - Math.abs(a.correlation ?? 0)

export function pairOf(c: Correlation, a: string, b: string): number | null {
  return c.values[c.columns.indexOf(a)]?.[c.columns.indexOf(b)] ?? null
}
