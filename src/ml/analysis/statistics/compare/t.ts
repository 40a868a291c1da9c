import type { Analysis, Given, Words } from '../analysis.ts'
import { boxes } from '../charts.ts'
import { twoGroups } from '../rows.ts'
import { ALTERNATIVE, CONFIDENCE, fig, finite, GROUPS, intervalText, leftOutText, pText, shown } from '../say.ts'
import { standardised, summaryOf, tTest, twoMoments } from './means.ts'

/** Student's t with one variance for both groups (`pooled`), or Welch's (1947) with one for each. */
const run =
  (name: string, pooled: boolean) =>
  (given: Given): ReturnType<Analysis['run']> => {
    const confidence = given.number('confidence') as number
    const { a, b, leftOut } = twoGroups(given, 2)
    const [x, y] = twoMoments(a, b, given.column('value'))
    const [va, vb] = [x.variance / x.n, y.variance / y.n]
    const both = ((x.n - 1) * x.variance + (y.n - 1) * y.variance) / (x.n + y.n - 2)
    const error = Math.sqrt(pooled ? both * (1 / x.n + 1 / y.n) : va + vb)
    const part = va / (va + vb)
    const df = pooled ? x.n + y.n - 2 : 1 / (part ** 2 / (x.n - 1) + (1 - part) ** 2 / (y.n - 1))
    const test = tTest(x.mean - y.mean, error, df, confidence, given.choice('alternative'))
    // d is in the pooled standard deviation, as Cohen (1988) has it; its interval by the pooled t
    const pooledError = Math.sqrt(both * (1 / x.n + 1 / y.n))
    const effect = standardised(
      (x.mean - y.mean) / pooledError,
      Math.sqrt(1 / x.n + 1 / y.n),
      x.n + y.n - 2,
      confidence,
    )
    const data = {
      test: name,
      statistic: finite(test.statistic),
      df: finite(df),
      p: test.p,
      alternative: given.choice('alternative'),
      confidence,
      difference: { ...test.difference },
      effect,
      groups: [summaryOf(a, x), summaryOf(b, y)],
      leftOut,
    }
    const value = given.column('value')
    const by = given.column('by')
    const range = intervalText(test.difference)
    const level = Math.round(confidence * 1000) / 10
    const there = shown(test.p, confidence)
    const said: Words = {
      en: there
        ? `The mean of '${value}' is ${fig(Math.abs(x.mean - y.mean))} ${x.mean > y.mean ? 'higher' : 'lower'} for '${a.name}' than for '${b.name}' (difference ${fig(test.difference.value)}, ${level} % interval ${range}; ${pText(test.p)}, d = ${fig(effect.value)}); this does not show that '${by}' is the cause, nor that the difference matters in practice.`
        : `No difference in the mean of '${value}' between '${a.name}' and '${b.name}' could be shown (difference ${fig(test.difference.value)}, ${level} % interval ${range}; ${pText(test.p)}); this does not show that the means are equal: any difference within the interval fits these rows.`,
      ko: there
        ? `'${a.name}'의 '${value}' 평균은 '${b.name}'보다 ${fig(Math.abs(x.mean - y.mean))} ${x.mean > y.mean ? '높습니다' : '낮습니다'}(차이 ${fig(test.difference.value)}, ${level} % 구간 ${range}, ${pText(test.p)}, d = ${fig(effect.value)}). 다만 '${by}' 때문이라는 것도, 실제로 중요한 차이라는 것도 보여 주지는 않습니다.`
        : `'${a.name}'와(과) '${b.name}' 사이에 '${value}' 평균의 차이가 있다고 할 수 없습니다(차이 ${fig(test.difference.value)}, ${level} % 구간 ${range}, ${pText(test.p)}). 두 평균이 같다는 뜻은 아니며, 구간 안의 어떤 차이든 이 데이터와 어긋나지 않습니다.`,
    }
    return { data, chart: boxes([a, b]), sentence: (l) => said[l] + leftOutText[l](leftOut) }
  }

const columns = {
  value: { kind: 'number', about: 'what is compared' },
  by: { kind: 'category', about: 'what splits the rows in two groups' },
} as const
const settings = { groups: GROUPS, confidence: CONFIDENCE, alternative: ALTERNATIVE }

export const t: Analysis = {
  name: 't',
  about: {
    en: 'means of two groups, taken to vary alike (Student)',
    ko: '두 집단의 평균, 분산이 같다고 볼 때(스튜던트)',
  },
  columns,
  settings,
  run: run('t', true),
}

export const welch: Analysis = {
  name: 'welch',
  about: { en: 'means of two groups (Welch)', ko: '두 집단의 평균(웰치)' },
  columns,
  settings,
  run: run('welch', false),
}
