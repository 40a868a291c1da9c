import { DOUBLE } from '../double.ts'
import { NUMBERS } from '../numbers.ts'
import { NAMES } from './state.ts'

/**
 * The search for splits: kernels over features and shares of four bins. `limits`: features, leaves, rows a leaf must
 * hold, least hessian (two words, as sums are held), then f32: units of gradients and of hessians, λ, the gain that must
 * be exceeded and the learning rate, each of these three in two parts.
 */
export const COMMON = `${NUMBERS}${DOUBLE}${NAMES}
const M_features = 0u; const M_leaves = 1u; const M_data = 2u; const M_hessianLow = 3u; const M_hessianHigh = 4u;
const M_gradientUnit = 5u; const M_hessianUnit = 6u; const M_lambda = 7u; const M_gain = 9u; const M_rate = 11u;
struct Sums { g: vec2u, h: vec2u, n: u32 }
fn plus(a: Sums, b: Sums) -> Sums { return Sums(add64(a.g, b.g), add64(a.h, b.h), a.n + b.n); }
fn less_(a: Sums, b: Sums) -> Sums { return Sums(sub64(a.g, b.g), sub64(a.h, b.h), a.n - b.n); }
const NONE = Sums(vec2u(0u), vec2u(0u), 0u);
fn limit(at: u32) -> f32 { return bitcast<f32>(limits[at]); }
fn limit2(at: u32) -> vec2f { return vec2f(limit(at), limit(at + 1u)); }
/** G² / (H + λ) */
fn worth(g: vec2u, h: vec2u) -> vec2f {
  let slope = number2(g, limit(M_gradientUnit));
  return div2(mul2(slope, slope), add2(number2(h, limit(M_hessianUnit)), limit2(M_lambda)));
}
`
const HISTOGRAM_READ = /* wgsl */ `
fn sumsAt(at: u32) -> Sums {
  return Sums(
    vec2u(histograms[at], histograms[at + 1u]), vec2u(histograms[at + 2u], histograms[at + 3u]), histograms[at + 4u],
  );
}
`
/**
 * Takes the copies of the smaller new leaf's histogram together, and sums each share of four bins, the bin of missing
 * values left aside, in both new leaves. The larger one's histogram is
 * the parent's less the smaller one's, and takes its place; of few rows (\`limits[16]\`) both are counted, and no other is kept. No barriers: software drivers take long over them.
 */
export const SHARES_OF = `${COMMON}${HISTOGRAM_READ}
fn put(to: u32, all: Sums) {
  shares[to] = all.g.x; shares[to + 1u] = all.g.y; shares[to + 2u] = all.h.x; shares[to + 3u] = all.h.y;
  shares[to + 4u] = all.n;
}
fn keep(at: u32, own: Sums) {
  histograms[at] = own.g.x; histograms[at + 1u] = own.g.y; histograms[at + 2u] = own.h.x; histograms[at + 3u] = own.h.y;
  histograms[at + 4u] = own.n;
}
/** The sum of a bin's copies, which are zeros again. */
fn counted(side: u32, bin: u32) -> Sums {
  var own = NONE;
  for (var copy = side * limits[15]; copy < (side + 1u) * limits[15]; copy++) {
    let at = copy * limits[M_features] * 1280u + bin;
    own = plus(own, Sums(vec2u(copies[at], copies[at + 1u]), vec2u(copies[at + 2u], copies[at + 3u]), copies[at + 4u]));
    for (var w = 0u; w < 5u; w++) { copies[at + w] = 0u; }
  }
  return own;
}
fn main(thread: u32) {
  let features = limits[M_features];
  if ((thread >= features * 64u) | (control[C_scan] == 0u)) { return; }
  let two = control[C_two] == 1u;
  let first = (thread / 64u) * 1280u + (thread % 64u) * 20u;
  let small = control[C_smallSlot] * features * 1280u + first;
  let large = control[C_parentSlot] * features * 1280u + first;
  if (limits[16] != 0u) {
    for (var side = 0u; side <= control[C_two]; side++) {
      var all = NONE;
      for (var k = 0u; k < 20u; k += 5u) {
        let own = counted(side, first + k);
        keep(side * features * 1280u + first + k, own);
        if ((thread % 64u) * 20u + k != 1275u) { all = plus(all, own); }
      }
      put((side * features * 64u + thread) * 5u, all);
    }
    return;
  }
  var ofSmall = NONE;
  var ofLarge = NONE;
  for (var k = 0u; k < 20u; k += 5u) {
    let own = counted(0u, first + k);
    keep(small + k, own);
    let within = (thread % 64u) * 20u + k != 1275u;
    if (within) { ofSmall = plus(ofSmall, own); }
    if (two) {
      let rest = less_(sumsAt(large + k), own);
      keep(large + k, rest);
      if (within) { ofLarge = plus(ofLarge, rest); }
    }
  }
  let smallSide = u32(two & (control[C_leftSlot] != control[C_smallSlot]));
  put((smallSide * features * 64u + thread) * 5u, ofSmall);
  if (two) { put(((1u - smallSide) * features * 64u + thread) * 5u, ofLarge); }
}`

