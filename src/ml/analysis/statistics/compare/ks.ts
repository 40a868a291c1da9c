import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { kolmogorovExact, kolmogorovLimit } from '../distributions/ranks.ts'
import { sorted } from '../moments.ts'
import { twoGroups } from '../rows.ts'
import { CONFIDENCE, fig, GROUPS, leftOutText, pText, shown } from '../say.ts'

/** Up to here p is counted out: m·n. */
const EXACT = 4e6

/** The largest gap between two distribution functions, in steps of 1/(m·n), and where it is. */
function largestGap(a: Float64Array, b: Float64Array): { steps: number; at: number } {
  const [m, n] = [a.length, b.length]
  let best = { steps: 0, at: a[0] as number }
  for (let i = 0, j = 0; i < m || j < n; ) {
    const x = Math.min(
      i < m ? (a[i] as number) : Number.POSITIVE_INFINITY,
      j < n ? (b[j] as number) : Number.POSITIVE_INFINITY,
    )
    while (i < m && a[i] === x) i++
    while (j < n && b[j] === x) j++
    const steps = Math.abs(i * n - j * m)
    if (steps > best.steps) best = { steps, at: x }
  }
  return best
}

/** Kolmogorov (1933) and Smirnov's (1939) statistic of two samples; p exact up to 4 million pairs, else the limit's. With ties it is conservative. */
export const ks: Analysis = {
  name: 'ks',
  about: {
    en: 'whether two groups are distributed alike (Kolmogorov–Smirnov)',
    ko: '두 집단의 분포가 같은지(콜모고로프–스미르노프)',
  },
  columns: {
    value: { kind: 'number', about: 'what is compared' },
    by: { kind: 'category', about: 'what splits the rows in two groups' },
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    method: {
      kind: 'choice',
      choices: ['auto', 'exact', 'limit'],
      default: 'auto',
      about: 'p counted out, or the limit of large groups',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const { a, b, leftOut } = twoGroups(given, 1)
    const [x, y] = [sorted(a.values), sorted(b.values)]
    const [m, n] = [x.length, y.length]
    const { steps, at } = largestGap(x, y)
    const statistic = steps / (m * n)
    const asked = given.choice('method')
    const exact = asked === 'exact' || (asked === 'auto' && m * n <= EXACT)
    const p = exact ? kolmogorovExact(statistic, m, n) : kolmogorovLimit(statistic * Math.sqrt((m * n) / (m + n)))
    const data = {
      test: 'ks',
      method: exact ? 'exact' : 'limit',
      statistic,
      p,
      confidence,
      at,
      groups: [a, b].map((g) => ({ name: g.name, n: g.values.length })),
      leftOut,
    }
    const [value, D] = [given.column('value'), `D = ${fig(statistic)}, ${pText(p)}`]
    const said: Words = shown(p, confidence)
      ? {
          en: `'${value}' is distributed differently in '${a.name}' and '${b.name}', most so at ${fig(at)} (${D}); this does not show whether their middle, their spread or their shape differs, nor why.`,
          ko: `'${a.name}'와(과) '${b.name}'의 '${value}' 분포가 다르며 ${fig(at)}에서 차이가 가장 큽니다(${D}). 중심, 퍼짐, 모양 가운데 무엇이 다른지, 그 까닭이 무엇인지는 보여 주지 않습니다.`,
        }
      : {
          en: `It could not be shown that '${value}' is distributed differently in '${a.name}' and '${b.name}' (${D}); this does not show that the two are alike.`,
          ko: `'${a.name}'와(과) '${b.name}'의 '${value}' 분포가 다르다고 할 수 없습니다(${D}). 두 분포가 같다는 뜻은 아닙니다.`,
        }
    const steps2 = (s: Float64Array, name: string) => ({
      name,
      points: Array.from(s, (v, i) => ({ x: v, y: (i + 1) / s.length })),
    })
    const chart = lines([steps2(x, a.name), steps2(y, b.name)], { rules: [at], steps: true })
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
