import { type Counted, VALUE } from './access.ts'
import { numberOf } from './columns.ts'
import type { Pairs, Sampled } from './types.ts'

/** Columns that pairs are looked at of, at most. */
const PAIRED = 32
/** Values up to which a text counts as a category. */
const CATEGORIES = 50
/** Sets of columns that are missing together which are told. */
const TOLD = 12

/** Gathers what a sample says of columns together, group of columns by group; the rows are the same in each. */
export class Together {
  readonly rows: number
  readonly #numbers: Counted[] = []
  readonly #names: Counted[] = []
  readonly #gaps: Counted[] = []
  readonly #low: Uint32Array
  readonly #high: Uint32Array

  constructor(rows: number) {
    this.rows = rows
    this.#low = new Uint32Array(rows)
    this.#high = new Uint32Array(rows)
  }

  add(counted: readonly Counted[]): void {
    for (const c of counted) {
      const missing = c.rows.some((r) => r[VALUE] === null)
      const { kind } = c.column
      if (kind === 'number' && this.#numbers.length < PAIRED && c.rows.length > 2) this.#numbers.push(c)
      const few = c.rows.length > 1 && c.rows.length <= CATEGORIES
      if ((kind === 'text' || kind === 'bool') && few && this.#names.length < PAIRED) this.#names.push(c)
      if (missing && this.#gaps.length < PAIRED) this.#gaps.push(c)
      for (let i = 0; i < this.rows; i++) {
        const id = c.ids[i] as number
        this.#low[i] = Math.imul((this.#low[i] as number) ^ id, 0x01000193) + 0x9e3779b1
        this.#high[i] = Math.imul((this.#high[i] as number) + id, 0x85ebca6b) ^ ((this.#high[i] as number) >>> 13)
      }
    }
  }

  /** Rows that repeat an earlier one; two different ones are taken for equal once in 2⁵³. */
  #repeated(): number {
    const seen = new Set<number>()
    for (let i = 0; i < this.rows; i++)
      seen.add((this.#low[i] as number) * 2097152 + ((this.#high[i] as number) >>> 11))
    return this.rows - seen.size
  }

  /** @param whole whether the sample is the table @param hasKey whether a column tells every row apart */
  found(whole: boolean, hasKey: boolean): Sampled {
    return {
      rows: this.rows,
      spearman: pairs(this.#numbers, spearman(this.#numbers)),
      cramersV: pairs(this.#names, cramersV),
      missing: this.#missing(),
      duplicates: {
        share: hasKey || this.rows === 0 ? 0 : round(this.#repeated() / this.rows),
        exact: hasKey || whole,
      },
    }
  }

  #missing(): Sampled['missing'] {
    const nullIds = this.#gaps.map((c) => c.rows.findIndex((r) => r[VALUE] === null))
    const sets = new Map<number, number>()
    for (let i = 0; i < this.rows; i++) {
      let set = 0
      for (const [k, c] of this.#gaps.entries()) if (c.ids[i] === nullIds[k]) set += 2 ** k
      if (set > 0) sets.set(set, (sets.get(set) ?? 0) + 1)
    }
    return [...sets]
      .sort(([a, n], [b, m]) => m - n || a - b)
      .slice(0, TOLD)
      .map(([set, n]) => ({
        columns: this.#gaps.filter((_, k) => Math.floor(set / 2 ** k) % 2 === 1).map((c) => c.column.field.name),
        share: round(n / this.rows),
      }))
  }
}

const round = (x: number): number => Math.round(x * 1e6) / 1e6

function pairs(columns: readonly Counted[], of: (a: Counted, b: Counted) => number | null): Pairs {
  const values: (number | null)[][] = columns.map(() => columns.map(() => null))
  for (const [i, a] of columns.entries()) {
    ;(values[i] as (number | null)[])[i] = 1
    for (const [j, b] of columns.slice(0, i).entries()) {
      const v = of(a, b)
      const told = v === null || !Number.isFinite(v) ? null : round(v) + 0
      ;(values[i] as (number | null)[])[j] = told
      ;(values[j] as (number | null)[])[i] = told
    }
  }
  return { columns: columns.map((c) => c.column.field.name), values }
}

/** Spearman's ρ over the rows where both are there: Pearson's r of their ranks; equal values have the mean of theirs. */
function spearman(columns: readonly Counted[]): (a: Counted, b: Counted) => number | null {
  const full = new Map(columns.map((c) => [c, ranksOf(c)]))
  const gaps = new Map(columns.map((c) => [c, (full.get(c) as Float64Array).some(Number.isNaN)]))
  return (a, b) => {
    const [fx, fy] = [full.get(a) as Float64Array, full.get(b) as Float64Array]
    // of rows that are in both alone, the ranks are others
    const x = gaps.get(b) ? ranksOf(a, (i) => !Number.isNaN(fy[b.ids[i] as number])) : fx
    const y = gaps.get(a) ? ranksOf(b, (i) => !Number.isNaN(fx[a.ids[i] as number])) : fy
    let [n, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0]
    for (let i = 0; i < a.ids.length; i++) {
      const [ia, ib] = [a.ids[i] as number, b.ids[i] as number]
      if (Number.isNaN(fx[ia]) || Number.isNaN(fy[ib])) continue
      const [p, q] = [x[ia] as number, y[ib] as number]
      n++
      sx += p
      sy += q
      sxx += p * p
      syy += q * q
      sxy += p * q
    }
    const [vx, vy] = [sxx - (sx * sx) / n, syy - (sy * sy) / n]
    return n > 2 && vx > 1e-9 && vy > 1e-9
      ? Math.min(1, Math.max(-1, (sxy - (sx * sy) / n) / Math.sqrt(vx * vy)))
      : null
  }
}

/** The rank of each value among the rows kept, about their middle, so that products of them stay small; NaN for null and NaN. */
function ranksOf(c: Counted, keep?: (row: number) => boolean): Float64Array {
  const ranks = new Float64Array(c.rows.length).fill(Number.NaN)
  const n = new Uint32Array(c.rows.length)
  for (let i = 0; i < c.ids.length; i++)
    if (keep === undefined || keep(i)) n[c.ids[i] as number] = (n[c.ids[i] as number] as number) + 1
  const order = c.rows
    .map((r, i) => ({ i, x: numberOf(r[VALUE]), n: n[i] as number }))
    .filter((v): v is { i: number; x: number; n: number } => v.x !== null && !Number.isNaN(v.x))
    .sort((a, b) => a.x - b.x)
  const middle = order.reduce((sum, v) => sum + v.n, 0) / 2
  let before = 0
  for (const v of order) {
    ranks[v.i] = before + (v.n + 1) / 2 - middle
    before += v.n
  }
  return ranks
}

/** Cramér's V of the table of two columns, corrected for bias: Bergsma, A bias-correction for Cramér's V, 2013. */
function cramersV(a: Counted, b: Counted): number | null {
  const [nullA, nullB] = [a, b].map((c) => c.rows.findIndex((r) => r[VALUE] === null))
  const width = b.rows.length
  const cells = new Float64Array(a.rows.length * width)
  let n = 0
  for (let i = 0; i < a.ids.length; i++) {
    const [p, q] = [a.ids[i] as number, b.ids[i] as number]
    if (p === nullA || q === nullB) continue
    const at = p * width + q
    cells[at] = (cells[at] as number) + 1
    n++
  }
  const across = a.rows.map((_, p) => cells.subarray(p * width, (p + 1) * width).reduce((s, x) => s + x, 0))
  const down = b.rows.map((_, q) => across.reduce((s, _, p) => s + (cells[p * width + q] as number), 0))
  const [r, k] = [across.filter((x) => x > 0).length, down.filter((x) => x > 0).length]
  if (r < 2 || k < 2 || n < 2) return null
  let chi2 = 0
  for (const [p, x] of across.entries())
    for (const [q, y] of down.entries()) {
      const expected = (x * y) / n
      if (expected > 0) chi2 += ((cells[p * width + q] as number) - expected) ** 2 / expected
    }
  const phi2 = Math.max(0, chi2 / n - ((k - 1) * (r - 1)) / (n - 1))
  const [r2, k2] = [r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)]
  return Math.sqrt(phi2 / Math.min(r2 - 1, k2 - 1))
}
