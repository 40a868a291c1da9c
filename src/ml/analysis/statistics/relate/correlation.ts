import type { Analysis, Words } from '../analysis.ts'
import { intervals, scatter } from '../charts.ts'
import { type Correction, corrected, correction } from '../corrections.ts'
import { normalQuantile, student, twoSided } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { pearson, ranks } from '../moments.ts'
import { complete } from '../rows.ts'
import { CONFIDENCE, fig, finite, interval, pText, shown } from '../say.ts'

/** Columns that are correlated with each other at most. */
const MOST = 20

/**
 * Pearson's r or Spearman's ρ of every pair, each over the rows where both are there: p by t (exact for r of normal values, near for ρ),
 * the interval by Fisher's z (1921); that of ρ with the variance (1 + ρ²/2)/(n − 3) of Bonett and Wright (2000).
 */
export const correlation: Analysis = {
  name: 'correlation',
  about: { en: 'which columns rise together, with intervals', ko: '어느 열이 함께 커지는지, 구간과 함께' },
  columns: { value: { kind: 'number', many: true, about: 'the columns: two or more' } },
  settings: {
    confidence: CONFIDENCE,
    method: { kind: 'choice', choices: ['pearson', 'spearman'], default: 'pearson', about: 'straight lines, or ranks' },
    correction: correction('pairs'),
  },
  run(given) {
    const names = given.columns('value')
    const confidence = given.number('confidence') as number
    if (names.length < 2 || names.length > MOST)
      throw unfit(
        `${names.length} columns are named`,
        `pairs of 2 to ${MOST} columns are looked at`,
        'name them as value: --value price,size,age',
      )
    const byRanks = given.choice('method') === 'spearman'
    const z = normalQuantile(1 - (1 - confidence) / 2)
    const found = names.flatMap((a, i) =>
      names.slice(i + 1).map((b) => {
        const [x = new Float64Array(), y = new Float64Array()] = complete(given, [a, b])
        const n = x.length
        const r = n < 3 ? Number.NaN : byRanks ? pearson(ranks(x).ranks, ranks(y).ranks) : pearson(x, y)
        const p = Number.isNaN(r)
          ? null
          : Math.abs(r) >= 1
            ? 0
            : twoSided(student(r * Math.sqrt((n - 2) / (1 - r * r)), n - 2))
        const error = n > 3 ? Math.sqrt((byRanks ? 1 + (r * r) / 2 : 1) / (n - 3)) : Number.NaN
        const ends = [Math.tanh(Math.atanh(r) - z * error), Math.tanh(Math.atanh(r) + z * error)] as const
        return { a, b, n, ...interval(r, ...ends), p }
      }),
    )
    if (found.every((f) => f.value === null))
      throw unfit(
        'no pair has three rows in which both columns are there and vary',
        'a correlation needs values that vary together',
        'name other columns, or look at what is missing: --test missingness',
      )
    const adjusted = corrected(
      found.map((f) => f.p),
      given.choice('correction') as Correction,
    )
    const pairs = found.map((f, i) => ({ ...f, adjusted: adjusted[i] ?? null }))
    const data = {
      test: 'correlation',
      method: given.choice('method'),
      correction: given.choice('correction'),
      confidence,
      pairs,
    }
    const strongest = pairs.reduce((best, f) => (Math.abs(f.value ?? 0) > Math.abs(best.value ?? 0) ? f : best))
    const many = pairs.filter((f) => f.adjusted !== null && shown(f.adjusted, confidence)).length
    const symbol = byRanks ? 'ρ' : 'r'
    const figure = `${symbol} = ${fig(finite(strongest.value ?? 0))}, ${pText(strongest.adjusted ?? 1)}`
    const said: Words = {
      en: `${many} of ${pairs.length} ${pairs.length === 1 ? 'pair goes' : 'pairs go'} together more than chance explains; strongest are '${strongest.a}' and '${strongest.b}' (${figure}); this does not show that one moves the other, and ${byRanks ? 'it sees only rising or falling' : 'a curve may hide behind a small r'}.`,
      ko: `${pairs.length}쌍 중 ${many}쌍이 우연보다 강하게 함께 움직입니다. 가장 강한 쌍은 '${strongest.a}'와(과) '${strongest.b}'입니다(${figure}). 한쪽이 다른 쪽을 움직인다는 뜻은 아니며, ${byRanks ? '오르내리는 관계만 봅니다' : '곡선 관계는 작은 r 뒤에 숨을 수 있습니다'}.`,
    }
    const [x = [], y = []] = names.length === 2 ? complete(given, names) : []
    const chart =
      names.length === 2
        ? scatter(Array.from(x, (v, i) => ({ x: v, y: y[i] ?? 0 })))
        : intervals(
            pairs.map((f) => ({ label: `${f.a} · ${f.b}`, ...f })),
            0,
            symbol,
          )
    return { data, chart, sentence: (l) => said[l] }
  },
}
