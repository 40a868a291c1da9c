import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { medianOf, moments } from '../moments.ts'
import { CONFIDENCE, fig, finite, leftOutText } from '../say.ts'
import { rosner } from '../shape/esd.ts'
import { momentsIn, notTooLong, seriesOf, TIME, varies } from './ordered.ts'

/** Values on each side that a level is the median of, at least. */
const SIDE = 10

/** The median of the values up to `side` before and after each; of fewer at the ends. */
export function runningMedian(x: Float64Array, side: number): Float64Array {
  // the window's values ascending: one leaves and one comes at each step
  let window: number[] = []
  const placeOf = (v: number): number => {
    let [low, high] = [0, window.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((window[middle] as number) < v) low = middle + 1
      else high = middle
    }
    return low
  }
  const add = (v: number) => void window.splice(placeOf(v), 0, v)
  window = Array.from(x.subarray(0, side)).sort((a, b) => a - b)
  return x.map((_, i) => {
    if (i + side < x.length) add(x[i + side] as number)
    if (i - side - 1 >= 0) window.splice(placeOf(x[i - side - 1] as number), 1)
    const middle = window.length >> 1
    const high = window[middle] as number
    return window.length % 2 === 1 ? high : (high + (window[middle - 1] as number)) / 2
  })
}

/** A running median that goes on at the ends as it began, where there are values enough to tell: of fewer values it would lag behind a trend. */
export function levelOf(x: Float64Array, side: number): Float64Array {
  const level = runningMedian(x, side)
  const n = x.length
  if (n < 4 * side + 1) return level
  const of = (i: number) => level[i] as number
  const [first, last] = [side, n - 1 - side]
  const [rise, fall] = [(of(first + side) - of(first)) / side, (of(last) - of(last - side)) / side]
  return level.map((v, i) => (i < first ? of(first) - (first - i) * rise : i > last ? of(last) + (i - last) * fall : v))
}

/** The line that a series follows: its slope is the median of those between values half of it apart, in whole cycles (after Theil 1950). */
function lineOf(x: Float64Array, period: number): Float64Array {
  const apart = Math.max(1, Math.floor(x.length / 2 / period)) * period
  const slope = medianOf(Float64Array.from({ length: x.length - apart }, (_, i) => ((x[i + apart] as number) - (x[i] as number)) / apart)) // biome-ignore format: one line
  return Float64Array.from(x, (_, i) => slope * i)
}

/** What each value is expected to be: the level about it, the line that it follows and, of a period, the usual distance of its place in the cycle. */
export function usualOf(x: Float64Array, period: number): Float64Array {
  // of a steep line each value would be the median of its neighbours
  const line = lineOf(x, period)
  const rest = x.map((v, i) => v - (line[i] as number))
  const season = new Float64Array(x.length)
  if (period > 1) {
    const level = levelOf(rest, period >> 1)
    const apart = rest.map((v, i) => v - (level[i] as number))
    const phases = Float64Array.from({ length: period }, (_, k) => medianOf(apart.filter((_, i) => i % period === k)))
    const middle = medianOf(phases)
    for (let i = 0; i < x.length; i++) season[i] = (phases[i % period] as number) - middle
  }
  const level = levelOf(rest.map((v, i) => v - (season[i] as number)), Math.max(period, SIDE)) // biome-ignore format: one line
  return level.map((v, i) => v + (season[i] as number) + (line[i] as number))
}

/** Values that Rosner's test tells from a running median and the season: the hybrid of Hochenbaum, Vallis and Kejariwal (2017), whose median distance finds too much in short series. */
export const anomalies: Analysis = {
  name: 'anomalies',
  about: { en: 'values of a series unlike those about them', ko: '앞뒤 값과 다른 시계열 값' },
  columns: { value: { kind: 'number', about: 'the series' }, time: TIME },
  settings: {
    confidence: CONFIDENCE,
    period: {
      kind: 'number',
      least: 2,
      whole: true,
      about: 'values a cycle, as 7 of days; none unless told',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const period = given.number('period') ?? 1
    const series = seriesOf(given, Math.max(12, 2 * period))
    varies(series, given)
    const { x, at } = series
    const n = x.length
    const value = given.column('value') ?? ''
    notTooLong(series, given)
    const usual = usualOf(x, period)
    const rest = x.map((v, i) => v - (usual[i] as number))
    const places = rosner(rest, confidence)
    const set = new Set(places)
    const others = moments(rest.filter((_, i) => !set.has(i)))
    if (!(others.sd > 0) || !Number.isFinite(others.sd))
      throw unfit(
        `the values of '${value}' are what their neighbours are`,
        'how far is far is told by how much they usually differ',
        'aggregate them over longer periods, or look at changes or outliers',
      )
    const { dated, when, told } = momentsIn(series)
    const found = places.map((i) => ({
      at: at[i] as number,
      value: x[i] as number,
      usual: usual[i] as number,
      score: ((rest[i] as number) - others.mean) / others.sd,
    }))
    const data = {
      test: 'anomalies',
      method: `generalised ESD about a running median${period > 1 ? ' and the season' : ''}`,
      confidence,
      n,
      period: period > 1 ? period : null,
      count: found.length,
      share: found.length / n,
      sd: finite(others.sd),
      anomalies: found.map((f) => ({ ...f, at: told(f.at), usual: finite(f.usual), score: finite(f.score) })),
      leftOut: series.leftOut,
    }
    const farthest = found[0]
    const all = n.toLocaleString('en-US')
    const cycle = { en: period > 1 ? ` and a cycle of ${period}` : '', ko: period > 1 ? `과 ${period}개 주기` : '' }
    const said: Words = farthest
      ? {
          en: `${found.length} of ${all} values of '${value}' ${found.length === 1 ? 'is' : 'are'} unlike those about ${found.length === 1 ? 'it' : 'them'}${cycle.en}, most at ${when(farthest.at)}: ${fig(farthest.value)} where ${fig(farthest.usual)} would be usual; this does not show why, nor that ${found.length === 1 ? 'it is' : 'they are'} wrong.`,
          ko: `'${value}' 값 ${all}개 중 ${found.length}개가 앞뒤 값${cycle.ko}에 견주어 다르며, 가장 다른 것은 ${when(farthest.at)}의 ${fig(farthest.value)}(보통은 ${fig(farthest.usual)})입니다. 까닭은 보여 주지 않으며, 잘못된 값이라는 뜻도 아닙니다.`,
        }
      : {
          en: `No value of '${value}' is unlike those about it${cycle.en} (${all} values); this does not show that all is well: a slow drift, or a level that changes for long, is no such value.`,
          ko: `'${value}' 값 ${all}개 중 앞뒤 값${cycle.ko}에 견주어 다른 것은 없습니다. 모두 괜찮다는 뜻은 아니며, 느린 변화나 오래 바뀐 수준은 이것으로 드러나지 않습니다.`,
        }
    const points = (of: Float64Array) => Array.from(of, (y, i) => ({ x: at[i] as number, y }))
    const chart = lines(
      [
        { name: value, points: points(x) },
        { name: 'usual', points: points(usual) },
      ],
      { moments: dated, marks: found.map((f) => ({ x: f.at, y: f.value })) },
    )
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](series.leftOut) }
  },
}
