import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { medianOf, moments, quantileOf, sorted } from '../moments.ts'
import { values } from '../rows.ts'
import { CONFIDENCE, fig, finite, leftOutText } from '../say.ts'
import { rosner } from './esd.ts'

/** Outliers that are listed; all are counted. */
const LISTED = 200
/** 0.6745, the normal's upper quartile: MAD / it estimates a standard deviation. */
const QUARTILE = 0.6744897501960817

interface Found {
  /** Beyond which a value is one; null where the method has no fixed limits. */
  readonly low: number | null
  readonly high: number | null
  readonly score: (x: number) => number
  readonly is: (x: number, i: number) => boolean
  readonly method: string
}

/** Tukey's fences (1977): 1.5 quartile distances beyond the quartiles. */
function fences(x: Float64Array, reach: number): Found {
  const s = sorted(x)
  const [q1, q3] = [quantileOf(s, 0.25), quantileOf(s, 0.75)]
  const [low, high] = [q1 - reach * (q3 - q1), q3 + reach * (q3 - q1)]
  const score = (v: number) => (q3 > q1 ? (v < q1 ? (v - q1) / (q3 - q1) : v > q3 ? (v - q3) / (q3 - q1) : 0) : 0)
  return { low, high, score, is: (v) => v < low || v > high, method: `Tukey's fences, ${reach} quartile distances` }
}

/** Modified z-scores: the distance from the median in units of the median distance (Iglewicz and Hoaglin 1993). @throws ANALYSIS_DATA */
function byMedian(x: Float64Array, reach: number, value: string): Found {
  const middle = medianOf(x)
  const mad = medianOf(x.map((v) => Math.abs(v - middle)))
  if (mad === 0)
    throw unfit(
      `half of the values of '${value}' or more are ${fig(middle)}`,
      'distances from the median have no middle of their own then',
      'choose --set method=fences or esd, or leave those rows out (--where)',
    )
  const score = (v: number) => (QUARTILE * (v - middle)) / mad
  const half = (reach * mad) / QUARTILE
  return {
    low: middle - half,
    high: middle + half,
    score,
    is: (v) => Math.abs(score(v)) > reach,
    method: `modified z beyond ${reach}`,
  }
}

function esd(x: Float64Array, confidence: number): Found {
  const set = new Set(rosner(x, confidence))
  const rest = moments(x.filter((_, i) => !set.has(i)))
  const score = (v: number) => (rest.sd > 0 ? (v - rest.mean) / rest.sd : 0)
  return { low: null, high: null, score, is: (_, i) => set.has(i), method: 'generalised ESD' }
}

export const outliers: Analysis = {
  name: 'outliers',
  about: { en: 'values that lie far from the others', ko: '다른 값과 멀리 떨어진 값' },
  columns: { value: { kind: 'number', about: 'what is looked at' } },
  settings: {
    confidence: CONFIDENCE,
    method: {
      kind: 'choice',
      choices: ['mad', 'fences', 'esd'],
      default: 'mad',
      about: 'distance from the median, Tukey’s fences, or Rosner’s test (values that are otherwise normal)',
    },
    reach: {
      kind: 'number',
      least: 0.1,
      most: 100,
      about: 'how far is far: 3.5 modified z, or 1.5 quartile distances',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const value = given.column('value') ?? ''
    const { x, leftOut } = values(given, 5)
    const m = moments(x)
    if (m.sd === 0)
      throw unfit(`'${value}' has one value`, 'none lies away from the others', 'name a column that varies')
    const method = given.choice('method')
    const reach = given.number('reach')
    const found =
      method === 'esd'
        ? esd(x, confidence)
        : method === 'mad'
          ? byMedian(x, reach ?? 3.5, value)
          : fences(x, reach ?? 1.5)
    const raw = given.raw(value)
    const rows = Array.from(raw.keys()).filter((i) => !Number.isNaN(raw[i]))
    const all = rows.flatMap((row, i) =>
      found.is(x[i] as number, i)
        ? [{ row: row + 1, value: x[i] as number, score: finite(found.score(x[i] as number)) }]
        : [],
    )
    const listed = [...all].sort((a, b) => Math.abs(b.score ?? 0) - Math.abs(a.score ?? 0)).slice(0, LISTED)
    const out = new Set(all.map((o) => o.row))
    const without = moments(Float64Array.from(rows.flatMap((row, i) => (out.has(row + 1) ? [] : [x[i] as number]))))
    const data = {
      test: 'outliers',
      method: found.method,
      n: x.length,
      count: all.length,
      share: all.length / x.length,
      low: finite(found.low ?? Number.NaN),
      high: finite(found.high ?? Number.NaN),
      mean: finite(m.mean),
      meanWithout: finite(without.mean),
      outliers: listed,
      leftOut,
    }
    const farthest = listed[0]
    const count = all.length.toLocaleString('en-US')
    const said: Words =
      farthest === undefined
        ? {
            en: `No value of '${value}' lies far from the others (${found.method}, ${x.length.toLocaleString('en-US')} values); this does not show that all are right.`,
            ko: `'${value}' 값 중 다른 값과 멀리 떨어진 것은 없습니다(${found.method}, 값 ${x.length.toLocaleString('en-US')}개). 모두 올바른 값이라는 뜻은 아닙니다.`,
          }
        : {
            en: `${count} of ${x.length.toLocaleString('en-US')} values of '${value}' lie far from the others, farthest ${fig(farthest.value)} in row ${farthest.row}; without them the mean would be ${fig(without.mean)} instead of ${fig(m.mean)} (${found.method}); this does not show that they are wrong.`,
            ko: `'${value}' 값 ${x.length.toLocaleString('en-US')}개 중 ${count}개가 다른 값과 멀리 떨어져 있으며 가장 먼 것은 ${farthest.row}행의 ${fig(farthest.value)}입니다. 이들을 빼면 평균은 ${fig(m.mean)} 대신 ${fig(without.mean)}입니다(${found.method}). 잘못된 값이라는 뜻은 아닙니다.`,
          }
    const points = rows.map((row, i) => ({ x: row + 1, y: x[i] as number }))
    const chart = lines([{ name: value, points }], { marks: listed.map((o) => ({ x: o.row, y: o.value })) })
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
