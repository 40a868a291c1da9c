import type { Analysis, Group, Words } from '../analysis.ts'
import { boxes } from '../charts.ts'
import { type Correction, corrected, correction } from '../corrections.ts'
import { fisherF } from '../distributions/continuous.ts'
import { noncentralF, noncentralInterval } from '../distributions/noncentral.ts'
import { unfit } from '../given.ts'
import { type Moments, moments, sum } from '../moments.ts'
import { manyGroups } from '../rows.ts'
import { CONFIDENCE, fig, finite, GROUPS, interval, leftOutText, pText, shown } from '../say.ts'
import { summaryOf, tTest } from './means.ts'

interface F {
  readonly statistic: number
  readonly df: readonly [number, number]
}

/** One variance for all groups (Fisher). */
function equal(all: readonly Moments[], within: number, between: number): F {
  const n = sum(all.map((m) => m.n))
  const df = [all.length - 1, n - all.length] as const
  return { statistic: between / df[0] / (within / df[1]), df }
}

/** Each group with its own variance: Welch (1951). */
function unequal(all: readonly Moments[]): F {
  const k = all.length
  const weights = all.map((m) => m.n / m.variance)
  const w = sum(weights)
  const mean = sum(all.map((m, i) => ((weights[i] as number) / w) * m.mean))
  const off = sum(all.map((m, i) => (1 - (weights[i] as number) / w) ** 2 / (m.n - 1)))
  const between = sum(all.map((m, i) => (weights[i] as number) * (m.mean - mean) ** 2)) / (k - 1)
  return { statistic: between / (1 + ((2 * (k - 2)) / (k * k - 1)) * off), df: [k - 1, (k * k - 1) / (3 * off)] }
}

export const anova: Analysis = {
  name: 'anova',
  about: { en: 'means of several groups (analysis of variance)', ko: '여러 집단의 평균(분산 분석)' },
  columns: {
    value: { kind: 'number', about: 'what is compared' },
    by: { kind: 'category', about: 'what splits the rows in groups' },
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    variances: {
      kind: 'choice',
      choices: ['unequal', 'equal'],
      default: 'unequal',
      about: 'Welch, or one variance for all',
    },
    correction: correction('pairs'),
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const { groups, leftOut } = manyGroups(given, 2)
    const all = groups.map((g) => moments(g.values))
    const welch = given.choice('variances') === 'unequal'
    const value = given.column('value')
    const still = groups.filter((_, i) => all[i]?.sd === 0)
    if (still.length === groups.length || (welch && still.length > 0))
      throw unfit(
        `'${value}' does not vary within ${still.length === groups.length ? 'any group' : `'${still[0]?.name}'`}`,
        'differences of means are held against what varies within groups',
        still.length === groups.length
          ? 'name a column that varies'
          : 'leave that group out (--set groups=…), or take one variance for all: --set variances=equal',
      )
    const n = sum(all.map((m) => m.n))
    const mean = sum(all.map((m) => (m.n / n) * m.mean))
    const within = sum(all.map((m) => (m.n - 1) * m.variance))
    const between = sum(all.map((m) => m.n * (m.mean - mean) ** 2))
    const classic = equal(all, within, between)
    const { statistic, df } = welch ? unequal(all) : classic
    const p = fisherF(statistic, ...df).upper
    const eta = between / (between + within)
    const lambda = classic.statistic * classic.df[0]
    const [low, high] =
      lambda > 1400
        ? [Number.NaN, Number.NaN]
        : noncentralInterval((l) => noncentralF(classic.statistic, ...classic.df, l), confidence, lambda, 0)
    const share = (l: number) => l / (l + n)
    const omega = (between - classic.df[0] * (within / classic.df[1])) / (between + within + within / classic.df[1])
    const effect = {
      name: 'η²',
      ...interval(eta, Math.min(eta, share(low)), Math.max(eta, share(high))),
      omegaSquared: finite(omega),
    }
    const pairs = pairsOf(
      groups,
      all,
      welch,
      within / classic.df[1],
      confidence,
      given.choice('correction') as Correction,
    )
    const data = {
      test: 'anova',
      method: welch ? 'Welch' : 'equal variances',
      statistic: finite(statistic),
      df: df.map(finite),
      p,
      confidence,
      effect,
      groups: groups.map((g, i) => summaryOf(g, all[i] as Moments)),
      pairs,
      leftOut,
    }
    const by = given.column('by')
    const different = pairs.filter((x) => x.adjusted !== null && shown(x.adjusted, confidence)).length
    const F = `F = ${fig(statistic)}, ${pText(p)}, η² = ${fig(eta)}`
    const said: Words = shown(p, confidence)
      ? {
          en: `Means of '${value}' differ between groups of '${by}' (${F}; ${different} of ${pairs.length} pairs differ by themselves); this does not show that '${by}' is the cause, nor that every group differs.`,
          ko: `'${by}' 집단에 따라 '${value}' 평균이 다릅니다(${F}, 따로 볼 때 ${pairs.length}쌍 중 ${different}쌍). '${by}' 때문이라거나 모든 집단이 서로 다르다는 뜻은 아닙니다.`,
        }
      : {
          en: `It could not be shown that means of '${value}' differ between groups of '${by}' (${F}); this does not show that they are equal.`,
          ko: `'${by}' 집단에 따라 '${value}' 평균이 다르다고 할 수 없습니다(${F}). 평균이 모두 같다는 뜻은 아닙니다.`,
        }
    return { data, chart: boxes(groups), sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}

/** Every pair by t, with p corrected for how many there are. */
function pairsOf(
  groups: readonly Group[],
  all: readonly Moments[],
  welch: boolean,
  pooled: number,
  confidence: number,
  by: Correction,
) {
  const n = sum(all.map((m) => m.n))
  const found = groups.flatMap((g, i) =>
    groups.slice(i + 1).map((h, j) => {
      const [a, b] = [all[i] as Moments, all[i + 1 + j] as Moments]
      const [va, vb] = [a.variance / a.n, b.variance / b.n]
      const part = va / (va + vb)
      const error = Math.sqrt(welch ? va + vb : pooled * (1 / a.n + 1 / b.n))
      const df = welch ? 1 / (part ** 2 / (a.n - 1) + (1 - part) ** 2 / (b.n - 1)) : n - groups.length
      const { difference, p } = tTest(a.mean - b.mean, error, df, confidence, 'two-sided')
      return { a: g.name, b: h.name, ...difference, p }
    }),
  )
  const adjusted = corrected(
    found.map((f) => f.p),
    by,
  )
  return found.map((f, i) => ({ ...f, adjusted: adjusted[i] ?? null }))
}
