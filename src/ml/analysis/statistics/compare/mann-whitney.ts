import type { Analysis, Words } from '../analysis.ts'
import { boxes } from '../charts.ts'
import { normal, normalQuantile } from '../distributions/continuous.ts'
import { mannWhitneyExact } from '../distributions/ranks.ts'
import type { Tails } from '../distributions/special.ts'
import { unfit } from '../given.ts'
import { medianOf, ranks } from '../moments.ts'
import { twoGroups } from '../rows.ts'
import {
  ALTERNATIVE,
  CONFIDENCE,
  fig,
  finite,
  GROUPS,
  interval,
  intervalText,
  leftOutText,
  pText,
  shown,
  sided,
} from '../say.ts'

/** Up to here p is counted out where there are no ties: m·n. */
const EXACT = 2500

export interface RankSum {
  /** Pairs in which the first is larger, ties as halves. */
  readonly u: number
  readonly p: number
  readonly exact: boolean
}

/**
 * Mann and Whitney's U (1947): exact without ties where one group has 8 values or fewer, else by the normal distribution with
 * ties and continuity corrected. @throws ANALYSIS_DATA when all values are equal
 */
export function rankSum(a: Float64Array, b: Float64Array, alternative: string): RankSum {
  const [m, n] = [a.length, b.length]
  const all = new Float64Array(m + n)
  all.set(a)
  all.set(b, m)
  const { ranks: r, ties } = ranks(all)
  let rankOfA = 0
  for (let i = 0; i < m; i++) rankOfA += r[i] as number
  const u = rankOfA - (m * (m + 1)) / 2
  if (ties === 0 && Math.min(m, n) <= 8 && m * n <= EXACT)
    return { u, p: sided(mannWhitneyExact(u, m, n), alternative), exact: true }
  const N = m + n
  const sd = Math.sqrt(((m * n) / 12) * (N + 1 - ties / (N * (N - 1))))
  if (sd === 0) throw unfit('all values are equal', 'ranks need values that differ', 'name a column that varies')
  const away = u - (m * n) / 2
  const tails: Tails = { lower: normal((away + 0.5) / sd).lower, upper: normal((away - 0.5) / sd).upper }
  return { u, p: sided(tails, alternative), exact: false }
}

/** Share of pairs in which the first is larger, with Newcombe's (2006) interval, method 5. */
export function superiority(u: number, m: number, n: number, confidence: number) {
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const theta = u / (m * n)
  const N = (m + n) / 2 - 1
  // the variance at the bound itself, so the bound is where |θ − bound| is z of them
  const off = (bound: number) => {
    const v = ((bound * (1 - bound)) / (m * n)) * (1 + N * ((1 - bound) / (2 - bound) + bound / (1 + bound)))
    return (theta - bound) ** 2 - z * z * v
  }
  const search = (inside: number, outside: number) => {
    let [near, far] = [inside, outside]
    if (off(far) <= 0) return far
    for (let i = 0; i < 200; i++) {
      const middle = near + (far - near) / 2
      if (middle === near || middle === far) break
      if (off(middle) <= 0) near = middle
      else far = middle
    }
    return near
  }
  return interval(theta, search(theta, 0), search(theta, 1))
}

export const mannWhitney: Analysis = {
  name: 'mann-whitney',
  about: {
    en: 'two groups by ranks: which tends to larger values (Mann–Whitney)',
    ko: '두 집단의 순위 비교(만–휘트니)',
  },
  columns: {
    value: { kind: 'number', about: 'what is compared' },
    by: { kind: 'category', about: 'what splits the rows in two groups' },
  },
  settings: { groups: GROUPS, confidence: CONFIDENCE, alternative: ALTERNATIVE },
  run(given) {
    const confidence = given.number('confidence') as number
    const { a, b, leftOut } = twoGroups(given, 1)
    const [m, n] = [a.values.length, b.values.length]
    const { u, p, exact } = rankSum(a.values, b.values, given.choice('alternative'))
    const better = superiority(u, m, n, confidence)
    const theta = u / (m * n)
    const data = {
      test: 'mann-whitney',
      method: exact ? 'exact' : 'normal, ties and continuity corrected',
      statistic: u,
      p,
      alternative: given.choice('alternative'),
      confidence,
      effect: { name: 'P(first > second) + ½ P(equal)', ...better, rankBiserial: finite(2 * theta - 1) },
      groups: [a, b].map((g) => ({ name: g.name, n: g.values.length, median: finite(medianOf(g.values)) })),
      leftOut,
    }
    const value = given.column('value')
    const share = `${fig(theta * 100)} %`
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(better)}`
    const said: Words = shown(p, confidence)
      ? {
          en: `A value of '${value}' from '${a.name}' is larger than one from '${b.name}' in ${share} of pairs (share, interval ${range}; ${pText(p)}); this does not show that the means or medians differ, nor why: it compares ranks.`,
          ko: `'${a.name}'의 '${value}' 값이 '${b.name}'의 값보다 큰 쌍은 ${share}입니다(비율 구간 ${range}, ${pText(p)}). 순위를 비교한 것이므로 평균이나 중앙값이 다르다는 것도, 그 까닭도 보여 주지는 않습니다.`,
        }
      : {
          en: `It could not be shown that '${value}' tends to be larger in '${a.name}' or in '${b.name}' (${share} of pairs, interval ${range}; ${pText(p)}); this does not show that the two are distributed alike.`,
          ko: `'${a.name}'와(과) '${b.name}' 중 어느 쪽의 '${value}' 값이 더 큰 경향이 있다고 할 수 없습니다(쌍의 ${share}, 비율 구간 ${range}, ${pText(p)}). 두 분포가 같다는 뜻은 아닙니다.`,
        }
    return { data, chart: boxes([a, b]), sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
