import { NUMBERS } from './numbers.ts'

/** A score from its place in the order of f32, as words. */
const UNORDER = /* wgsl */ `
fn scoreOf(key: u32) -> u32 { return select(~key, key & 0x7fffffffu, (key >> 31u) != 0u); }
`

/** A probability from the place of its log odds. */
export function PROBABILITY(key: number): number {
  const bits = key >>> 31 === 1 ? key & 0x7fffffff : ~key
  const [score = 0] = new Float32Array(Uint32Array.of(bits).buffer)
  return 1 / (1 + Math.exp(-score))
}

/**
 * F1 where each different score is the limit, as a share of 2³² by long division: the largest, then of equal ones the
 * highest score. `told` has positives at 4, the largest share at 12, its place at 13.
 */
export const BEST = (place: boolean): string => /* wgsl */ `
fn main(i: u32) {
  if (i >= about[0]) { return; }
  if (i > 0u) { if (keys[i] == keys[i - 1u]) { return; } }
  let called = about[0] - i;
  var rest = called - (before[about[0]] - before[i]);
  let whole = called + atomicLoad(&told[4]);
  var share = 0u;
  for (var bit = 0u; bit < 32u; bit++) {
    rest = rest << 1u;
    share = share << 1u;
    if (rest >= whole) { rest -= whole; share |= 1u; }
  }
  ${place ? 'if (share == atomicLoad(&told[12])) { atomicMax(&told[13], i); }' : 'atomicMax(&told[12], share);'}
}`

/** The limit of the best F1 as log odds, and its place in the order and that of the next lower score. */
export const LIMIT = /* wgsl */ `${UNORDER}
fn main(row: u32) {
  if ((row != 0u) | (about[0] == 0u)) { return; }
  let at = told[13];
  told[14] = keys[at];
  told[15] = keys[max(at, 1u) - 1u];
  limit[0] = scoreOf(keys[at]);
}`

interface Table {
  /** The word where the number of bins stands; the bins follow. */
  readonly at: number
  readonly bins: number
  /** Words of a bin. */
  readonly bin: number
}

/**
 * Cuts the rows into bins of about equally many, equal scores in one, as \`calibrate\` does on the host: a bin ends with the
 * score that reaches the next whole share. A bin is its end, its lowest and highest score, its positives and the sum of
 * its probabilities.
 */
export const ENDS = ({ at, bins, bin }: Table): string => /* wgsl */ `
fn main(row: u32) {
  if (row != 0u) { return; }
  let rows = about[0];
  var seen = 0u;
  var made = 0u;
  while ((seen < rows) & (made < ${bins}u)) {
    // the smallest number of rows that is at least the share
    let share = seen / rows * ${bins}u + (seen % rows) * ${bins}u / rows + 1u;
    let bound = rows / ${bins}u * share + (rows % ${bins}u * share + ${bins - 1}u) / ${bins}u;
    let key = keys[min(max(bound, seen + 1u), rows) - 1u];
    var low = seen;
    var high = rows;
    while (low < high) {
      let middle = (low + high) >> 1u;
      if (keys[middle] <= key) { low = middle + 1u; } else { high = middle; }
    }
    let to = ${at + 1}u + made * ${bin}u;
    told[to] = low;
    told[to + 1u] = keys[seen];
    told[to + 2u] = keys[low - 1u];
    told[to + 3u] = (low - seen) - (before[low] - before[seen]);
    seen = low;
    made += 1u;
  }
  told[${at}] = made;
}`

/** Sums the probabilities of each bin, in 2⁻²⁴. */
export const CALIBRATE = ({ at, bin }: Table): string => `${NUMBERS}${UNORDER}
fn main(i: u32) {
  if (i >= about[0]) { return; }
  var to = ${at + 1}u;
  while (i >= atomicLoad(&told[to])) { to += ${bin}u; }
  let s = bitcast<f32>(scoreOf(keys[i]));
  let z = exp(-min(abs(s), 80.0));
  let a = 1.0 / (1.0 + z);
  let v = u32(round(select(z * a, a, s >= 0.0) * 16777216.0));
  let low = atomicAdd(&told[to + 4u], v);
  if (low + v < low) { atomicAdd(&told[to + 5u], 1u); }
}`

/** Hundredths: the score at each, and the rows below it. */
export const CUTS = /* wgsl */ `
fn main(i: u32) {
  if ((i >= 100u) | (about[0] == 0u)) { return; }
  let n = about[0];
  let at = n / 100u * i + n % 100u * i / 100u;
  let key = keys[at];
  var low = 0u;
  var high = at;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (keys[middle] < key) { low = middle + 1u; } else { high = middle; }
  }
  cuts[i * 2u] = key;
  cuts[i * 2u + 1u] = low;
}`
