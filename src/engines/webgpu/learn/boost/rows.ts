import { NAMES } from './state.ts'

/**
 * Kernels over rows. `task`: rows, features, words of a column of bins, workgroups that share a feature's rows, leaves, scales
 * of gradients and hessians (f32), score before the first tree (f32), copies of a histogram, whether there are few rows.
 */
const TASK = /* wgsl */ `
const T_rows = 0u; const T_features = 1u; const T_words = 2u; const T_parts = 3u; const T_leaves = 4u;
const T_gradientScale = 5u; const T_hessianScale = 6u; const T_base = 7u;
const T_copies = 8u; const T_few = 9u;
`

/**
 * Starts a tree: adds the last one's values to the scores, takes p − y and p(1 − p) as integers, and forgets leaves and
 * order. The same steps in f32 as the host's (\`gradients\` in its kernels), exp by Cephes' polynomial.
 */
export const START = `${NAMES}${TASK}
fn main(row: u32) {
  if (row >= task[T_rows]) { return; }
  if (control[C_stop] != 0u) { return; }
  let first = control[C_tree] == 0u;
  let s = select(score[row] + values[leafOf[row]], bitcast<f32>(task[T_base]), first);
  score[row] = s;
  let power = min(abs(s), 80.0) * -1.4426950408889634;
  let whole = round(power);
  let r = power - whole;
  var e = 1.535336188319500e-4;
  e = e * r + 1.339887440266574e-3;
  e = e * r + 9.618437357674640e-3;
  e = e * r + 5.550332471162809e-2;
  e = e * r + 2.402264791363012e-1;
  e = e * r + 6.931472028550421e-1;
  e = e * r + 1.0;
  let z = e * bitcast<f32>(u32(i32(whole) + 127) << 23u);
  let a = 1.0 / (1.0 + z);
  let b = z * a;
  let up = s >= 0.0;
  let g = select(select(b, a, up), -select(a, b, up), labels[row] != 0u);
  let gradient = i32(round(g * bitcast<f32>(task[T_gradientScale])));
  slopes[row] = vec2u(bitcast<u32>(gradient), u32(round(a * b * bitcast<f32>(task[T_hessianScale]))));
  leafOf[row] = 0u;
  order[row] = row;
}`

/**
 * A histogram of the rows that \`control\` names, in 64 bits: threads share a feature's rows and add to one of several
 * copies, so that fewer wait for each other; \`SHARES_OF\` takes the copies together. Not in a workgroup's memory, which
 * software drivers take seconds to compile.
 */
export const HISTOGRAM = `${NAMES}${TASK}
fn main(thread: u32) {
  if (control[C_scan] == 0u) { return; }
  let threads = task[T_parts] * 64u;
  let feature = thread / threads;
  if (feature >= task[T_features]) { return; }
  let first = thread % threads;
  let column = feature * task[T_words];
  let start = control[C_smallSide] * task[T_rows] + control[C_smallStart];
  let to = (((first / 64u) % task[T_copies]) * task[T_features] + feature) * 1280u;
  // of few rows those that went right have copies of their own
  let lefts = select(control[C_smallCount], control[C_leftCount], (task[T_few] & control[C_two]) != 0u);
  let toRight = task[T_copies] * task[T_features] * 1280u;
  for (var i = first; i < control[C_smallCount]; i += threads) {
    let row = order[start + i];
    let at = to + select(0u, toRight, i >= lefts) + ((bins[column + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u) * 5u;
    let slope = slopes[row];
    let g = atomicAdd(&copies[at], slope.x);
    // a negative number carries but where the sum is below zero, too: most often there is nothing to add
    let high = bitcast<u32>(bitcast<i32>(slope.x) >> 31u) + u32(g + slope.x < g);
    if (high != 0u) { atomicAdd(&copies[at + 1u], high); }
    let h = atomicAdd(&copies[at + 2u], slope.y);
    if (h + slope.y < h) { atomicAdd(&copies[at + 3u], 1u); }
    atomicAdd(&copies[at + 4u], 1u);
  }
}`

/**
 * The same with a copy for each thread, so that none waits for another: a driver on the processor has few threads at a
 * time, and takes longer over an atomic addition than over all else.
 */
