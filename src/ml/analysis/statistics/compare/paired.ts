import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { unfit } from '../given.ts'
import { moments } from '../moments.ts'
import { pairs } from '../rows.ts'
import { ALTERNATIVE, CONFIDENCE, fig, finite, intervalText, leftOutText, pText, shown } from '../say.ts'
import { standardised, tTest } from './means.ts'

/** Two values of each row: t of their differences. */
export const paired: Analysis = {
  name: 'paired',
  about: { en: 'means of two columns of the same rows (paired t)', ko: '같은 행의 두 열의 평균(대응표본 t)' },
  columns: {
    value: { kind: 'number', about: 'the first value of each row' },
    pair: { kind: 'number', about: 'the second value of each row' },
  },
  settings: { confidence: CONFIDENCE, alternative: ALTERNATIVE },
  run(given) {
    const confidence = given.number('confidence') as number
    const { x, y, leftOut } = pairs(given, 2)
    const [value, pair] = [given.column('value'), given.column('pair')]
    const d = moments(x.map((v, i) => v - (y[i] as number)))
    if (d.sd === 0)
      throw unfit(
        `'${value}' − '${pair}' is ${fig(d.mean)} in every row`,
        'differences that do not vary leave nothing to hold their mean against',
        'name other columns: one of these follows from the other',
      )
    const test = tTest(d.mean, d.sd / Math.sqrt(d.n), d.n - 1, confidence, given.choice('alternative'))
    const effect = {
      ...standardised(test.statistic, 1 / Math.sqrt(d.n), d.n - 1, confidence),
      name: "Cohen's d of differences",
    }
    const [a, b] = [moments(x), moments(y)]
    const data = {
      test: 'paired',
      statistic: finite(test.statistic),
      df: test.df,
      p: test.p,
      alternative: given.choice('alternative'),
      confidence,
      difference: { ...test.difference },
      effect,
      pairs: d.n,
      means: [finite(a.mean), finite(b.mean)],
      sd: finite(d.sd),
      leftOut,
    }
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(test.difference)}`
    const said: Words = shown(test.p, confidence)
      ? {
          en: `Over ${d.n} rows '${value}' is on average ${fig(Math.abs(d.mean))} ${d.mean > 0 ? 'higher' : 'lower'} than '${pair}' (interval ${range}; ${pText(test.p)}, d = ${fig(effect.value)}); this does not show what changed it: without rows that were left alone, time alone may have.`,
          ko: `${d.n}개 행에서 '${value}' 값은 '${pair}' 값보다 평균 ${fig(Math.abs(d.mean))} ${d.mean > 0 ? '높습니다' : '낮습니다'}(구간 ${range}, ${pText(test.p)}, d = ${fig(effect.value)}). 무엇 때문인지는 보여 주지 않습니다. 비교할 대조군이 없다면 시간이 흐른 것만으로도 그럴 수 있습니다.`,
        }
      : {
          en: `No difference between the means of '${value}' and '${pair}' could be shown over ${d.n} rows (interval ${range}; ${pText(test.p)}); this does not show that they are equal.`,
          ko: `${d.n}개 행에서 '${value}'와(과) '${pair}'의 평균이 다르다고 할 수 없습니다(구간 ${range}, ${pText(test.p)}). 두 평균이 같다는 뜻은 아닙니다.`,
        }
    const chart = intervals([{ label: `${value} − ${pair}`, ...test.difference }], 0, 'Δ')
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
