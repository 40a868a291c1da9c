/**
 * Scores rows with a forest, in AssemblyScript; `node scripts/wasm.ts` compiles it to `../scorer.wasm`.
 *
 * A node is 24 bytes: threshold (float64), the feature's offset in a row in bytes (int32), whether missing values go left
 * (int32), and the addresses of the left and right child (int32). A leaf is a node whose threshold is its value, whose
 * children are itself and whose missing field is 2.
 */

const NODE_LEFT: usize = 16

/**
 * The same of a forest with sets: where a node's missing field is 4, its threshold is the address of 32 bytes, and x a bin that goes
 * left where it has a 1 there.
 */
// @ts-ignore: decorator
@inline
function stepSets(node: usize, row: usize): usize {
  if (!(load<u32>(node, 12) & 4)) return step(node, row)
  const bin = u32(load<f64>(row + load<u32>(node, 8)))
  const left = load<u32>(<usize>load<f64>(node) + ((bin >> 5) << 2)) >> (bin & 31)
  return load<u32>(node + ((1 - (left & 1)) << 2), NODE_LEFT)
}

/** The child that x is sent to, without a branch: which way a row goes can't be foretold. */
// @ts-ignore: decorator
@inline
function step(node: usize, row: usize): usize {
  const x = load<f64>(row + load<u32>(node, 8))
  const left = u32(x <= load<f64>(node)) | (u32(x != x) & load<u32>(node, 12))
  return load<u32>(node + ((1 - (left & 1)) << 2), NODE_LEFT)
}

/**
 * Adds the trees whose roots (uint32 addresses) lie at `roots` to the scores (float64) of `rows` rows of `stride` bytes.
 * Trees run outside and rows inside, so that a tree stays in the first-level cache, four rows at a time, so that their
 * loads overlap. `rows` is a multiple of 4.
 */
export function score(roots: usize, trees: i32, data: usize, stride: usize, rows: i32, out: usize): void {
  run(roots, trees, data, stride, rows, out, false)
}

/** As `score`, of a forest with sets. */
export function scoreSets(roots: usize, trees: i32, data: usize, stride: usize, rows: i32, out: usize): void {
  run(roots, trees, data, stride, rows, out, true)
}

// @ts-ignore: decorator
@inline
function run(roots: usize, trees: i32, data: usize, stride: usize, rows: i32, out: usize, sets: bool): void {
  for (let tree = 0; tree < trees; tree++) {
    const root = <usize>load<u32>(roots + (<usize>tree << 2))
    let row = data
    let to = out
    for (let i = 0; i < rows; i += 4) {
      const row1 = row + stride
      const row2 = row1 + stride
      const row3 = row2 + stride
      let a = root
      let b = root
      let c = root
      let d = root
      while (!(load<u32>(a, 12) & load<u32>(b, 12) & load<u32>(c, 12) & load<u32>(d, 12) & 2)) {
        a = sets ? stepSets(a, row) : step(a, row)
        b = sets ? stepSets(b, row1) : step(b, row1)
        c = sets ? stepSets(c, row2) : step(c, row2)
        d = sets ? stepSets(d, row3) : step(d, row3)
      }
      store<f64>(to, load<f64>(to) + load<f64>(a))
      store<f64>(to, load<f64>(to, 8) + load<f64>(b), 8)
      store<f64>(to, load<f64>(to, 16) + load<f64>(c), 16)
      store<f64>(to, load<f64>(to, 24) + load<f64>(d), 24)
      row = row3 + stride
      to += 32
    }
  }
}
