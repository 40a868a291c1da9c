import type { Analysis, Words } from '../analysis.ts'
import { lines } from '../charts.ts'
import { unfit } from '../given.ts'
import { medianOf, moments } from '../moments.ts'
import { fig, finite, leftOutText } from '../say.ts'
import { momentsIn, notTooLong, seriesOf, TIME, varies } from './ordered.ts'

/** Of a normal's differences: their median distance is this many standard deviations of the values. */
const DIFFERENCE = 0.6744897501960817 * Math.SQRT2

/**
 * Ends of segments whose squared distances from their means, with a penalty for each segment, sum to the least: PELT (Killick, Fearnhead
 * and Eckley 2012), exact. A segment has `least` values at least.
 */
export function segmentsOf(x: Float64Array, penalty: number, least: number): number[] {
  const n = x.length
  const centre = moments(x).mean
  const [s, q] = [new Float64Array(n + 1), new Float64Array(n + 1)]
  for (let i = 0; i < n; i++) {
    const v = (x[i] as number) - centre
    s[i + 1] = (s[i] as number) + v
    q[i + 1] = (q[i] as number) + v * v
  }
  const cost = (from: number, to: number) => {
    const d = (s[to] as number) - (s[from] as number)
    return Math.max(0, (q[to] as number) - (q[from] as number) - (d * d) / (to - from))
  }
  const best = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY)
  best[0] = -penalty
  const before = new Int32Array(n + 1)
  // starts that may be the best yet, in order; each leaves once a segment fits in after it was worse by more than the penalty
  const open = new Int32Array(n + 1)
  const until = new Int32Array(n + 1).fill(n + 2)
  const totals = new Float64Array(n + 1)
  let count = 1
  for (let to = least; to <= n; to++) {
    if (to >= 2 * least) open[count++] = to - least
    let [lowest, start] = [Number.POSITIVE_INFINITY, 0]
    for (let k = 0; k < count; k++) {
      const from = open[k] as number
      const total = (best[from] as number) + cost(from, to)
      totals[k] = total
      if (total + penalty < lowest) [lowest, start] = [total + penalty, from]
    }
    best[to] = lowest
    before[to] = start
    let kept = 0
    for (let k = 0; k < count; k++) {
      const from = open[k] as number
      if ((totals[k] as number) > lowest && (until[from] as number) > n + 1) until[from] = to + least
      if ((until[from] as number) > to + 1) open[kept++] = from
    }
    count = kept
  }
  const ends: number[] = []
  for (let at = n; at > 0; at = before[at] as number) ends.unshift(at)
  return ends
}

export const changes: Analysis = {
  name: 'changes',
  about: { en: 'where the level of a series changes', ko: '시계열의 수준이 바뀐 곳' },
  columns: { value: { kind: 'number', about: 'the series' }, time: TIME },
  settings: {
    least: { kind: 'number', default: 5, least: 2, whole: true, about: 'values that a level lasts for at least' },
    penalty: {
      kind: 'number',
      default: 3,
      least: 0.1,
      most: 1000,
      about: 'what a change has to be worth, in ln(n) variances: more finds fewer',
    },
  },
  run(given) {
    const least = given.number('least') as number
    const series = seriesOf(given, Math.max(10, 2 * least))
    varies(series, given)
    const { x, at } = series
    const n = x.length
    const value = given.column('value') ?? ''
    notTooLong(series, given)
    const steps = x.subarray(1).map((v, i) => v - (x[i] as number))
    const middle = medianOf(steps)
    const spread = medianOf(steps.map((d) => Math.abs(d - middle))) / DIFFERENCE
    // where most steps are equal, their median distance is 0; the standard deviation is not
    const sigma = spread > 0 ? spread : moments(steps).sd / Math.SQRT2
    if (!(sigma > 0) || !Number.isFinite(sigma * sigma))
      throw unfit(
        `'${value}' grows by the same in every step`,
        'a level needs values that scatter about it',
        'look at its differences instead',
      )
    const { dated, when, told } = momentsIn(series)
    const scaled = x.map((v) => v / sigma)
    const ends = segmentsOf(scaled, (given.number('penalty') as number) * Math.log(n), least)
    const segments = ends.map((to, k) => {
      const from = k === 0 ? 0 : (ends[k - 1] as number)
      const m = moments(x.subarray(from, to))
      return { from: at[from] as number, to: at[to - 1] as number, n: to - from, mean: m.mean, sd: m.sd }
    })
    const found = segments.slice(1).map((s, k) => ({
      at: s.from,
      before: segments[k]?.mean ?? 0,
      after: s.mean,
      shift: s.mean - (segments[k]?.mean ?? 0),
    }))
    const data = {
      test: 'changes',
      method: 'PELT, means',
      n,
      sigma: finite(sigma),
      count: found.length,
      changes: found.map((f) => ({ ...f, at: told(f.at) })),
      segments: segments.map((s) => ({ ...s, from: told(s.from), to: told(s.to) })),
      leftOut: series.leftOut,
    }
    const largest = found.reduce<(typeof found)[number] | undefined>(
      (a, b) => (a === undefined || Math.abs(b.shift) > Math.abs(a.shift) ? b : a),
      undefined,
    )
    const said: Words =
      largest === undefined
        ? {
            en: `No change in the level of '${value}' was found over ${n.toLocaleString('en-US')} values; this does not show that there is none: a slow drift or a small step stays hidden.`,
            ko: `'${value}' 값 ${n.toLocaleString('en-US')}개에서 수준이 바뀐 곳을 찾지 못했습니다. 변화가 없다는 뜻은 아니며, 느린 변화나 작은 변화는 드러나지 않습니다.`,
          }
        : {
            en: `The level of '${value}' changes ${found.length === 1 ? 'once, at' : `${found.length} times, most at`} ${when(largest.at)}: from ${fig(largest.before)} to ${fig(largest.after)}; this does not show why, and a series that wanders or has seasons changes without a cause.`,
            ko: `'${value}' 수준이 ${found.length}번 바뀌며 가장 큰 변화는 ${when(largest.at)}의 ${fig(largest.before)} → ${fig(largest.after)}입니다. 까닭은 보여 주지 않으며, 떠돌거나 계절이 있는 시계열은 원인 없이도 바뀝니다.`,
          }
    const points = Array.from(x, (y, i) => ({ x: at[i] as number, y }))
    const level = segments.flatMap((s) => [{ x: s.from, y: s.mean }, { x: s.to, y: s.mean }]) // biome-ignore format: one line
    const chart = lines([{ name: value, points }, { name: 'level', points: level }], { rules: found.map((f) => f.at), moments: dated }) // biome-ignore format: one line
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](series.leftOut) }
  },
}
