import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { namesOf, told } from '../rows.ts'
import { CONFIDENCE, fig, finite, GROUPS, interval, intervalText, leftOutText, pText } from '../say.ts'
import { TIME } from '../series/ordered.ts'

/** Looks that are kept for the picture; every row is looked at. */
const KEPT = 400

/** Mean and spread that grow by one value at a time (Welford 1962). */
interface Running {
  n: number
  mean: number
  m2: number
}
function add(r: Running, x: number): void {
  r.n++
  const d = x - r.mean
  r.mean += d / r.n
  r.m2 += d * (x - r.mean)
}
const varianceOf = (r: Running): number => (r.n < 2 ? 0 : r.m2 / (r.n - 1))

/** ln of the mixture likelihood ratio: how much likelier an estimate is under effects spread as N(0, τ²) than under none. */
const mixtureRatio = (estimate: number, variance: number, tau2: number): number =>
  0.5 * Math.log(variance / (variance + tau2)) +
  ((tau2 / (variance + tau2)) * (estimate / Math.sqrt(variance)) ** 2) / 2

/**
 * An A/B test that may be looked at after every row: the mixture sequential probability ratio test (Robbins 1970) as Johari, Koomen,
 * Pekelis and Walsh (2017, "Peeking at A/B tests") have it: an always-valid p and interval. Normal by the central limit, so the first
 * rows of each variant are a start that is not tested; they also set the spread of effects, which must not follow from what is tested.
 */
export const sequential: Analysis = {
  name: 'sequential',
  about: {
    en: 'an A/B test that may be looked at any time (mixture SPRT)',
    ko: '언제든 들여다봐도 되는 A/B 검정(혼합 SPRT)',
  },
  columns: {
    value: { kind: 'number', about: 'what counts: an amount, or a yes-or-no (bool, 0 and 1)' },
    by: { kind: 'category', about: 'the variant of each row; the first is the control' },
    time: TIME,
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    effect: {
      kind: 'number',
      default: 0.2,
      least: 0.001,
      most: 100,
      about: 'the effect that is looked for, in standard deviations; it has to be chosen before',
    },
    start: { kind: 'number', default: 50, least: 5, whole: true, about: 'rows of each variant before the first look' },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const start = given.number('start') as number
    const [value, by, time] = [given.column('value') ?? '', given.column('by') ?? '', given.column('time')]
    const [x, labels] = [given.raw(value), given.labels(by)]
    const at = time === undefined ? undefined : given.raw(time)
    const rows = labels.flatMap((l, i) => (l === null || Number.isNaN(x[i]) || (at && Number.isNaN(at[i])) ? [] : [i]))
    if (at) rows.sort((i, j) => (at[i] as number) - (at[j] as number) || i - j)
    const names = namesOf(given, new Set(rows.map((i) => labels[i] as string)))
    if (names.length !== 2)
      throw unfit(
        `'${by}' has ${names.length === 1 ? 'one group' : `${names.length} groups`} with values${names.length > 2 ? `: ${told(names)}` : ''}`,
        'a test has two variants',
        'name two: --set groups=A,B',
      )
    const [control, treatment] = names as [string, string]
    const both = { [control]: { n: 0, mean: 0, m2: 0 }, [treatment]: { n: 0, mean: 0, m2: 0 } } as Record<
      string,
      Running
    >
    const [a, b] = [both[control] as Running, both[treatment] as Running]
    let tau2 = 0
    let p = 1
    let stopped: number | null = null
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const looks: { x: number; p: number }[] = []
    const used = rows.filter((i) => names.includes(labels[i] as string))
    for (const [k, i] of used.entries()) {
      add(both[labels[i] as string] as Running, x[i] as number)
      if (Math.min(a.n, b.n) < start) continue
      const spread = (varianceOf(a) + varianceOf(b)) / 2
      if (tau2 === 0) tau2 = (given.number('effect') as number) ** 2 * spread
      const v = varianceOf(a) / a.n + varianceOf(b) / b.n
      if (!(v > 0) || !(tau2 > 0) || !Number.isFinite(v) || !Number.isFinite(tau2)) continue
      const d = b.mean - a.mean
      p = Math.min(p, Math.exp(-mixtureRatio(d, v, tau2)))
      const half =
        Math.sqrt(v) * Math.sqrt(((v + tau2) / tau2) * (Math.log((v + tau2) / v) - 2 * Math.log(1 - confidence)))
      // every look's interval holds with the same chance, all of them together
      low = Math.max(low, d - half)
      high = Math.min(high, d + half)
      if (stopped === null && p < 1 - confidence) stopped = k + 1
      looks.push({ x: k + 1, p })
    }
    if (looks.length === 0)
      throw unfit(
        `the variants have ${a.n} and ${b.n} rows${Math.min(a.n, b.n) < start ? '' : `, and '${value}' does not vary in them`}`,
        `the first look is after ${start} rows of each, once '${value}' varies`,
        'wait for more rows, or lower --set start=… (not below what makes a mean about normal)',
      )
    const estimate = b.mean - a.mean
    const consistent = low <= high && estimate >= low && estimate <= high
    const difference = consistent
      ? interval(estimate, low, high)
      : interval(estimate, Math.min(low, estimate), Math.max(high, estimate))
    const step = Math.ceil(looks.length / KEPT)
    const kept = looks.filter((_, i) => i % step === 0 || i === looks.length - 1)
    const data = {
      test: 'sequential',
      method: 'mixture SPRT, always valid',
      p,
      confidence,
      control,
      treatment,
      difference,
      decidedAtRow: stopped,
      tau: finite(Math.sqrt(tau2)),
      start,
      groups: [
        { name: control, n: a.n, mean: finite(a.mean) },
        { name: treatment, n: b.n, mean: finite(b.mean) },
      ],
      looks: kept,
      leftOut: given.rows - rows.length,
    }
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(difference)}`
    const side = estimate > 0 ? { en: 'higher', ko: '높습니다' } : { en: 'lower', ko: '낮습니다' }
    const said: Words =
      stopped === null
        ? {
            en: `After ${used.length.toLocaleString('en-US')} rows no difference in the mean of '${value}' between '${treatment}' and '${control}' can be called yet (interval ${range}; always-valid ${pText(p)}), and looking on costs nothing; this does not show that there is none.`,
            ko: `${used.length.toLocaleString('en-US')}개 행까지 '${treatment}'와(과) '${control}'의 '${value}' 평균이 다르다고 아직 할 수 없습니다(구간 ${range}, 언제나 유효한 ${pText(p)}). 더 지켜봐도 되며, 차이가 없다는 뜻은 아닙니다.`,
          }
        : {
            en: `The mean of '${value}' is ${side.en} with '${treatment}' than with '${control}', which could be called after row ${stopped.toLocaleString('en-US')} (now ${fig(estimate)}, interval ${range}; always-valid ${pText(p)}); this does not show that the effect lasts, and the estimate at an early stop is too large on average.`,
            ko: `'${treatment}'의 '${value}' 평균은 '${control}'보다 ${side.ko}. ${stopped.toLocaleString('en-US')}번째 행부터 그렇게 말할 수 있었습니다(현재 ${fig(estimate)}, 구간 ${range}, 언제나 유효한 ${pText(p)}). 효과가 지속된다는 뜻은 아니며, 일찍 멈춘 추정값은 평균적으로 과장됩니다.`,
          }
    const chart = lines([{ name: 'p', points: kept.map((l) => ({ x: l.x, y: l.p })) }], {
      rules: stopped === null ? [] : [stopped],
    })
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
