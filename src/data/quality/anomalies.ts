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

/** A modified z-score beyond this is an outlier among many: Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993. */
const OUTLIER = 3.5
/** Versions of the same weekday that make a season of their own; fewer of them are compared with all days. */
const SEASON = 4
/** The median of `n` values is closer to them than to the next one: by this over `n`, about. */
const SHRUNK = 1.5
/** Versions without which nothing is said. */
const ENOUGH = 6
/** Former versions that are looked at: the newest. */
export const LOOKED_AT = 60
/** Changes smaller than these are no news, however steady the figure was: a share of null by itself, the others relative. */
const LEAST = { nulls: 0.01, rows: 0.05, mean: 0.05 } as const

const weekdayOf = (ms: number): number => new Date(ms).getUTCDay()

/** Values of which the median deviation says how far they scatter; that of fewer is too often next to nothing by chance. */
const MANY = 10

/**
 * A score beyond this is an outlier beside `n` values: few values lie close together by chance, and the next one then seems far off. Of
 * normal values one in 200 is beyond (simulated for 4 to 60).
 */
const limitOf = (n: number): number => OUTLIER + (n < MANY ? 160 : 500) / n ** 2.37

/**
 * What is unusual in a version's figures beside those of former versions. A figure is compared with the median of versions of
 * its weekday (UTC) in units of their median absolute deviation, or of that of all weekdays from their own medians where it is
 * greater, so that neither a weekly rhythm nor former outliers matter; where they are few, or more than half are equal, of the mean
 * absolute deviation. While there are few of its weekday it is compared with all, and what one of its weekday was before is no news.
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
    const known = (versions: readonly Measured[]) => versions.map((f) => of(f.metrics)).filter((v) => v !== undefined)
    const before = known(compared)
    if (value === undefined || before.length < compared.length / 2) return
    const usual = median(before)
    if (isNear(metric, value, usual) || (!weekday && known(same).some((v) => isNear(metric, value, v)))) return
    const away = before.map((v) => Math.abs(v - usual))
    const others = weekday ? awayOf(metric, recent, of) : []
    const n = Math.max(away.length, others.length)
    const unit = Math.max(unitOf(away, n), unitOf(others, n) * (metric === 'rows' ? Math.abs(usual) : 1))
    const score = unit > 0 ? Number(((value - usual) / unit).toPrecision(6)) : null
    if (score === null || Math.abs(score) > limitOf(n))
      found.push({ metric, column, value, usual, of: before.length, weekday, score })
  }
  look('rows', null, (m) => m.rows)
  for (const column of Object.keys(now.metrics.nulls)) look('nulls', column, (m) => own(m.nulls, column))
  for (const column of Object.keys(now.metrics.means)) look('mean', column, (m) => own(m.means, column))
  return found
}

const own = (o: Readonly<Record<string, number>>, key: string): number | undefined =>
  Object.hasOwn(o, key) ? o[key] : undefined

const isNear = (metric: Anomaly['metric'], value: number, usual: number): boolean =>
  Math.abs(value - usual) / (metric === 'nulls' ? 1 : Math.max(Math.abs(usual), Number.MIN_VALUE)) < LEAST[metric]

/** How far figures were from the medians of their weekdays, where there are enough of one; rows by share. */
function awayOf(
  metric: Anomaly['metric'],
  versions: readonly Measured[],
  of: (m: Metrics) => number | undefined,
): number[] {
  return Array.from({ length: 7 }, (_, day) => {
    const values = versions.flatMap((f) => (weekdayOf(f.at) === day ? (of(f.metrics) ?? []) : []))
    const middle = median(values)
    const scale = metric === 'rows' ? Math.abs(middle) : 1
    return values.length < SEASON || scale === 0
      ? []
      : values.map((v) => (Math.abs(v - middle) / scale) * (1 + SHRUNK / values.length))
  }).flat()
}

/** What distances from a median are counted in, beside `n` values: 1.4826 MAD, or 1.2533 of their mean; 0 where nothing ever varied. */
function unitOf(away: readonly number[], n: number): number {
  const mad = n < MANY ? 0 : median(away)
  if (mad > 0 || away.length === 0) return 1.482602 * mad
  return (1.253314 * away.reduce((a, b) => a + b, 0)) / away.length
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