export const HISTOGRAM_ALONE = `${NAMES}${TASK}
fn main(thread: u32) {
  if (control[C_scan] == 0u) { return; }
  let threads = task[T_copies];
  let feature = thread / threads;
  if (feature >= task[T_features]) { return; }
  let first = thread % threads;
  let column = feature * task[T_words];
  let start = control[C_smallSide] * task[T_rows] + control[C_smallStart];
  let to = (first * task[T_features] + feature) * 1280u;
  let lefts = select(control[C_smallCount], control[C_leftCount], (task[T_few] & control[C_two]) != 0u);
  let toRight = threads * task[T_features] * 1280u;
  for (var i = first; i < control[C_smallCount]; i += threads) {
    let row = order[start + i];
    let at = to + select(0u, toRight, i >= lefts) + ((bins[column + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u) * 5u;
    let slope = slopes[row];
    let g = copies[at] + slope.x;
    copies[at] = g;
    copies[at + 1u] += bitcast<u32>(bitcast<i32>(slope.x) >> 31u) + u32(g < slope.x);
    let h = copies[at + 2u] + slope.y;
    copies[at + 2u] = h;
    copies[at + 3u] += u32(h < slope.y);
    copies[at + 4u] += 1u;
  }
}`

/** Rows that one thread sends left or right at once. */
export const BATCH = 16

/**
 * Sends the rows of the leaf that \`control\` splits to the other half of \`order\`, left ones first; those on either side come in no
 * particular order, which sums do not depend on. A row that goes right gets the new leaf.
 */
export const PARTITION = `${NAMES}${TASK}
fn main(thread: u32) {
  if (control[C_done] != 0u) { return; }
  let count = control[C_count];
  let start = control[C_side] * task[T_rows] + control[C_start];
  let target_ = (1u - control[C_side]) * task[T_rows] + control[C_start];
  let column = control[C_feature] * task[T_words];
  let missingLeft = control[C_missingLeft];
  let limit = control[C_bin] + missingLeft;
  let step = task[T_parts] * 64u * ${BATCH}u;
  for (var first = thread * ${BATCH}u; first < count; first += step) {
    let n = min(${BATCH}u, count - first);
    var lefts = 0u;
    for (var k = 0u; k < n; k++) {
      let row = order[start + first + k];
      let bin = (bins[column + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
      // adding one turns the missing bin, 255, into the lowest
      lefts |= u32(((bin + missingLeft) & 255u) <= limit) << k;
    }
    let left = countOneBits(lefts);
    var toLeft = target_ + atomicAdd(&cursor[0], left);
    var toRight = target_ + control[C_leftCount] + atomicAdd(&cursor[1], n - left);
    for (var k = 0u; k < n; k++) {
      let row = order[start + first + k];
      let goes = ((lefts >> k) & 1u) != 0u;
      let to = select(toRight, toLeft, goes);
      order[to] = row;
      if (!goes) { leafOf[row] = control[C_rightLeaf]; }
      toLeft += u32(goes);
      toRight += u32(!goes);
    }
  }
}`

/** Adds a tree to the scores of validation rows, and sums their loss in units of 2⁻²⁴. \`about\`: rows, words of a column, tree's words. */
export const VALIDATE = `${NAMES}${TASK}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  if (control[C_ran] == 0u) { return; }
  let tree = (control[C_tree] - 1u) * about[2];
  var s = score[row];
  if (control[C_tree] == 1u) { s = bitcast<f32>(task[T_base]); }
  var node = select(0i, -1i, trees[tree] < 2u);
  while (node >= 0) {
    let at = tree + 1u + u32(node) * 9u;
    let missingLeft = trees[at + N_missingLeft];
    let own = (bins[trees[at + N_feature] * about[1] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
    let left = ((own + missingLeft) & 255u) <= trees[at + N_bin] + missingLeft;
    node = bitcast<i32>(trees[at + select(N_right, N_left, left)]);
  }
  s += bitcast<f32>(trees[tree + 1u + (task[T_leaves] - 1u) * 9u + u32(~node)]);
  score[row] = s;
  let z = exp(-min(abs(s), 80.0));
  let small = z - z * z * 0.5;
  let loss = select(log(1.0 + z), small, z < 0.001) + max(select(s, -s, labels[row] != 0u), 0.0);
  let units = u32(min(loss, 200.0) * 16777216.0);
  let low = atomicAdd(&losses[0], units);
  if (low + units < low) { atomicAdd(&losses[1], 1u); }
}`
