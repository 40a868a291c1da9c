import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { tTest } from '../compare/means.ts'
import { unfit } from '../given.ts'
import { type Moments, moments, pearson, sum } from '../moments.ts'
import { namesOf, told } from '../rows.ts'
import {
  ALTERNATIVE,
  CONFIDENCE,
  fig,
  finite,
  GROUPS,
  intervalText,
  leftOutText,
  percentText,
  pText,
  shown,
} from '../say.ts'

function welch(a: Moments, b: Moments, confidence: number, alternative: string) {
  const [va, vb] = [a.variance / a.n, b.variance / b.n]
  const part = va / (va + vb)
  const df = 1 / (part ** 2 / (a.n - 1) + (1 - part) ** 2 / (b.n - 1))
  return tTest(b.mean - a.mean, Math.sqrt(va + vb), df, confidence, alternative)
}

/**
 * An A/B test whose noise is lessened by what was known before (CUPED: Deng, Xu, Kohavi and Walker 2013): y − θ (x − x̄) with
 * θ = cov(y, x) / var(x) over all rows, then Welch's t.
 */
export const cuped: Analysis = {
  name: 'cuped',
  about: {
    en: 'an A/B test with less noise, by what was known before it (CUPED)',
    ko: '사전 값으로 잡음을 줄인 A/B 검정(CUPED)',
  },
  columns: {
    value: { kind: 'number', about: 'what counts' },
    before: { kind: 'number', about: 'the same, or something near it, from before the test began' },
    by: { kind: 'category', about: 'the variant of each row; the first is the control' },
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    alternative: {
      ...ALTERNATIVE,
      about: 'which differences count: the second variant less than the first, greater, or either',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const alternative = given.choice('alternative')
    const [value, before, by] = ['value', 'before', 'by'].map((role) => given.column(role) ?? '') as [
      string,
      string,
      string,
    ]
    const [ys, xs, labels] = [given.raw(value), given.raw(before), given.labels(by)]
    const whole = labels.flatMap((label, i) =>
      label === null || Number.isNaN(ys[i]) || Number.isNaN(xs[i]) ? [] : [i],
    )
    const names = namesOf(given, new Set(whole.map((i) => labels[i] as string)))
    if (names.length !== 2)
      throw unfit(
        `'${by}' has ${names.length === 1 ? 'one group' : `${names.length} groups`} with values${names.length > 2 ? `: ${told(names)}` : ''}`,
        'a test has two variants',
        'name two: --set groups=A,B',
      )
    const rows = whole.filter((i) => names.includes(labels[i] as string))
    const [y, x] = [ys, xs].map((c) => Float64Array.from(rows, (i) => c[i] as number)) as [Float64Array, Float64Array]
    const [my, mx] = [moments(y), moments(x)]
    const few = names.find((name) => rows.filter((i) => labels[i] === name).length < 2)
    if (few !== undefined || mx.sd === 0 || my.sd === 0)
      throw unfit(
        few === undefined
          ? `'${mx.sd === 0 ? before : value}' has one value`
          : `group '${few}' has fewer than two rows with all columns`,
        'what does not vary lessens no noise',
        few === undefined ? 'name a column that varies; without one take --test ab' : 'wait for more rows',
      )
    const r = pearson(x, y)
    const theta = (r * my.sd) / mx.sd
    const adjusted = y.map((v, i) => v - theta * ((x[i] as number) - mx.mean))
    const of = (column: Float64Array, name: string) => column.filter((_, k) => labels[rows[k] as number] === name)
    const [control, treatment] = names as [string, string]
    const [a, b] = [moments(of(adjusted, control)), moments(of(adjusted, treatment))]
    // what is left of y, once x is taken out, has to be more than rounding
    const dust = (1e-12 * my.sd) ** 2
    if (!(a.variance + b.variance > dust))
      throw unfit(
        `nothing of '${value}' varies within variants once '${before}' is taken out`,
        'one follows from the other',
        `name as 'before' what was known before the test began`,
      )
    const [plainA, plainB] = [moments(of(y, control)), moments(of(y, treatment))]
    const plain = plainA.sd + plainB.sd > 0 ? welch(plainA, plainB, confidence, alternative) : undefined
    const test = welch(a, b, confidence, alternative)
    const saved = 1 - sum(adjusted.map((v) => (v - my.mean) ** 2)) / sum(y.map((v) => (v - my.mean) ** 2))
    // the covariate must not know the variant: it was there before
    const balanced = welch(moments(of(x, control)), moments(of(x, treatment)), confidence, 'two-sided')
    const data = {
      test: 'cuped',
      statistic: finite(test.statistic),
      df: finite(test.df),
      p: test.p,
      alternative,
      confidence,
      control,
      treatment,
      difference: { ...test.difference },
      theta: finite(theta),
      varianceSaved: finite(Math.max(0, saved)),
      correlation: finite(r),
      without: plain ? { difference: { ...plain.difference }, p: plain.p } : null,
      balance: { difference: { ...balanced.difference }, p: finite(balanced.p) },
      groups: [
        { name: control, n: a.n, mean: finite(a.mean) },
        { name: treatment, n: b.n, mean: finite(b.mean) },
      ],
      leftOut: given.rows - whole.length,
    }
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(test.difference)}; ${pText(test.p)}`
    const less = percentText(Math.max(0, saved))
    const said: Words = shown(test.p, confidence)
      ? {
          en: `With '${before}' taken into account (${less} of the variance gone) the mean of '${value}' is ${fig(Math.abs(b.mean - a.mean))} ${b.mean > a.mean ? 'higher' : 'lower'} with '${treatment}' than with '${control}' (interval ${range}); this does not hold if '${before}' was measured after the test began.`,
          ko: `'${before}' 값을 감안하면(분산 ${less} 감소) '${treatment}'의 '${value}' 평균은 '${control}'보다 ${fig(Math.abs(b.mean - a.mean))} ${b.mean > a.mean ? '높습니다' : '낮습니다'}(구간 ${range}). '${before}' 값을 검정이 시작된 뒤에 쟀다면 성립하지 않습니다.`,
        }
      : {
          en: `Even with '${before}' taken into account (${less} of the variance gone) no difference in the mean of '${value}' between '${treatment}' and '${control}' could be shown (interval ${range}); this does not show that there is none.`,
          ko: `'${before}' 값을 감안해도(분산 ${less} 감소) '${treatment}'와(과) '${control}'의 '${value}' 평균이 다르다고 할 수 없습니다(구간 ${range}). 차이가 없다는 뜻은 아닙니다.`,
        }
    const chart = intervals(
      [{ label: 'CUPED', ...test.difference }, ...(plain ? [{ label: 'Welch', ...plain.difference }] : [])],
      0,
      `Δ ${value}`,
    )
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
