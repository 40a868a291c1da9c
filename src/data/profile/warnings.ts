import type { ColumnProfile, Correlation, Part, Sampled, TargetProfile, Warning, WarningCode } from './types.ts'

/** The shares and sizes at which a warning is given. */
export const LIMITS = {
  /** Share of missing values. */
  nulls: 0.05,
  /** Finite values of a column below which a correlation or a strength says nothing: of two rows every r is 1. */
  few: 10,
  /** |r| of two features. */
  twins: 0.95,
  /** Strength or |r| at which a feature says the target. */
  leak: 0.98,
  /** The rarer side of a bool target; the commonest value of another column. */
  rare: 0.05,
  dominant: 0.98,
  /** Values outside the histogram's robust range, in interquartile ranges from the median. */
  extremes: 50,
  /** Rows from which a column without repetition is called a key. */
  key: 20,
  /** Change of the target's mean between parts, relative to the mean over all. */
  partShift: 0.25,
  /** Share of rows that repeat another. */
  duplicates: 0.01,
} as const

const LEVELS: Record<WarningCode, Warning['level']> = {
  leak: 'high',
  empty: 'high',
  constant: 'medium',
  oneValue: 'low',
  nulls: 'medium',
  notFinite: 'high',
  key: 'low',
  twins: 'low',
  imbalance: 'medium',
  dominant: 'low',
  extremes: 'low',
  untidy: 'medium',
  partShift: 'medium',
  personal: 'high',
  personalName: 'medium',
  duplicates: 'medium',
}
const ORDER = ['high', 'medium', 'low'] as const

const percent = (x: number): string => `${Number((x * 100).toPrecision(3))}`

/** What deserves a look, the gravest first. */
export function warningsOf(
  rows: number,
  columns: readonly ColumnProfile[],
  correlation: Correlation,
  target: TargetProfile | null,
  parts: readonly Part[],
  sampled?: Sampled,
): Warning[] {
  const found: Warning[] = []
  const warn = (code: WarningCode, names: readonly string[], params: Warning['params'] = {}) =>
    found.push({ code, level: LEVELS[code], columns: names, params })
  if (rows === 0) return []
  const leaks = new Set<string>()
  const told = new Map(columns.map((c) => [c.name, c.count - (c.number?.nan ?? 0) - (c.number?.infinite ?? 0)]))
  const isTold = (...names: readonly string[]) => names.every((name) => (told.get(name) ?? 0) >= LIMITS.few)
  for (const f of target?.features ?? []) {
    const certainty = Math.max(f.strength ?? 0, Math.abs(f.correlation ?? 0))
    if (certainty < LIMITS.leak || !isTold(f.column)) continue
    leaks.add(f.column)
    warn('leak', [f.column], { target: target?.column ?? '', strength: certainty.toFixed(2) })
  }
  for (const c of columns)
    for (const [code, params] of ofColumn(c, rows, target?.column === c.name)) warn(code, [c.name], params)
  const repeated = sampled?.duplicates.share ?? 0
  if (repeated >= LIMITS.duplicates) warn('duplicates', [], { percent: percent(repeated) })
  for (const [i, a] of correlation.columns.entries())
    for (const [j, b] of correlation.columns.slice(0, i).entries()) {
      const r = correlation.values[i]?.[j] ?? 0
      if (Math.abs(r) >= LIMITS.twins && isTold(a, b) && a !== target?.column && b !== target?.column)
        warn('twins', [b, a], { r: r.toFixed(3) })
    }
  if (target?.mean)
    for (const p of parts) {
      if (p.name === null || p.mean === null) continue
      const change = p.mean / target.mean - 1
      if (Math.abs(change) >= LIMITS.partShift)
        warn('partShift', [target.column], {
          part: p.name,
          change: `${change > 0 ? '+' : '−'}${percent(Math.abs(change))}`,
        })
    }
  return found.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level))
}

function ofColumn(c: ColumnProfile, rows: number, isTarget: boolean): [WarningCode, Warning['params']][] {
  const out: [WarningCode, Warning['params']][] = []
  if (c.count === 0) return [['empty', {}]]
  if (c.distinct === 1 && rows > 1) {
    const value = short(c.top[0]?.value ?? '')
    return [c.nulls === 0 ? ['constant', { value }] : ['oneValue', { value, percent: percent(c.nulls / rows) }]]
  }
  if (c.nulls / rows > LIMITS.nulls)
    out.push(['nulls', { percent: percent(c.nulls / rows), limit: percent(LIMITS.nulls) }])
  const bad = (c.number?.nan ?? 0) + (c.number?.infinite ?? 0)
  if (bad > 0) out.push(['notFinite', { nan: c.number?.nan ?? 0, infinite: c.number?.infinite ?? 0 }])
  if (c.personal?.share) out.push(['personal', { kind: c.personal.kind, percent: percent(c.personal.share) }])
  else if (c.personal) out.push(['personalName', { kind: c.personal.kind }])
  const whole = c.kind === 'text' || c.type === 'int64' || c.type === 'int32'
  if (whole && c.distinctError === undefined && c.distinct === c.count && c.count >= LIMITS.key) out.push(['key', {}])
  if (isTarget && c.trues !== null && Math.min(c.trues, c.count - c.trues) < LIMITS.rare * c.count)
    out.push([
      'imbalance',
      { percent: percent(Math.min(c.trues, c.count - c.trues) / c.count), limit: percent(LIMITS.rare) },
    ])
  const first = c.top[0]
  if (!isTarget && first && c.count >= LIMITS.key && first.count >= LIMITS.dominant * c.count)
    out.push(['dominant', { value: short(first.value), percent: percent(first.count / c.count) }])
  const far = extremes(c)
  if (far !== null) out.push(['extremes', { value: far }])
  if (c.text && (c.text.padded > 0 || c.text.variants.length > 0))
    out.push([
      'untidy',
      {
        padded: c.text.padded,
        example: c.text.variants[0] ? c.text.variants[0].map((v) => JSON.stringify(short(v))).join(' / ') : '–',
      },
    ])
  return out
}

/** The end that lies far beyond the middle half, if one does. */
function extremes(c: ColumnProfile): number | null {
  const s = c.number
  const [q1, median, q3] = [s?.quantiles[2], s?.quantiles[3], s?.quantiles[4]]
  if (
    !s ||
    s.min === null ||
    s.max === null ||
    typeof q1 !== 'number' ||
    typeof median !== 'number' ||
    typeof q3 !== 'number' ||
    q3 <= q1
  )
    return null
  const reach = LIMITS.extremes * (q3 - q1)
  if (s.max - median > reach) return s.max
  return median - s.min > reach ? s.min : null
}

const short = (s: string): string => (s.length > 40 ? `${s.slice(0, 39)}…` : s)
