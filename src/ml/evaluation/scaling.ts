import type { Words } from '../analysis/statistics/analysis.ts'
import { studentUpper } from '../analysis/statistics/distributions/continuous.ts'

/** A loss, or seconds, that were measured with so many rows, or at another size. */
export interface Measured {
  readonly rows: number
  readonly value: number
}

/** value = a · rows^−b + c by least squares of relative weight, where the points can tell. */
export interface PowerLaw {
  readonly a: number
  readonly b: number
  readonly c: number
  /** What the exponent may be, and what value is to be expected with twice the rows. */
  readonly exponent: readonly [low: number, high: number]
  readonly twice: { readonly rows: number; readonly value: number; readonly low: number; readonly high: number }
  /** Share of the spread that it explains. */
  readonly r2: number
}
export type Scaling = { readonly tells: true; readonly law: PowerLaw } | { readonly tells: false; readonly why: Words }

const STEPS = 400
/** A fit that explains less of the spread tells nothing. */
const LEAST_R2 = 0.9

/**
 * Fits a power law with a floor (Hestness et al. 2017) by profiling the exponent over `from` to `to`: for each, a and c follow by linear least
 * squares. Bounds are of the profile's sum of squares by F (Bates and Watts 1988). Says that it can't tell for fewer than five points, a poor
 * fit, or an exponent that the points leave open.
 */
export function powerLaw(points: readonly Measured[], confidence = 0.95, from = 0.05, to = 3): Scaling {
  const no = (en: string, ko: string): Scaling => ({ tells: false, why: { en, ko } })
  const used = points.filter((p) => p.rows > 0 && Number.isFinite(p.value))
  const sizes = new Set(used.map((p) => p.rows))
  if (sizes.size < 5)
    return no(`there are ${sizes.size} sizes, and it takes five`, `크기가 ${sizes.size}가지인데 다섯은 있어야 합니다`)
  const middle = used.reduce((sum, p) => sum + p.value, 0) / used.length
  const spread = used.reduce((sum, p) => sum + (p.value - middle) ** 2, 0)
  const size = Math.max(...used.map((p) => Math.abs(p.value)))
  if (!(spread > (1e-9 * size) ** 2)) return no('the value is the same at every size', '크기가 달라도 값이 같습니다')
  const most = Math.max(...used.map((p) => p.rows))
  const profile = Array.from({ length: STEPS + 1 }, (_, i) => fitAt(used, from + ((to - from) * i) / STEPS, most))
  const usable = profile.filter((f) => f.a > 0)
  if (usable.length === 0) return from > 0 ? no('it does not fall as the size grows', '크기가 늘어도 줄지 않습니다') : no('it does not grow with the size', '크기가 늘어도 늘지 않습니다') // biome-ignore format: one line
  const best = usable.reduce((a, b) => (b.rest < a.rest ? b : a))
  const r2 = 1 - best.rest / spread
  const df = used.length - 3
  const explained = Math.max(0, Math.round(r2 * 100))
  if (r2 < LEAST_R2)
    return no(
      `the best curve explains ${explained} % of the spread`,
      `가장 잘 맞는 곡선도 변동의 ${explained}%만 설명합니다`,
    )
  if (df < 1) return no('there are as few points as the curve has parameters', '점의 수가 곡선의 모수만큼밖에 없습니다')
  const bound = best.rest * (1 + studentUpper((1 - confidence) / 2, df) ** 2 / df) + 1e-24 * spread
  const within = usable.filter((f) => f.rest <= bound)
  const bs = within.map((f) => f.b)
  const [low, high] = [Math.min(...bs), Math.max(...bs)]
  if (low <= from || high >= to) return no('the points leave the exponent open', '이 점들로는 지수를 정할 수 없습니다')
  // a in the units of rows, not of their largest number
  const of = (f: Fit, rows: number) => f.a * (rows / most) ** -f.b + f.c
  const next = within.map((f) => of(f, 2 * most))
  return {
    tells: true,
    law: {
      ...{ a: best.a * most ** best.b, b: best.b, c: best.c, exponent: [low, high], r2 },
      twice: { rows: 2 * most, value: of(best, 2 * most), low: Math.min(...next), high: Math.max(...next) },
    },
  }
}

interface Fit {
  readonly a: number
  readonly b: number
  readonly c: number
  /** Sum of squares that it leaves. */
  readonly rest: number
}

function fitAt(points: readonly Measured[], b: number, most: number): Fit {
  const n = points.length
  const x = points.map((p) => (p.rows / most) ** -b)
  const [mx, my] = [x.reduce((s, v) => s + v, 0) / n, points.reduce((s, p) => s + p.value, 0) / n]
  let [sxx, sxy] = [0, 0]
  for (const [i, p] of points.entries()) {
    sxx += ((x[i] as number) - mx) ** 2
    sxy += ((x[i] as number) - mx) * (p.value - my)
  }
  const a = sxx > 0 ? sxy / sxx : 0
  const c = my - a * mx
  const rest = points.reduce((s, p, i) => s + (p.value - a * (x[i] as number) - c) ** 2, 0)
  return { a, b, c, rest }
}
