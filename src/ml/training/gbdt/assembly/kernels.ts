/**
 * The hot loops of gradient boosting, in AssemblyScript; `node scripts/wasm.ts` compiles them to `../kernels.wasm`.
 *
 * Every thread instantiates this module over one shared memory and works on its own rows or features. Gradients and
 * hessians are fixed-point integers, so sums are exact and the same in whatever order and by however many threads.
 *
 * A record is one row: 16 bytes of gradient pair, then one bin a feature. The pair is two int64: the gradient, and the
 * hessian shifted left by `countBits` with a 1 below it, so that one SIMD addition sums gradient, hessian and count.
 * A histogram is 256 such pairs a feature; bin 255 is for missing values.
 */

const PAIR: i32 = 16
const FEATURE_BYTES: usize = 4096
const MISSING: i32 = 255
const BLOCK: i32 = 1024
const AHEAD: usize = 128

let records: usize = 0
let stride: usize = 0
let features: i32 = 0
let order: usize = 0
let spare: usize = 0
let scores: usize = 0
let labels: usize = 0
let leafOf: usize = 0
let countBits: i64 = 0
let gradientScale: f32 = 1
let hessianScale: f32 = 1

export function setup(
  records_: usize,
  stride_: usize,
  features_: i32,
  order_: usize,
  spare_: usize,
  scores_: usize,
  labels_: usize,
  leafOf_: usize,
  countBits_: i32,
  gradientScale_: f32,
  hessianScale_: f32,
): void {
  records = records_
  stride = stride_
  features = features_
  order = order_
  spare = spare_
  scores = scores_
  labels = labels_
  leafOf = leafOf_
  countBits = countBits_
  gradientScale = gradientScale_
  hessianScale = hessianScale_
}

/** Waits until `threads` callers have arrived. `at` holds two int32: arrivals and the generation. */
export function barrier(at: usize, threads: i32): void {
  const generation = atomic.load<i32>(at, 4)
  if (atomic.add<i32>(at, 1) == threads - 1) {
    atomic.store<i32>(at, 0)
    atomic.add<i32>(at, 1, 4)
    atomic.notify(at + 4, -1)
    return
  }
  for (let spin = 0; spin < 20000; spin++) if (atomic.load<i32>(at, 4) != generation) return
  while (atomic.load<i32>(at, 4) == generation) atomic.wait<i32>(at + 4, generation, -1)
}

/**
 * Bins `n` float64 values at `values` for rows from `row` on. `edges` is 255 ascending float64, padded with +Infinity;
 * a value's bin is the number of edges below it. `column` is the feature's own copy of the bins, or 0 for none.
 */
export function binColumn(values: usize, n: i32, edges: usize, row: i32, feature: i32, column: usize): void {
  let record = records + <usize>row * stride + PAIR + <usize>feature
  let own = column + <usize>row
  for (let i = 0; i < n; i++) {
    const x = load<f64>(values)
    let at = edges
    at += <usize>i32(load<f64>(at, 127 * 8) < x) << 10
    at += <usize>i32(load<f64>(at, 63 * 8) < x) << 9
    at += <usize>i32(load<f64>(at, 31 * 8) < x) << 8
    at += <usize>i32(load<f64>(at, 15 * 8) < x) << 7
    at += <usize>i32(load<f64>(at, 7 * 8) < x) << 6
    at += <usize>i32(load<f64>(at, 3 * 8) < x) << 5
    at += <usize>i32(load<f64>(at, 1 * 8) < x) << 4
    at += <usize>i32(load<f64>(at) < x) << 3
    const bin = x != x ? MISSING : i32((at - edges) >> 3)
    store<u8>(record, bin)
    if (column) store<u8>(own, bin)
    values += 8
    record += stride
    own++
  }
}

