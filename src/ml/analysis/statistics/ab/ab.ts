import type { Analysis, Group, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { tTest } from '../compare/means.ts'
import { chiSquare, normal, normalQuantile } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { moments, sum } from '../moments.ts'
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

/** p below which the sizes of the variants are told to be no matter of chance. */
const MISMATCH = 0.001

/** Wilson's (1927) interval of a share. */
function wilson(k: number, n: number, z: number): readonly [number, number] {
  const p = k / n
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = ((z / n) * Math.sqrt(n * p * (1 - p) + (z * z) / 4)) / (1 + (z * z) / n)
  return [centre - half, centre + half]
}

/** Shares: z with the pooled share, the interval by Newcombe's hybrid of Wilson's (1998, method 10). */
function ofShares(a: Group, b: Group, confidence: number, alternative: string) {
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const [x, y] = [sum(a.values), sum(b.values)]
  const [m, n] = [a.values.length, b.values.length]
  const [p, q] = [x / m, y / n]
  const pooled = (x + y) / (m + n)
  const statistic = (q - p) / Math.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
  const [[l1, u1], [l2, u2]] = [wilson(x, m, z), wilson(y, n, z)]
  const d = q - p
  const difference = interval(
    d,
    d - Math.sqrt((q - l2) ** 2 + (u1 - p) ** 2),
    d + Math.sqrt((u2 - q) ** 2 + (p - l1) ** 2),
  )
  const variance = [(1 - p) / (p * m), (1 - q) / (q * n)] as const
  return { statistic, p: sided(normal(statistic), alternative), difference, variance }
}

/** Means: Welch's t. */
function ofMeans(a: Group, b: Group, confidence: number, alternative: string) {
  const [x, y] = [moments(a.values), moments(b.values)]
  const [va, vb] = [x.variance / x.n, y.variance / y.n]
  const part = va / (va + vb)
  const df = 1 / (part ** 2 / (x.n - 1) + (1 - part) ** 2 / (y.n - 1))
  const { statistic, p, difference } = tTest(y.mean - x.mean, Math.sqrt(va + vb), df, confidence, alternative)
  return { statistic, p, difference, variance: [va / x.mean ** 2, vb / y.mean ** 2] as const }
}

export const ab: Analysis = {
  name: 'ab',
  about: { en: 'an A/B test: the second variant against the first', ko: 'A/B 검정: 첫째 안과 둘째 안의 비교' },
  columns: {
    value: { kind: 'number', about: 'what counts: an amount, or a yes-or-no (bool, 0 and 1)' },
    by: { kind: 'category', about: 'the variant of each row; the first is the control' },
  },
  settings: {
    groups: GROUPS,
    confidence: CONFIDENCE,
    alternative: {
      ...ALTERNATIVE,
      about: 'which differences count: the second variant less than the first, greater, or either',
    },
    split: {
      kind: 'number',
      default: 0.5,
      least: 0.001,
      most: 0.999,
      about: 'the share of rows that the first variant was meant to get',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const { a, b, leftOut } = twoGroups(given, 2)
    const [value, by] = [given.column('value'), given.column('by')]
    const [x, y] = [moments(a.values), moments(b.values)]
    if (x.sd === 0 && y.sd === 0 && (x.mean === y.mean || !isShare(a, b)))
      throw unfit(
        `'${value}' does not vary within '${a.name}' nor within '${b.name}'`,
        'without variation there is nothing to hold a difference against',
        'wait for more rows, or name a column that varies',
      )
    const kind = isShare(a, b) ? 'share' : 'mean'
    const found = (kind === 'share' ? ofShares : ofMeans)(a, b, confidence, given.choice('alternative'))
    const z = normalQuantile(1 - (1 - confidence) / 2)
    // the lift is a ratio of means: its logarithm by the delta method, where both are above 0
    const half = z * Math.sqrt(found.variance[0] + found.variance[1])
    const ratio = y.mean / x.mean
    const positive = x.mean > 0 && y.mean > 0
    const lift = positive
      ? interval(ratio - 1, ratio * Math.exp(-half) - 1, ratio * Math.exp(half) - 1)
      : interval(Number.NaN, Number.NaN, Number.NaN)
    const n = x.n + y.n
    const split = given.number('split') as number
    const expected = n * split
    const srm = (x.n - expected) ** 2 / expected + (y.n - (n - expected)) ** 2 / (n - expected)
    const sizes = { statistic: srm, p: chiSquare(srm, 1).upper, expectedShare: split, share: x.n / n }
    const data = {
      test: 'ab',
      kind,
      method: kind === 'share' ? 'pooled z; interval of Newcombe' : 'Welch',
      statistic: finite(found.statistic),
      p: found.p,
      alternative: given.choice('alternative'),
      confidence,
      control: a.name,
      treatment: b.name,
      difference: { ...found.difference },
      lift,
      groups: [
        { name: a.name, n: x.n, mean: finite(x.mean), sd: finite(x.sd) },
        { name: b.name, n: y.n, mean: finite(y.mean), sd: finite(y.sd) },
      ],
      sizes,
      leftOut,
    }
    const what = kind === 'share' ? { en: 'share of', ko: '비율' } : { en: 'mean of', ko: '평균' }
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(found.difference)}; ${pText(found.p)}`
    const off = {
      en:
        sizes.p < MISMATCH
          ? ` The variants' sizes (${x.n} and ${y.n}) are not what was meant (${pText(sizes.p)}): until it is known why, this does not count.`
          : '',
      ko:
        sizes.p < MISMATCH
          ? ` 두 안의 크기(${x.n}, ${y.n})가 계획과 다릅니다(${pText(sizes.p)}). 까닭을 알기 전에는 이 결과를 쓸 수 없습니다.`
          : '',
    }
    const said: Words = shown(found.p, confidence)
      ? {
          en: `The ${what.en} '${value}' is ${fig(Math.abs(y.mean - x.mean))} ${y.mean > x.mean ? 'higher' : 'lower'} with '${b.name}' than with '${a.name}' (interval of the difference ${range}); this does not hold if it was looked at before and ended early (use sequential for that), nor show that the effect lasts.`,
          ko: `'${b.name}'의 '${value}' ${what.ko}은 '${a.name}'보다 ${fig(Math.abs(y.mean - x.mean))} ${y.mean > x.mean ? '높습니다' : '낮습니다'}(차이의 구간 ${range}). 중간에 들여다보고 일찍 끝냈다면 성립하지 않으며(그때는 sequential을 쓰십시오), 효과가 지속된다는 뜻도 아닙니다.`,
        }
      : {
          en: `No difference in the ${what.en} '${value}' between '${b.name}' and '${a.name}' could be shown (interval of the difference ${range}); this does not show that '${by}' has no effect: what lies within the interval is possible.`,
          ko: `'${b.name}'와(과) '${a.name}' 사이에 '${value}' ${what.ko}의 차이가 있다고 할 수 없습니다(차이의 구간 ${range}). '${by}'의 효과가 없다는 뜻은 아니며, 구간 안의 어떤 값이든 가능합니다.`,
        }
    const chart = intervals([{ label: `${b.name} − ${a.name}`, ...found.difference }], 0, `Δ ${value}`)
    return { data, chart, sentence: (l) => said[l] + off[l] + leftOutText[l](leftOut) }
  },
}

const isShare = (a: Group, b: Group): boolean => [a, b].every((g) => g.values.every((v) => v === 0 || v === 1))
