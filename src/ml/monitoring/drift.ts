import { binOf, type CategoryReference, type ColumnReference, MISSING } from './reference.ts'

/** What live rows did, in the bins of the reference. */
export interface LiveCounts {
  rows: number
  readonly columns: readonly ColumnCounts[]
}
/** Rows by bin, or by name; `missing` for nulls. */
interface ColumnCounts {
  readonly bins: number[]
  readonly names: Map<string, number>
  missing: number
}

export type DriftStatus = 'ok' | 'warn' | 'alarm' | 'too few rows'

export interface ColumnDrift {
  readonly name: string
  /** Population stability index over tenths (Siddiqi 2006): < 0.1 stable, > 0.25 shifted. */
  readonly psi: number
  /** Largest distance between the distribution functions (Kolmogorov–Smirnov); null for names. */
  readonly ks: number | null
  /** Share of missing values now, and in training. */
  readonly missing: number
  readonly missingBefore: number
}

export interface DriftVerdict {
  readonly status: DriftStatus
  readonly rows: number
  readonly worst: string | null
  readonly psi: number
  readonly ks: number
  readonly columns: readonly ColumnDrift[]
}

export const WARN = 0.1
export const ALARM = 0.25

export function liveCounts(reference: readonly ColumnReference[]): LiveCounts {
  return {
    rows: 0,
    columns: reference.map((r) => ({
      bins: r.kind === 'numeric' ? new Array<number>(r.counts.length).fill(0) : [],
      names: new Map(),
      missing: 0,
    })),
  }
}

/** Adds one row to `live` and to `also`: numbers for numeric columns, text for the others, null or NaN for missing. */
export function observe(
  reference: readonly ColumnReference[],
  values: readonly (number | string | null)[],
  live: LiveCounts,
  also?: LiveCounts,
): void {
  live.rows++
  if (also) also.rows++
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i] as ColumnReference
    const value = values[i] ?? null
    const missing = value === null || Number.isNaN(value)
    const at = missing ? '' : r.kind === 'numeric' ? binOf(r.cuts, Number(value)) : String(value)
    count(live.columns[i] as ColumnCounts, missing, at)
    if (also) count(also.columns[i] as ColumnCounts, missing, at)
  }
}

function count(counts: ColumnCounts, missing: boolean, at: number | string): void {
  if (missing) counts.missing++
  else if (typeof at === 'number') counts.bins[at] = (counts.bins[at] ?? 0) + 1
  else counts.names.set(at, (counts.names.get(at) ?? 0) + 1)
}

export function addCounts(into: LiveCounts, from: LiveCounts): void {
  into.rows += from.rows
  from.columns.forEach((c, i) => {
    const target = into.columns[i] as ColumnCounts
    target.missing += c.missing
    c.bins.forEach((n, bin) => {
      target.bins[bin] = (target.bins[bin] ?? 0) + n
    })
    for (const [name, n] of c.names) target.names.set(name, (target.names.get(name) ?? 0) + n)
  })
}

/** Compares live rows with training, column by column. Fewer than `enough` rows get no verdict. */
export function driftOf(reference: readonly ColumnReference[], live: LiveCounts, enough: number): DriftVerdict {
  // nobody has asked: nothing has shifted
  const none = live.rows === 0
  const columns = reference.map((r, i): ColumnDrift => {
    const now = live.columns[i] as ColumnCounts
    const before = shares(r)
    const after = r.kind === 'numeric' ? now.bins : named(r, now, live.rows)
    const missing = missingIn(r)
    const missingBefore = missing / Math.max(1, missing + sum(before))
    const [tenthsBefore, tenthsAfter] = pooled(before, after)
    return {
      name: r.name,
      psi: none ? 0 : psi([...tenthsBefore, missing], [...tenthsAfter, now.missing]),
      ks: r.kind !== 'numeric' ? null : none ? 0 : ks(before, after),
      missing: now.missing / Math.max(1, live.rows),
      missingBefore,
    }
  })
  const worst = columns.reduce<ColumnDrift | null>((w, c) => (w === null || c.psi > w.psi ? c : w), null)
  const psiMost = worst?.psi ?? 0
  const status = live.rows < enough ? 'too few rows' : psiMost > ALARM ? 'alarm' : psiMost > WARN ? 'warn' : 'ok'
  return {
    status,
    rows: live.rows,
    worst: none ? null : (worst?.name ?? null),
    psi: psiMost,
    ks: Math.max(0, ...columns.map((c) => c.ks ?? 0)),
    columns,
  }
}

/** Names of training; models of before missing rows were counted apart have these among them. */
const namesOf = ({ counts, missing }: CategoryReference): string[] =>
  Object.keys(counts).filter((name) => missing !== undefined || name !== MISSING)
const missingIn = (r: ColumnReference): number =>
  r.kind === 'numeric' ? r.missing : (r.missing ?? r.counts[MISSING] ?? 0)

/** Live rows by the names of training, then all others. */
function named(r: CategoryReference, now: ColumnCounts, rows: number): number[] {
  const found = namesOf(r).map((name) => now.names.get(name) ?? 0)
  return [...found, rows - now.missing - sum(found)]
}

const sum = (ns: readonly number[]): number => ns.reduce((a, b) => a + b, 0)
const shares = (r: ColumnReference): readonly number[] =>
  r.kind === 'numeric' ? r.counts : [...namesOf(r).map((name) => r.counts[name] ?? 0), r.other]

/** Neighbouring bins joined until each holds a tenth of the reference. */
function pooled(before: readonly number[], after: readonly number[]): [number[], number[]] {
  const tenth = sum(before) / 10
  const a: number[] = []
  const b: number[] = []
  let x = 0
  let y = 0
  before.forEach((n, i) => {
    x += n
    y += after[i] ?? 0
    if (x >= tenth * 0.999) {
      a.push(x)
      b.push(y)
      x = 0
      y = 0
    }
  })
  if (x > 0 || y > 0) {
    a.push(x)
    b.push(y)
  }
  return [a, b]
}

/** Σ (p − q) ln(p / q) over bins, with half a row added to each so that an empty one stays finite. */
export function psi(before: readonly number[], after: readonly number[]): number {
  const p = sum(before) + before.length / 2
  const q = sum(after) + after.length / 2
  return before.reduce((total, n, i) => {
    const a = (n + 0.5) / p
    const b = ((after[i] ?? 0) + 0.5) / q
    return total + (a - b) * Math.log(a / b)
  }, 0)
}

/** The largest distance between two distribution functions over common bins. */
export function ks(before: readonly number[], after: readonly number[]): number {
  const p = Math.max(1, sum(before))
  const q = Math.max(1, sum(after))
  let distance = 0
  let a = 0
  let b = 0
  before.forEach((n, i) => {
    a += n / p
    b += (after[i] ?? 0) / q
    distance = Math.max(distance, Math.abs(a - b))
  })
  return distance
}
