import { normal, normalQuantile } from '../distributions/continuous.ts'
import { moments, sum } from '../moments.ts'

const poly = (c: readonly number[], x: number): number => c.reduceRight((y, k) => y * x + k, 0)

/** Rows that Royston's approximation holds for. */
export const SHAPIRO_MOST = 5000

/** Shapiro and Wilk's W of sorted values, 3 to 5000, and its p: Royston (1995), AS R94. */
export function shapiro(ascending: Float64Array): { statistic: number; p: number } {
  const n = ascending.length
  const half = Math.floor(n / 2)
  const m = Array.from({ length: half }, (_, i) => normalQuantile((i + 1 - 0.375) / (n + 0.25)))
  const a = weights(m, n)
  const { mean, sd } = moments(ascending)
  const span = (n - 1) * sd * sd
  const slope = sum(a, (w, i) => w * ((ascending[n - 1 - i] as number) - (ascending[i] as number)))
  // 1 − W from the residuals of the ordered values on the weights: W near 1 keeps its digits
  const away = sum(ascending, (x, i) => {
    const w = i < half ? -(a[i] as number) : n - 1 - i < half ? (a[n - 1 - i] as number) : 0
    return (x - mean - w * slope) ** 2
  })
  const rest = Math.max(0, away / span)
  const statistic = 1 - rest
  if (n === 3) {
    const p = (6 / Math.PI) * (Math.asin(Math.sqrt(Math.max(0.75, statistic))) - Math.asin(Math.sqrt(0.75)))
    return { statistic: Math.max(0.75, statistic), p: Math.min(1, Math.max(0, p)) }
  }
  const y = Math.log(rest)
  const x = Math.log(n)
  if (n <= 11) {
    const gamma = poly([-2.273, 0.459], n)
    if (y >= gamma) return { statistic, p: 1e-99 }
    const z =
      (-Math.log(gamma - y) - poly([0.544, -0.39978, 0.025054, -6.714e-4], n)) /
      Math.exp(poly([1.3822, -0.77857, 0.062767, -0.0020322], n))
    return { statistic, p: normal(z).upper }
  }
  const z =
    (y - poly([-1.5861, -0.31082, -0.083751, 0.0038915], x)) / Math.exp(poly([-0.4803, -0.082676, 0.0030302], x))
  return { statistic, p: normal(z).upper }
}

/** Weights of the differences between the i-th largest and the i-th smallest; their squares, twice, sum to one. */
function weights(m: readonly number[], n: number): number[] {
  if (n === 3) return [Math.SQRT1_2]
  const squares = 2 * sum(m, (v) => v * v)
  const root = Math.sqrt(squares)
  const r = 1 / Math.sqrt(n)
  const [m1 = 0, m2 = 0] = m
  const a1 = poly([0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056], r) - m1 / root
  if (n <= 5) {
    const factor = Math.sqrt((squares - 2 * m1 * m1) / (1 - 2 * a1 * a1))
    return [a1, ...m.slice(1).map((v) => -v / factor)]
  }
  const a2 = poly([0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633], r) - m2 / root
  const factor = Math.sqrt((squares - 2 * m1 * m1 - 2 * m2 * m2) / (1 - 2 * a1 * a1 - 2 * a2 * a2))
  return [a1, a2, ...m.slice(2).map((v) => -v / factor)]
}
