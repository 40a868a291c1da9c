import type { Analysis, Words } from '../analysis.ts'
import { boxes } from '../charts.ts'
import { type Correction, corrected, correction } from '../corrections.ts'
import { chiSquare } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { medianOf, ranks, sum } from '../moments.ts'
import { manyGroups } from '../rows.ts'
import { CONFIDENCE, fig, finite, GROUPS, leftOutText, pText, shown } from '../say.ts'
import { rankSum } from './mann-whitney.ts'

/** Kruskal and Wallis's H (1952), ties corrected, p by χ²; pairs by Mann–Whitney. */
export const kruskal: Analysis = {
  name: 'kruskal',
  about: { en: 'several groups by ranks (Kruskal–Wallis)', ko: '여러 집단의 순위 비교(크러스컬–월리스)' },
  columns: {
    value: { kind: 'number', about: 'what is compared' },
    by: { kind: 'category', about: 'what splits the rows in groups' },
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    correction: correction('pairs'),
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const { groups, leftOut } = manyGroups(given, 1)
    const all = Float64Array.from(groups.flatMap((g) => [...g.values]))
    const n = all.length
    const { ranks: r, ties } = ranks(all)
    const value = given.column('value')
    if (ties === n ** 3 - n)
      throw unfit(`'${value}' has one value`, 'ranks need values that differ', 'name a column that varies')
    let at = 0
    const sums = groups.map(({ values }) => {
      const mine = sum(r.subarray(at, at + values.length))
      at += values.length
      return mine ** 2 / values.length
    })
    const h = ((12 / (n * (n + 1))) * sum(sums) - 3 * (n + 1)) / (1 - ties / (n ** 3 - n))
    const statistic = Math.max(0, h)
    const df = groups.length - 1
    const p = chiSquare(statistic, df).upper
    const found = groups.flatMap((a, i) =>
      groups.slice(i + 1).map((b) => {
        const varies = new Set([...a.values, ...b.values]).size > 1
        const { u, p: pair } = varies
          ? rankSum(a.values, b.values, 'two-sided')
          : { u: (a.values.length * b.values.length) / 2, p: 1 }
        return { a: a.name, b: b.name, superiority: u / (a.values.length * b.values.length), p: pair }
      }),
    )
    const adjusted = corrected(
      found.map((f) => f.p),
      given.choice('correction') as Correction,
    )
    const pairs = found.map((f, i) => ({ ...f, adjusted: adjusted[i] ?? null }))
    const epsilon = Math.min(1, statistic / (n - 1))
    const data = {
      test: 'kruskal',
      method: 'χ², ties corrected',
      statistic,
      df,
      p,
      confidence,
      effect: { name: 'ε²', value: epsilon },
      groups: groups.map((g) => ({ name: g.name, n: g.values.length, median: finite(medianOf(g.values)) })),
      pairs,
      leftOut,
    }
    const by = given.column('by')
    const different = pairs.filter((x) => x.adjusted !== null && shown(x.adjusted, confidence)).length
    const H = `H = ${fig(statistic)}, ${pText(p)}, ε² = ${fig(epsilon)}`
    const said: Words = shown(p, confidence)
      ? {
          en: `Values of '${value}' tend to be larger in some groups of '${by}' than in others (${H}; ${different} of ${pairs.length} pairs differ by themselves); this does not show that medians differ, nor why.`,
          ko: `'${by}' 집단에 따라 '${value}' 값이 더 큰 경향이 있습니다(${H}, 따로 볼 때 ${pairs.length}쌍 중 ${different}쌍). 중앙값이 다르다거나 그 까닭이 무엇인지는 보여 주지 않습니다.`,
        }
      : {
          en: `It could not be shown that '${value}' tends to be larger in some groups of '${by}' than in others (${H}); this does not show that they are distributed alike.`,
          ko: `'${by}' 집단에 따라 '${value}' 값이 더 큰 경향이 있다고 할 수 없습니다(${H}). 분포가 모두 같다는 뜻은 아닙니다.`,
        }
    return { data, chart: boxes(groups), sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
