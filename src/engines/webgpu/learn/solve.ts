import { NUMBERS } from './numbers.ts'

/** Words of a descent's state. */
export const STATE = {
  /** 1 when it is over. */
  done: 0,
  /** Rounds so far, which prove that the kernels ran. */
  rounds: 1,
  iterations: 2,
  halvings: 3,
  /** The part of the step that is tried. */
  scale: 4,
  /** Two f32: the loss at the weights. */
  loss: 5,
  /** The best weights so far; then those that are tried; then the whole step. */
  weights: 8,
  trial: (size: number): number => 8 + size,
  words: (size: number): number => 8 + 3 * size,
} as const

/**
 * Takes a round's sums: keeps the weights that were tried if the loss did not rise, and solves for the next step by
 * Cholesky's factorisation; else tries half of the step. A pivot that vanishes (a column that repeats others) leaves its
 * weight. \`limits\`: l2, the least decrement, the unit of losses, how far losses differ by rounding; columns, iterations.
 */
export const SOLVE = `${NUMBERS}
const W = ${STATE.weights}u;
fn f(at: u32) -> f32 { return bitcast<f32>(state[at]); }
fn limit(i: u32) -> f32 { return bitcast<f32>(limits[i]); }
fn hold(at: u32, v: f32) { state[at] = bitcast<u32>(v); }
fn main(row: u32) {
  if (row != 0u) { return; }
  if (state[${STATE.done}] != 0u) { return; }
  let size = about[1] * 4u;
  let width = limits[4];
  let T = W + size;
  let D = T + size;
  let l2 = limit(0u);
  let unit = limit(2u);
  let first = state[${STATE.rounds}] == 0u;
  state[${STATE.rounds}] += 1u;

  // the loss in two parts, so that small differences of large sums are seen
  let sum = vec2u(losses[0], losses[1]);
  losses[0] = 0u; losses[1] = 0u;
  var penalty = 0.0;
  for (var j = 0u; j + 1u < width; j++) { penalty += f(T + j) * f(T + j); }
  let high = f32((sum.y << 8u) | (sum.x >> 24u)) * 16777216.0 * unit;
  let loss = vec2f(high, f32(sum.x & 0xffffffu) * unit + 0.5 * l2 * penalty);
  let here = vec2f(f(${STATE.loss}u), f(${STATE.loss + 1}u));
  if (!first & (minus2(loss, here) > limit(3u))) {
    state[${STATE.halvings}] += 1u;
    if (state[${STATE.halvings}] >= 20u) { state[${STATE.done}] = 1u; return; }
    let scale = f(${STATE.scale}u) * 0.5;
    hold(${STATE.scale}u, scale);
    for (var j = 0u; j < width; j++) { hold(T + j, f(W + j) - scale * f(D + j)); }
    return;
  }
  if (!first) { state[${STATE.iterations}] += 1u; }
  hold(${STATE.loss}u, loss.x); hold(${STATE.loss + 1}u, loss.y);
  for (var j = 0u; j < width; j++) { hold(W + j, f(T + j)); }
  if (state[${STATE.iterations}] >= limits[5]) { state[${STATE.done}] = 1u; return; }

  let G = size * size;
  for (var j = 0u; j + 1u < width; j++) {
    matrix[G + j] += l2 * f(W + j);
    matrix[j * size + j] += l2;
  }
  // the factor replaces the lower triangle; a diagonal of 0 is a column that is left alone
  for (var j = 0u; j < width; j++) {
    let whole = matrix[j * size + j];
    var pivot = whole;
    for (var k = 0u; k < j; k++) { pivot -= matrix[j * size + k] * matrix[j * size + k]; }
    let usable = pivot > whole * 1e-6;
    let root = sqrt(max(pivot, 1e-30));
    matrix[j * size + j] = select(0.0, root, usable);
    for (var i = j + 1u; i < width; i++) {
      var v = matrix[i * size + j];
      for (var k = 0u; k < j; k++) { v -= matrix[i * size + k] * matrix[j * size + k]; }
      matrix[i * size + j] = select(0.0, v / root, usable);
    }
  }
  for (var i = 0u; i < width; i++) {
    var v = matrix[G + i];
    for (var k = 0u; k < i; k++) { v -= matrix[i * size + k] * f(D + k); }
    let d = matrix[i * size + i];
    hold(D + i, select(0.0, v / max(d, 1e-15), d > 0.0));
  }
  for (var left = width; left > 0u; left--) {
    let i = left - 1u;
    var v = f(D + i);
    for (var k = left; k < width; k++) { v -= matrix[k * size + i] * f(D + k); }
    let d = matrix[i * size + i];
    hold(D + i, select(0.0, v / max(d, 1e-15), d > 0.0));
  }
  var decrement = 0.0;
  for (var j = 0u; j < width; j++) { decrement += f(D + j) * matrix[G + j]; }
  state[${STATE.halvings}] = 0u;
  hold(${STATE.scale}u, 1.0);
  for (var j = 0u; j < width; j++) { hold(T + j, f(W + j) - f(D + j)); }
  if (decrement * 0.5 <= limit(1u)) { state[${STATE.done}] = 1u; }
}`