/** Adds one row's pair to its bin of every feature. */
// @ts-ignore: decorator
@inline
function addRow(record: usize, hist: usize): void {
  const pair = v128.load(record)
  let bins = record + PAIR
  let h = hist
  let left = features
  while (left >= 4) {
    const w = load<u32>(bins)
    const a = h + ((w & 255) << 4)
    v128.store(a, i64x2.add(v128.load(a), pair))
    const b = h + (((w >>> 8) & 255) << 4)
    v128.store(b, i64x2.add(v128.load(b, FEATURE_BYTES), pair), FEATURE_BYTES)
    const c = h + (((w >>> 16) & 255) << 4)
    v128.store(c, i64x2.add(v128.load(c, 2 * FEATURE_BYTES), pair), 2 * FEATURE_BYTES)
    const d = h + ((w >>> 24) << 4)
    v128.store(d, i64x2.add(v128.load(d, 3 * FEATURE_BYTES), pair), 3 * FEATURE_BYTES)
    bins += 4
    h += 4 * FEATURE_BYTES
    left -= 4
  }
  while (left > 0) {
    const a = h + (<usize>load<u8>(bins) << 4)
    v128.store(a, i64x2.add(v128.load(a), pair))
    bins++
    h += FEATURE_BYTES
    left--
  }
}

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

/**
 * Adds the rows that [at, end) lists. The records lie scattered: a first loop over a few hundred touches them, so that
 * many cache misses run at once, which the long loop over the features would not let them.
 */
function addRows(at: usize, end: usize, hist: usize): void {
  while (at < end) {
    const stop = min(at + 4 * AHEAD, end)
    let touched: u32 = 0
    for (let i = at; i < stop; i += 4) {
      const record = records + <usize>load<u32>(i) * stride
      for (let line: usize = 0; line < stride; line += 64) touched |= load<u8>(record + line)
    }
    if (touched == 256) unreachable()
    for (; at < stop; at += 4) addRow(records + <usize>load<u32>(at) * stride, hist)
  }
}

/**
 * Sends rows order[from, to) left or right by a feature's bins: left rows go to spare from `from` up, right ones to
 * spare from `to` down. Adds the rows of one side to `hist` (side 0 left, 1 right, -1 neither). Returns the rows that went left.
 */
export function partition(
  from: i32,
  to: i32,
  column: usize,
  bin: i32,
  missingLeft: i32,
  side: i32,
  hist: usize,
): i32 {
  let l = spare + (<usize>from << 2)
  let r = spare + (<usize>to << 2) - 4
  const limit = <u32>(bin + missingLeft)
  const end = order + (<usize>to << 2)
  for (let at = order + (<usize>from << 2); at < end; at += 4) {
    const row = load<u32>(at)
    // adding one turns the missing bin, 255, into the lowest
    const left = <usize>i32(((<u32>load<u8>(column + row) + missingLeft) & 255) <= limit)
    store<u32>(l, row)
    store<u32>(r, row)
    l += left << 2
    r -= (1 - left) << 2
  }
  if (side > 0) addRows(l, spare + (<usize>to << 2), hist)
  else if (side == 0) addRows(spare + (<usize>from << 2), l, hist)
  return i32((l - spare) >> 2) - from
}

/** Moves a slice that `partition` left in spare back into order: left rows to `leftTo`, right rows, in order, to `rightTo`. */
export function place(from: i32, to: i32, left: i32, leftTo: i32, rightTo: i32): void {
  memory.copy(order + (<usize>leftTo << 2), spare + (<usize>from << 2), <usize>left << 2)
  let source = spare + (<usize>to << 2) - 4
  const first = order + (<usize>rightTo << 2)
  const end = first + (<usize>(to - from - left) << 2)
  for (let at = first; at < end; at += 4) {
    store<u32>(at, load<u32>(source))
    source -= 4
  }
}

/** Notes that rows order[from, to) ended in a leaf. */
export function markLeaf(from: i32, to: i32, leaf: i32): void {
  const end = order + (<usize>to << 2)
  for (let at = order + (<usize>from << 2); at < end; at += 4) store<u16>(leafOf + (<usize>load<u32>(at) << 1), leaf)
}

/**
 * For one feature: sums the threads' histograms (`gap` bytes apart, cleared for the next use) into `small`, and takes it
 * off `parent`, which becomes the sibling's; parent 0 for none.
 */
export function combine(feature: i32, threads: i32, scratch: usize, gap: usize, small: usize, parent: usize): void {
  const at = <usize>feature * FEATURE_BYTES
  const zero = i64x2.splat(0)
  for (let o = at; o < at + FEATURE_BYTES; o += 16) {
    let sum = zero
    let s = scratch + o
    for (let t = 0; t < threads; t++) {
      sum = i64x2.add(sum, v128.load(s))
      v128.store(s, zero)
      s += gap
    }
    v128.store(small + o, sum)
    if (parent) v128.store(parent + o, i64x2.sub(v128.load(parent + o), sum))
  }
}

