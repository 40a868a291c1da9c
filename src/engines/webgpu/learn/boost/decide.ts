import { COMMON } from './splits.ts'

/** Begins a tree: one leaf, all rows, whose histogram is taken first. \`limits\` has the rows after the rest. */
export const BEGIN = `${COMMON}
fn main(row: u32) {
  if (row != 0u) { return; }
  let stop = control[C_stop];
  control[C_done] = stop;
  control[C_ran] = 0u;
  control[C_scan] = 1u - stop;
  control[C_leaves] = 1u;
  control[C_nodes] = 0u;
  control[C_two] = 0u;
  control[C_smallStart] = 0u;
  control[C_smallCount] = limits[13];
  control[C_smallSide] = 0u;
  control[C_smallSlot] = 0u;
  control[C_leftSlot] = 0u;
  control[C_leftLeaf] = 0u;
  cursor[0] = 0u; cursor[1] = 0u;
  for (var k = 0u; k < 24u; k++) { leaves[k] = 0u; }
  leaves[L_count] = limits[13];
}`

/**
 * Takes the candidates of the leaves that are new, and splits the leaf that gains most: writes the node and both leaves,
 * and tells the next kernels what to do. \`last\` says that no further split follows.
 */
export const DECIDE = `${COMMON}
fn leafAt(leaf: u32) -> u32 { return leaf * 24u; }
fn two(at: u32) -> vec2u { return vec2u(leaves[at], leaves[at + 1u]); }
fn judge(leaf: u32, side: u32) {
  let at = leafAt(leaf);
  let alone = worth(two(at + L_gLow), two(at + L_hLow));
  var best = limit2(M_gain);
  for (var f = 0u; f < limits[M_features]; f++) {
    let from_ = (side * limits[M_features] + f) * 768u;
    let own = vec2f(bitcast<f32>(candidates[from_]), bitcast<f32>(candidates[from_ + 1u]));
    let gain = add2(own, -alone);
    if ((own.x < 0.0) | !above2(gain, best)) { continue; }
    best = gain;
    leaves[at + L_split] = 1u;
    leaves[at + L_gain] = bitcast<u32>(gain.x);
    leaves[at + L_gainRest] = bitcast<u32>(gain.y);
    leaves[at + L_feature] = f;
    for (var k = 0u; k < 7u; k++) { leaves[at + L_bin + k] = candidates[from_ + S_bin + k]; }
  }
}
fn main(row: u32) {
  if (row != 0u) { return; }
  if (control[C_done] != 0u) { return; }
  if (control[C_scan] != 0u) {
    for (var side = 0u; side <= control[C_two]; side++) {
      judge(select(control[C_leftLeaf], control[C_rightLeaf], side == 1u), side);
    }
  }
  let count = control[C_leaves];
  var pick = count;
  var best = vec2f(0.0, 0.0);
  for (var leaf = 0u; leaf < count; leaf++) {
    let at = leafAt(leaf);
    let gain = vec2f(bitcast<f32>(leaves[at + L_gain]), bitcast<f32>(leaves[at + L_gainRest]));
    if ((leaves[at + L_split] != 0u) & above2(gain, best)) { best = gain; pick = leaf; }
  }
  if ((pick == count) | (count >= limits[M_leaves])) { control[C_done] = 1u; control[C_scan] = 0u; return; }

  let from_ = leafAt(pick);
  let to = leafAt(count);
  let node = control[C_nodes];
  let tree = control[C_tree] * (1u + (limits[M_leaves] - 1u) * 9u + 2u * limits[M_leaves]) + 1u;
  let at = tree + node * 9u;
  let feature = leaves[from_ + L_feature];
  let bin = leaves[from_ + L_bin];
  let edge = unordered64(edges[feature * 256u + min(bin, 255u)]);
  // behind the last border only missing values are left
  let threshold = select(vec2u(0u, 0x7ff00000u), edge, bin < edgeCounts[feature]);
  trees[at + N_feature] = feature;
  trees[at + N_bin] = bin;
  trees[at + N_missingLeft] = leaves[from_ + L_missingLeft];
  trees[at + N_left] = ~pick;
  trees[at + N_right] = ~count;
  trees[at + N_gain] = leaves[from_ + L_gain];
  trees[at + N_gainRest] = leaves[from_ + L_gainRest];
  trees[at + N_thresholdLow] = threshold.x;
  trees[at + N_thresholdHigh] = threshold.y;
  let above = leaves[from_ + L_above];
  if (above != 0u) { trees[tree + (above - 1u) * 9u + select(N_left, N_right, leaves[from_ + L_right] == 1u)] = node; }

  let whole = leaves[from_ + L_count];
  let start = leaves[from_ + L_start];
  let side = leaves[from_ + L_side];
  let left = leaves[from_ + L_leftCount];
  let smallRight = left * 2u > whole;
  let parentSlot = leaves[from_ + L_slot];
  let g = two(from_ + L_leftGLow);
  let h = two(from_ + L_leftHLow);
  let rightG = sub64(two(from_ + L_gLow), g);
  let rightH = sub64(two(from_ + L_hLow), h);
  for (var k = 0u; k < 24u; k++) { leaves[to + k] = 0u; }
  leaves[to + L_start] = start + left;
  leaves[to + L_count] = whole - left;
  leaves[to + L_side] = 1u - side;
  leaves[to + L_slot] = select(parentSlot, count, smallRight);
  leaves[to + L_gLow] = rightG.x; leaves[to + L_gHigh] = rightG.y;
  leaves[to + L_hLow] = rightH.x; leaves[to + L_hHigh] = rightH.y;
  leaves[to + L_above] = node + 1u;
  leaves[to + L_right] = 1u;
  leaves[from_ + L_count] = left;
  leaves[from_ + L_side] = 1u - side;
  leaves[from_ + L_slot] = select(count, parentSlot, smallRight);
  leaves[from_ + L_gLow] = g.x; leaves[from_ + L_gHigh] = g.y;
  leaves[from_ + L_hLow] = h.x; leaves[from_ + L_hHigh] = h.y;
  leaves[from_ + L_above] = node + 1u;
  leaves[from_ + L_right] = 0u;
  leaves[from_ + L_split] = 0u;
  leaves[from_ + L_gain] = 0u; leaves[from_ + L_gainRest] = 0u;

  control[C_nodes] = node + 1u;
  control[C_leaves] = count + 1u;
  control[C_start] = start;
  control[C_count] = whole;
  control[C_side] = side;
  control[C_feature] = feature;
  control[C_bin] = bin;
  control[C_missingLeft] = trees[at + N_missingLeft];
  control[C_leftCount] = left;
  control[C_leftLeaf] = pick;
  control[C_rightLeaf] = count;
  control[C_scan] = u32((count + 1u < limits[M_leaves]) & (max(left, whole - left) >= 2u * limits[M_data]));
  control[C_smallStart] = select(start, start + left, smallRight);
  control[C_smallCount] = select(left, whole - left, smallRight);
  control[C_smallSide] = 1u - side;
  control[C_smallSlot] = count;
  control[C_parentSlot] = parentSlot;
  control[C_leftSlot] = leaves[from_ + L_slot];
  control[C_rightSlot] = leaves[to + L_slot];
  control[C_two] = 1u;
  if (limits[16] != 0u) {
    // of few rows both histograms are taken, and none is kept
    control[C_smallStart] = start;
    control[C_smallCount] = whole;
    control[C_leftSlot] = 0u;
    control[C_rightSlot] = 1u;
  }
  cursor[0] = 0u; cursor[1] = 0u;
}`