/** The best split of each share: of equal ones the first, missing values going right before left. */
export const GAINS = `${COMMON}${HISTOGRAM_READ}
fn shareAt(i: u32) -> Sums {
  let at = i * 5u;
  return Sums(vec2u(shares[at], shares[at + 1u]), vec2u(shares[at + 2u], shares[at + 3u]), shares[at + 4u]);
}
fn main(thread: u32) {
  let features = limits[M_features];
  let share_ = thread % 64u;
  let feature = (thread / 64u) % features;
  let side = thread / 64u / features;
  if ((side > control[C_two]) | (control[C_scan] == 0u)) { return; }
  let slot = select(control[C_leftSlot], control[C_rightSlot], side == 1u);
  let base = (slot * features + feature) * 1280u;
  let missing = sumsAt(base + 1275u);
  let someMissing = missing.n != 0u;
  var before = NONE;
  var total = missing;
  for (var s = 0u; s < 64u; s++) {
    let own = shareAt(thread - share_ + s);
    total = plus(total, own);
    if (s < share_) { before = plus(before, own); }
  }
  let values = edgeCounts[feature] + 1u;
  let last = select(values - 1u, values, someMissing);
  let least = vec2u(limits[M_hessianLow], limits[M_hessianHigh]);
  var best = vec2f(-1.0, 0.0);
  var found = NONE;
  var foundBin = 0u;
  var foundLeft = 0u;
  for (var b = share_ * 4u; b < min(share_ * 4u + 4u, last); b++) {
    let own = sumsAt(base + b * 5u);
    before = plus(before, own);
    for (var side2 = 0u; side2 <= u32(someMissing); side2++) {
      var l = before;
      if (side2 == 1u) { l = plus(before, missing); }
      let r = less_(total, l);
      let few = (l.n < limits[M_data]) | (r.n < limits[M_data]) | below64(l.h, least) | below64(r.h, least);
      // without a hessian there is no step
      if ((own.n == 0u) | few | zero64(l.h) | zero64(r.h)) { continue; }
      let gain = add2(worth(l.g, l.h), worth(r.g, r.h));
      if (above2(gain, best)) {
        best = gain;
        found = l;
        foundBin = b;
        // with nothing missing here, missing values go with the larger side
        foundLeft = select(u32(l.n + l.n >= total.n), side2, someMissing);
      }
    }
  }
  let to = thread * 12u;
  candidates[to + S_gain] = bitcast<u32>(best.x);
  candidates[to + S_gainRest] = bitcast<u32>(best.y);
  candidates[to + S_bin] = foundBin;
  candidates[to + S_missingLeft] = foundLeft;
  candidates[to + S_gLow] = found.g.x; candidates[to + S_gHigh] = found.g.y;
  candidates[to + S_hLow] = found.h.x; candidates[to + S_hHigh] = found.h.y;
  candidates[to + S_count] = found.n;
}`

/** A feature's best candidate, in the place of its first share; from the root's, what all rows sum to. */
export const BEST = `${COMMON}
fn gainAt(i: u32) -> vec2f { return vec2f(bitcast<f32>(candidates[i * 12u]), bitcast<f32>(candidates[i * 12u + 1u])); }
fn main(i: u32) {
  if ((i >= limits[M_features] * (control[C_two] + 1u)) | (control[C_scan] == 0u)) { return; }
  let first = i * 64u;
  var best = gainAt(first);
  var pick = first;
  for (var s = first + 1u; s < first + 64u; s++) {
    let gain = gainAt(s);
    if (above2(gain, best)) { best = gain; pick = s; }
  }
  if (pick != first) { for (var k = 0u; k < 12u; k++) { candidates[first * 12u + k] = candidates[pick * 12u + k]; } }
  if ((i != 0u) | (control[C_two] != 0u)) { return; }
  let at = control[C_smallSlot] * limits[M_features] * 1280u + 1275u;
  var all = Sums(vec2u(histograms[at], histograms[at + 1u]), vec2u(histograms[at + 2u], histograms[at + 3u]), 0u);
  for (var s = 0u; s < 64u; s++) {
    let own = s * 5u;
    all = plus(all, Sums(vec2u(shares[own], shares[own + 1u]), vec2u(shares[own + 2u], shares[own + 3u]), 0u));
  }
  leaves[L_gLow] = all.g.x; leaves[L_gHigh] = all.g.y; leaves[L_hLow] = all.h.x; leaves[L_hHigh] = all.h.y;
}`
