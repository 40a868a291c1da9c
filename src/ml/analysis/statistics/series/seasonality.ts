import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { medianOf, moments, sum } from '../moments.ts'
import { leastSquares } from '../relate/least-squares.ts'
import { CONFIDENCE, fig, finite, leftOutText, percentText, pText, shown } from '../say.ts'
import { momentsIn, seriesOf, TIME, varies } from './ordered.ts'

/** Values of a series at most: the periodogram takes n² steps. */
const MOST = 5000
/** A gap of so many times the usual one makes a series uneven; months differ by less. */
const UNEVEN = 1.5

/** Power at 1, 2, … cycles over the whole series, up to below half a cycle a value (Schuster 1898). */
export function periodogram(x: Float64Array): Float64Array {
  const n = x.length
  const [cos, sin] = [new Float64Array(n), new Float64Array(n)]
  for (let i = 0; i < n; i++) {
    cos[i] = Math.cos((2 * Math.PI * i) / n)
    sin[i] = Math.sin((2 * Math.PI * i) / n)
  }
  return Float64Array.from({ length: Math.floor((n - 1) / 2) }, (_, k) => {
    let [re, im] = [0, 0]
    for (let i = 0, at = 0; i < n; i++) {
      re += (x[i] as number) * (cos[at] as number)
      im += (x[i] as number) * (sin[at] as number)
      at = (at + k + 1) % n
    }
    return (re * re + im * im) / n
  })
}

/** P(G ≥ g) of Fisher's (1929) largest share of m ordinates; where his alternating sum loses its digits, its limit. */
export function fisherG(g: number, m: number): number {
  let total = 0
  let most = 0
  let choose = 1
  for (let k = 1; k <= m && k * g < 1; k++) {
    choose *= (m - k + 1) / k
    const term = choose * (1 - k * g) ** (m - 1)
    most = Math.max(most, term)
    total += k % 2 === 1 ? term : -term
    if (most > 1e6) return -Math.expm1(-m * Math.exp(-m * g))
    if (term < 1e-18 * total) break
  }
  return Math.min(1, Math.max(0, total))
}

export const seasonality: Analysis = {
  name: 'seasonality',
  about: { en: 'whether a series repeats, and after how many values', ko: '시계열이 되풀이되는지, 주기는 얼마인지' },
  columns: { value: { kind: 'number', about: 'the series, evenly spaced' }, time: TIME },
  settings: {
    confidence: CONFIDENCE,
    period: {
      kind: 'number',
      least: 2,
      whole: true,
      about: 'values a cycle, where it is known; else the strongest is looked for',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const series = seriesOf(given, 12)
    varies(series, given)
    const { x, at } = series
    const n = x.length
    const value = given.column('value') ?? ''
    const gaps = at.subarray(1).map((t, i) => t - (at[i] as number))
    const usual = medianOf(gaps)
    if (n > MOST)
      throw unfit(
        `'${value}' has ${n.toLocaleString('en-US')} values in order`,
        `${MOST.toLocaleString('en-US')} are looked at, at most`,
        'aggregate the rows in a recipe: one value each hour, day or month',
      )
    const odd = gaps.findIndex((g) => g > UNEVEN * usual || g < usual / UNEVEN)
    if (odd >= 0) {
      const { when } = momentsIn(series)
      throw unfit(
        `the moments of '${value}' are not evenly spaced`,
        `a cycle is a number of values, and ${when(at[odd] as number)} is followed by ${when(at[odd + 1] as number)}`,
        'aggregate the rows by hour, day or month in a recipe, and bring rows of those that have none, or look at a stretch without gaps',
      )
    }
    const trend = leastSquares([new Float64Array(n).fill(1), Float64Array.from(x.keys())], x)
    const rest = 'dependent' in trend ? x : trend.residuals
    const all = moments(rest)
    if (!(all.sd > 1e-10 * moments(x).sd))
      throw unfit(`'${value}' lies on a straight line`, 'nothing is left that could repeat', 'name another column')
    const power = periodogram(rest.map((v) => (v - all.mean) / all.sd))
    const total = sum(power)
    // a cycle has to be seen twice
    const strongest = power.reduce((best, p, k) => (k >= 1 && p > (power[best] as number) ? k : best), 1)
    const g = (power[strongest] as number) / total
    const p = fisherG(g, power.length)
    const asked = given.number('period')
    if (asked !== undefined && asked * 2 > n)
      throw unfit(
        `a period of ${asked} is seen less than twice in ${n} values`,
        'what repeats has to be seen twice',
        'bring a longer series, or name a shorter period',
      )
    const period = asked ?? Math.max(2, Math.round(n / (strongest + 1)))
    const phases = Array.from({ length: period }, (_, k) => {
      const mine = rest.filter((_, i) => i % period === k)
      return { phase: k + 1, n: mine.length, mean: mine.length > 0 ? moments(mine).mean : 0 }
    })
    const season = rest.map((_, i) => phases[i % period]?.mean ?? 0)
    const left = rest.map((v, i) => v - (season[i] as number))
    // Wang, Smith and Hyndman (2006): the share of what is no trend that the season explains
    const strength = Math.max(0, 1 - moments(left).variance / all.variance)
    const lagged = sum(rest.subarray(period), (v, i) => (v - all.mean) * ((rest[i] as number) - all.mean))
    const acf = lagged / sum(rest, (v) => (v - all.mean) ** 2)
    const amplitude = Math.max(...phases.map((f) => f.mean)) - Math.min(...phases.map((f) => f.mean))
    const data = {
      test: 'seasonality',
      method: "Fisher's g of the periodogram, about a straight line",
      statistic: g,
      p,
      confidence,
      n,
      strongestPeriod: n / (strongest + 1),
      period,
      strength: finite(strength),
      autocorrelation: finite(acf),
      amplitude: finite(amplitude),
      phases,
      leftOut: series.leftOut,
    }
    const figures = `${pText(p)}; ${percentText(strength)}`
    const cycle = fig(n / (strongest + 1))
    const said: Words = shown(p, confidence)
      ? {
          en: `'${value}' repeats about every ${cycle} values more than noise would (${figures} of what is no trend lies in a cycle of ${period}); this does not show that it goes on, and a series that wanders slowly looks the same where the cycle is long.`,
          ko: `'${value}' 값은 잡음이라고 보기 어려울 만큼 약 ${cycle}개마다 되풀이됩니다(${figures}가 ${period}개 주기로 설명됨, 추세 제외). 계속된다는 뜻은 아니며, 주기가 길면 천천히 떠도는 시계열도 똑같이 보입니다.`,
        }
      : {
          en: `It could not be shown that '${value}' repeats; the strongest cycle is about ${cycle} values (${figures} of what is no trend lies in a cycle of ${period}); this does not show that it has no season: few cycles or sharp peaks stay hidden.`,
          ko: `'${value}' 값이 되풀이된다고 할 수 없습니다. 가장 강한 주기는 약 ${cycle}개입니다(${figures}가 ${period}개 주기로 설명됨, 추세 제외). 계절성이 없다는 뜻은 아니며, 주기가 적거나 뾰족하면 드러나지 않습니다.`,
        }
    const chart = lines([{ name: 'season', points: phases.map((f) => ({ x: f.phase, y: f.mean })) }])
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](series.leftOut) }
  },
}
