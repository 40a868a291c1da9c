import { AHEAD, countBits, FEATURE_BYTES, features, PAIR, records, stride } from './memory'

/** Adds one row's pair to its bin of every feature. */
// @ts-ignore: decorator
@inline
export function addRow(record: usize, hist: usize): void {
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
 * Adds the rows that [at, end) lists. The records lie scattered: a first loop over a few hundred touches them, so that
 * many cache misses run at once, which the long loop over the features would not let them.
 */
export function addRows(at: usize, end: usize, hist: usize): void {
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

/** A feature's first bins as three float64 each at `out`: gradient, hessian (both in units of 1 / scale) and count. */
export function unpack(hist: usize, bins: i32, out: usize): void {
  const mask = (<i64>1 << countBits) - 1
  for (let b = 0; b < bins; b++) {
    const hc = load<i64>(hist, 8)
    store<f64>(out, <f64>load<i64>(hist))
    store<f64>(out, <f64>(hc >> countBits), 8)
    store<f64>(out, <f64>(hc & mask), 16)
    hist += 16
    out += 24
  }
}
