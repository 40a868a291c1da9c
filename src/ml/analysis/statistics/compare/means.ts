import type { Group } from '../analysis.ts'
import { student, studentUpper } from '../distributions/continuous.ts'
import { noncentralInterval, noncentralT } from '../distributions/noncentral.ts'
import { lnGamma } from '../distributions/special.ts'
import { unfit } from '../given.ts'
import { type Moments, moments } from '../moments.ts'
import { finite, interval, sided } from '../say.ts'

/** What a test of means found, of plain figures. */
export interface MeanTest {
  readonly statistic: number
  readonly df: number
  readonly p: number
  readonly difference: { value: number | null; low: number | null; high: number | null }
}

/** t of an estimate with its standard error. A one-sided alternative leaves the interval two-sided: it says how large the effect is. */
export function tTest(value: number, error: number, df: number, confidence: number, alternative: string): MeanTest {
  const statistic = value / error
  const half = studentUpper((1 - confidence) / 2, df) * error
  return {
    statistic,
    df,
    p: sided(student(statistic, df), alternative),
    difference: interval(value, value - half, value + half),
  }
}

/** Cohen's d with Hedges's correction J (exact, by the gamma function; Hedges 1981), and the interval of the noncentral t. */
export function standardised(statistic: number, scale: number, df: number, confidence: number) {
  const J = df > 1 ? Math.exp(lnGamma(df / 2) - lnGamma((df - 1) / 2)) / Math.sqrt(df / 2) : Number.NaN
  const d = statistic * scale
  // far out the distribution function is all rounding; an interval there would be, too
  const far = Math.abs(statistic) > 37 || df < 1
  const [low, high] = far
    ? [Number.NaN, Number.NaN]
    : noncentralInterval((delta) => noncentralT(statistic, df, delta), confidence, statistic)
  return { name: "Cohen's d", ...interval(d, low * scale, high * scale), hedges: finite(d * J) }
}

/** Two groups told apart. @throws ANALYSIS_DATA when neither varies */
export function twoMoments(a: Group, b: Group, value: string | undefined): readonly [Moments, Moments] {
  const both = [moments(a.values), moments(b.values)] as const
  if (both[0].sd === 0 && both[1].sd === 0)
    throw unfit(
      `'${value}' does not vary within '${a.name}' nor within '${b.name}'`,
      'without variation there is nothing to hold a difference against',
      'name a column that varies, or compare shares with --test chi-square',
    )
  return both
}

export const summaryOf = (g: Group, m: Moments) => ({ name: g.name, n: m.n, mean: finite(m.mean), sd: finite(m.sd) })
