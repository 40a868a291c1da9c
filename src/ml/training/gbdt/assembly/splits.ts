import { countBits, MISSING } from './memory'

/**
 * The best split of one feature's histogram, as six float64 at `out`: gain G²/(H+λ) of both sides together (−1 for no
 * split), the last bin that goes left, whether missing values go left, and the left side's gradient, hessian and count.
 * Gradients and hessians are in units of 1 / scale; gradientUnit and hessianUnit turn them back.
 */
export function scan(
  hist: usize,
  bins: i32,
  gradientUnit: f64,
  hessianUnit: f64,
  lambda: f64,
  minData: f64,
  minHessian: f64,
  totalsAt: usize,
  out: usize,
): void {
  best(hist, bins, gradientUnit, hessianUnit, lambda, minData, minHessian, totalsAt, out, false, 0, 0, 0, 0)
}

/**
 * As `scan`, with an l1 penalty, with the values of both sides kept within [low, high], and, where `rises` is 1 or −1, the right side's
 * not below, or not above, the left side's.
 */
export function scanWithin(
  hist: usize,
  bins: i32,
  gradientUnit: f64,
  hessianUnit: f64,
  lambda: f64,
  minData: f64,
  minHessian: f64,
  totalsAt: usize,
  out: usize,
  l1: f64,
  low: f64,
  high: f64,
  rises: i32,
): void {
  best(hist, bins, gradientUnit, hessianUnit, lambda, minData, minHessian, totalsAt, out, true, l1, low, high, rises)
}

/** What a side gains with its value kept within bounds: −2·T·v − (H + λ)·v², T being its gradient drawn to 0 by l1. */
// @ts-ignore: decorator
@inline
function worth(g: f64, h: f64, v: f64, l1: f64): f64 {
  const t = drawn(g, l1)
  return -(2 * t * v + h * v * v)
}

// @ts-ignore: decorator
@inline
function drawn(g: f64, l1: f64): f64 {
  return g > l1 ? g - l1 : g < -l1 ? g + l1 : 0
}

/** Both of them, each compiled for itself. */
// @ts-ignore: decorator
@inline
function best(
  hist: usize,
  bins: i32,
  gradientUnit: f64,
  hessianUnit: f64,
  lambda: f64,
  minData: f64,
  minHessian: f64,
  totalsAt: usize,
  out: usize,
  within: bool,
  l1: f64,
  low: f64,
  high: f64,
  rises: i32,
): void {
  const G = load<f64>(totalsAt) * gradientUnit
  const H = load<f64>(totalsAt, 8) * hessianUnit
  const C = load<f64>(totalsAt, 16)
  const mask = (<i64>1 << countBits) - 1
  const missing = hist + (<usize>MISSING << 4)
  const mg = load<i64>(missing)
  const mhc = load<i64>(missing, 8)
  const someMissing = (mhc & mask) != 0
  // bounds that keep a side from its own value may make it worth less than nothing
  let most: f64 = -Infinity
  let bestBin = 0
  let bestLeft = 0
  let bestG: i64 = 0
  let bestHc: i64 = 0
  let g: i64 = 0
  let hc: i64 = 0
  const last = someMissing ? bins : bins - 1
  for (let b = 0; b < last; b++) {
    const at = hist + (<usize>b << 4)
    const own = load<i64>(at, 8)
    if (own == 0) continue
    g += load<i64>(at)
    hc += own
    for (let left = 0; left <= i32(someMissing); left++) {
      const gs = left ? g + mg : g
      const hcs = left ? hc + mhc : hc
      const count = <f64>(hcs & mask)
      const hl = <f64>(hcs >> countBits) * hessianUnit
      const hr = H - hl
      if (count < minData || C - count < minData || hl < minHessian || hr < minHessian) continue
      const gl = <f64>gs * gradientUnit
      const gr = G - gl
      let gain: f64
      if (within) {
        const vl = max(low, min(high, -drawn(gl, l1) / (hl + lambda)))
        const vr = max(low, min(high, -drawn(gr, l1) / (hr + lambda)))
        if ((rises > 0 && vl > vr) || (rises < 0 && vl < vr)) continue
        gain = worth(gl, hl + lambda, vl, l1) + worth(gr, hr + lambda, vr, l1)
      } else gain = (gl * gl) / (hl + lambda) + (gr * gr) / (hr + lambda)
      if (gain > most) {
        most = gain
        bestBin = b
        // with nothing missing here, missing values go with the larger side
        bestLeft = someMissing ? left : i32(count + count >= C)
        bestG = gs
        bestHc = hcs
      }
    }
  }
  store<f64>(out, most)
  store<f64>(out, <f64>bestBin, 8)
  store<f64>(out, <f64>bestLeft, 16)
  store<f64>(out, <f64>bestG, 24)
  store<f64>(out, <f64>(bestHc >> countBits), 32)
  store<f64>(out, <f64>(bestHc & mask), 40)
}