/** Sums a feature's histogram: gradient, hessian (both in units of 1 / scale) and count, as three float64 at `out`. */
export function totals(hist: usize, out: usize): void {
  let sum = i64x2.splat(0)
  for (let o: usize = 0; o < FEATURE_BYTES; o += 16) sum = i64x2.add(sum, v128.load(hist + o))
  const hc = i64x2.extract_lane(sum, 1)
  store<f64>(out, <f64>i64x2.extract_lane(sum, 0))
  store<f64>(out, <f64>(hc >> countBits), 8)
  store<f64>(out, <f64>(hc & ((<i64>1 << countBits) - 1)), 16)
}

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
  const G = load<f64>(totalsAt) * gradientUnit
  const H = load<f64>(totalsAt, 8) * hessianUnit
  const C = load<f64>(totalsAt, 16)
  const mask = (<i64>1 << countBits) - 1
  const missing = hist + (<usize>MISSING << 4)
  const mg = load<i64>(missing)
  const mhc = load<i64>(missing, 8)
  const someMissing = (mhc & mask) != 0
  let best: f64 = -1
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
      const gain = (gl * gl) / (hl + lambda) + (gr * gr) / (hr + lambda)
      if (gain > best) {
        best = gain
        bestBin = b
        // with nothing missing here, missing values go with the larger side
        bestLeft = someMissing ? left : i32(count + count >= C)
        bestG = gs
        bestHc = hcs
      }
    }
  }
  store<f64>(out, best)
  store<f64>(out, <f64>bestBin, 8)
  store<f64>(out, <f64>bestLeft, 16)
  store<f64>(out, <f64>bestG, 24)
  store<f64>(out, <f64>(bestHc >> countBits), 32)
  store<f64>(out, <f64>(bestHc & mask), 40)
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
  const G = load<f64>(totalsAt) * gradientUnit
  const H = load<f64>(totalsAt, 8) * hessianUnit
  const C = load<f64>(totalsAt, 16)
  const mask = (<i64>1 << countBits) - 1
  const missing = hist + (<usize>MISSING << 4)
  const mg = load<i64>(missing)
  const mhc = load<i64>(missing, 8)
  const someMissing = (mhc & mask) != 0
  let best: f64 = -1
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
      const vl = max(low, min(high, -drawn(gl, l1) / (hl + lambda)))
      const vr = max(low, min(high, -drawn(gr, l1) / (hr + lambda)))
      if ((rises > 0 && vl > vr) || (rises < 0 && vl < vr)) continue
      const gain = worth(gl, hl + lambda, vl, l1) + worth(gr, hr + lambda, vr, l1)
      if (gain > best) {
        best = gain
        bestBin = b
        bestLeft = someMissing ? left : i32(count + count >= C)
        bestG = gs
        bestHc = hcs
      }
    }
  }
  store<f64>(out, best)
  store<f64>(out, <f64>bestBin, 8)
  store<f64>(out, <f64>bestLeft, 16)
  store<f64>(out, <f64>bestG, 24)
  store<f64>(out, <f64>(bestHc >> countBits), 32)
  store<f64>(out, <f64>(bestHc & mask), 40)
}

/**
 * Adds a tree to the scores (float64 at `out`) of rows [from, to). A node is five int32: feature, last left bin, whether
 * missing values go left, left child, right child; a child below zero is leaf ~child of `values` (float32).
 */
export function applyTree(from: i32, to: i32, nodes: usize, values: usize, out: usize): void {
  for (let i = from; i < to; i++) {
    const bins = records + <usize>i * stride + PAIR
    let node: i32 = load<i32>(nodes) < 0 ? -1 : 0
    while (node >= 0) {
      const at = nodes + <usize>node * 20
      const missingLeft = load<i32>(at, 8)
      const bin = (<i32>load<u8>(bins + load<i32>(at)) + missingLeft) & 255
      node = bin <= load<i32>(at, 4) + missingLeft ? load<i32>(at, 12) : load<i32>(at, 16)
    }
    const score = out + (<usize>i << 3)
    store<f64>(score, load<f64>(score) + <f64>load<f32>(values + (<usize>~node << 2)))
  }
}