/** Ends a tree: the values of its leaves, by Newton's step; a tree that could not be split ends the training. */
export const FINISH = `${COMMON}
fn two(at: u32) -> vec2u { return vec2u(leaves[at], leaves[at + 1u]); }
fn main(leaf: u32) {
  let count = control[C_leaves];
  if ((control[C_stop] != 0u) | (leaf >= count)) { return; }
  let words = 1u + (limits[M_leaves] - 1u) * 9u + 2u * limits[M_leaves];
  let tree = control[C_tree] * words;
  let at = leaf * 24u;
  let h = add2(number2(two(at + L_hLow), limit(M_hessianUnit)), limit2(M_lambda));
  let g = mul2(-number2(two(at + L_gLow), limit(M_gradientUnit)), limit2(M_rate));
  var value = 0.0;
  if (h.x > 0.0) { value = div2(g, h).x; }
  values[leaf] = value;
  let own = tree + 1u + (limits[M_leaves] - 1u) * 9u + leaf;
  trees[own] = bitcast<u32>(value);
  trees[own + limits[M_leaves]] = leaves[at + L_count];
  if (leaf == 0u) { trees[tree] = count; }
}`

/** Counts the tree, and with validation rows keeps the round at which their loss was least. \`limits[14]\`: rounds without a better one. */
export const COUNT = `${COMMON}
fn main(row: u32) {
  if (row != 0u) { return; }
  if (control[C_stop] != 0u) { return; }
  let done = control[C_tree] + 1u;
  control[C_tree] = done;
  control[C_ran] = 1u;
  let empty = control[C_nodes] == 0u;
  if (limits[14] == 0u) { control[C_rounds] = done - u32(empty); }
  control[C_stop] = u32(empty);
}`
export const JUDGE = `${COMMON}
fn main(row: u32) {
  if (row != 0u) { return; }
  if (control[C_ran] == 0u) { return; }
  let loss = vec2u(losses[0], losses[1]);
  losses[0] = 0u; losses[1] = 0u;
  let best = vec2u(control[C_bestLow], control[C_bestHigh]);
  let done = control[C_tree];
  if ((done == 1u) | below64(loss, best)) {
    control[C_bestLow] = loss.x; control[C_bestHigh] = loss.y;
    control[C_rounds] = done;
  } else if (done - control[C_rounds] >= limits[14]) { control[C_stop] = 1u; }
}`
