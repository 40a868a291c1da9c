import { addRow } from './histograms'
import { BLOCK, countBits, gradientScale, hessianScale, labels, leafOf, order, records, scores, stride } from './memory'

/**
 * Starts a tree for rows [from, to): adds the last tree's leaf values to the scores, takes the logistic loss's gradient
 * p − y and hessian p(1 − p), resets the row order, and adds the rows to `hist`. `from` is a multiple of 4.
 */
export function startTree(from: i32, to: i32, hist: usize, values: usize): void {
  for (let block = from; block < to; block += BLOCK) {
    const end = min(block + BLOCK, to)
    for (let i = block; i < end; i += 4) gradients(<usize>i, values)
    let record = records + <usize>block * stride
    for (let i = block; i < end; i++) {
      addRow(record, hist)
      record += stride
    }
  }
}

/**
 * Starts a tree for rows [from, to) of given gradients and hessians (float32), each times a power of two: resets the row order, and adds
 * the rows to `hist`. A row with a hessian below zero counts in no histogram.
 */
export function startTreeOf(
  from: i32,
  to: i32,
  hist: usize,
  gradients: usize,
  hessians: usize,
  gradientScale: f32,
  hessianScale: f32,
): void {
  let record = records + <usize>from * stride
  for (let i = from; i < to; i++) {
    const at = <usize>i << 2
    const h = load<f32>(hessians + at)
    if (h < 0) {
      store<i64>(record, 0)
      store<i64>(record, 0, 8)
    } else {
      store<i64>(record, <i64>nearest(load<f32>(gradients + at) * gradientScale))
      store<i64>(record, (<i64>nearest(h * hessianScale) << countBits) + 1, 8)
      addRow(record, hist)
    }
    store<i32>(order + at, i)
    record += stride
  }
}

/** Four rows' scores, gradients and hessians. exp by the polynomial of Cephes' exp2f, relative error below 2e-7. */
// @ts-ignore: decorator
@inline
function gradients(i: usize, values: usize): void {
  const leaves = leafOf + (i << 1)
  let step = f32x4.splat(load<f32>(values + (<usize>load<u16>(leaves) << 2)))
  step = f32x4.replace_lane(step, 1, load<f32>(values + (<usize>load<u16>(leaves, 2) << 2)))
  step = f32x4.replace_lane(step, 2, load<f32>(values + (<usize>load<u16>(leaves, 4) << 2)))
  step = f32x4.replace_lane(step, 3, load<f32>(values + (<usize>load<u16>(leaves, 6) << 2)))
  const s = f32x4.add(v128.load(scores + (i << 2)), step)
  v128.store(scores + (i << 2), s)

  const power = f32x4.mul(f32x4.min(f32x4.abs(s), f32x4.splat(80)), f32x4.splat(-1.4426950408889634))
  const whole = f32x4.nearest(power)
  const r = f32x4.sub(power, whole)
  let e = f32x4.splat(1.535336188319500e-4)
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(1.339887440266574e-3))
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(9.618437357674640e-3))
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(5.550332471162809e-2))
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(2.402264791363012e-1))
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(6.931472028550421e-1))
  e = f32x4.add(f32x4.mul(e, r), f32x4.splat(1))
  const z = f32x4.mul(e, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23))

  // a = 1 / (1 + z) and b = z / (1 + z) are p and 1 − p, in the order that the sign of the score says
  const a = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), z))
  const b = f32x4.mul(z, a)
  const up = f32x4.ge(s, f32x4.splat(0))
  const y = i32x4.ne(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(labels + i))), i32x4.splat(0))
  const g = v128.bitselect(f32x4.neg(v128.bitselect(b, a, up)), v128.bitselect(a, b, up), y)
  const h = f32x4.mul(a, b)

  const gq = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(g, f32x4.splat(gradientScale))))
  const hq = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(h, f32x4.splat(hessianScale))))
  const shift = <i32>countBits
  const g01 = i64x2.extend_low_i32x4_s(gq)
  const g23 = i64x2.extend_high_i32x4_s(gq)
  const h01 = i64x2.add(i64x2.shl(i64x2.extend_low_i32x4_s(hq), shift), i64x2.splat(1))
  const h23 = i64x2.add(i64x2.shl(i64x2.extend_high_i32x4_s(hq), shift), i64x2.splat(1))
  let record = records + i * stride
  v128.store(record, v128.shuffle<i64>(g01, h01, 0, 2))
  record += stride
  v128.store(record, v128.shuffle<i64>(g01, h01, 1, 3))
  record += stride
  v128.store(record, v128.shuffle<i64>(g23, h23, 0, 2))
  record += stride
  v128.store(record, v128.shuffle<i64>(g23, h23, 1, 3))
  v128.store(order + (i << 2), i32x4.add(i32x4.splat(<i32>i), i32x4(0, 1, 2, 3)))
}
