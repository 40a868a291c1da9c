import type { Metrics } from './scan.ts'

/** A figure of a version that is far from what it was before. */
export interface Anomaly {
  readonly metric: 'rows' | 'nulls' | 'mean'
  /** Null for rows. */
  readonly column: string | null
  readonly value: number
  /** The median of the versions that it was compared with. */
  readonly usual: number
  /** Their number, and whether they are of the same weekday alone. */
  readonly of: number
  readonly weekday: boolean
  /** The modified z-score; null where all of them were equal. */
  readonly score: number | null
}

/** A version's figures and the moment that it was checked, ms since 1970. */
export interface Measured {
  readonly at: number
  readonly metrics: Metrics
}

/** A modified z-score beyond this is an outlier: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993. */
const OUTLIER = 3.5
/** Versions of the same weekday that make a season of their own; fewer of them are compared with all days. */
const SEASON = 4
/** Versions without which nothing is said. */
const ENOUGH = 6
/** Former versions that are looked at: the newest. */
export const LOOKED_AT = 60
/** Changes smaller than these are no news, however steady the figure was: a share of null by itself, the others relative. */
const LEAST = { nulls: 0.01, rows: 0.05, mean: 0.05 } as const

const weekdayOf = (ms: number): number => new Date(ms).getUTCDay()

/**
 * What is unusual in a version's figures beside those of former versions. A figure is compared with the median of versions of
 * its weekday (UTC) in units of their median absolute deviation, so that neither a weekly rhythm nor former outliers matter;
 * where more than half are equal, with the mean absolute deviation.
 */
export function anomaliesOf(now: Measured, former: readonly Measured[]): Anomaly[] {
  const recent = former.slice(0, LOOKED_AT)
  const same = recent.filter((f) => weekdayOf(f.at) === weekdayOf(now.at))
  const weekday = same.length >= SEASON
  const compared = weekday ? same : recent
  if (compared.length < (weekday ? SEASON : ENOUGH)) return []
  const found: Anomaly[] = []
  const look = (metric: Anomaly['metric'], column: string | null, of: (m: Metrics) => number | undefined) => {
    const value = of(now.metrics)
    const before = compared.map((f) => of(f.metrics)).filter((v) => v !== undefined)
    if (value === undefined || before.length < compared.length / 2) return
    const usual = median(before)
    const change = Math.abs(value - usual) / (metric === 'nulls' ? 1 : Math.max(Math.abs(usual), Number.MIN_VALUE))
    if (change < LEAST[metric]) return
    const score = modifiedZ(value, usual, before)
    if (score === null || Math.abs(score) > OUTLIER)
      found.push({ metric, column, value, usual, of: before.length, weekday, score })
  }
  look('rows', null, (m) => m.rows)
  for (const column of Object.keys(now.metrics.nulls)) look('nulls', column, (m) => own(m.nulls, column))
  for (const column of Object.keys(now.metrics.means)) look('mean', column, (m) => own(m.means, column))
  return found
}

const own = (o: Readonly<Record<string, number>>, key: string): number | undefined =>
  Object.hasOwn(o, key) ? o[key] : undefined

/** (x − median) / (1.4826 MAD), or / (1.2533 mean absolute deviation) where the MAD is 0; null where nothing ever varied. */
function modifiedZ(x: number, middle: number, before: readonly number[]): number | null {
  const away = before.map((b) => Math.abs(b - middle))
  const mad = median(away)
  const mean = away.reduce((a, b) => a + b, 0) / away.length
  const unit = mad > 0 ? 1.482602 * mad : 1.253314 * mean
  return unit > 0 ? Number(((x - middle) / unit).toPrecision(6)) : null
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2
}

/** An anomaly in a sentence. */
export function anomalyText(a: Anomaly): string {
  const share = (x: number) =>
    a.metric === 'nulls' ? `${Number((x * 100).toPrecision(3))} %` : String(Number(x.toPrecision(6)))
  const what =
    a.metric === 'rows'
      ? 'rows'
      : a.metric === 'nulls'
        ? `missing values of '${a.column}'`
        : `the mean of '${a.column}'`
  return `unusual: ${what} ${share(a.value)}, usually ${share(a.usual)} (${a.of} versions${a.weekday ? ' of this weekday' : ''})`
}
