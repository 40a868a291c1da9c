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

import { addRows } from './histograms'
import { leafOf, MISSING, order, PAIR, records, spare, stride } from './memory'

export { startTree, startTreeOf } from './gradients'
export { combine, totals, unpack } from './histograms'
export { barrier, setup } from './memory'
export { scan, scanWithin } from './splits'

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
  return send(from, to, column, bin, missingLeft, 0, false, side, hist)
}

/** As `partition`, where a row goes left whose bin has a 1 in a table of 256 bytes. */
export function partitionBy(from: i32, to: i32, column: usize, table: usize, side: i32, hist: usize): i32 {
  return send(from, to, column, 0, 0, table, true, side, hist)
}

/** Both of them, each compiled for itself. */
// @ts-ignore: decorator
@inline
function send(
  from: i32,
  to: i32,
  column: usize,
  bin: i32,
  missingLeft: i32,
  table: usize,
  byTable: bool,
  side: i32,
  hist: usize,
): i32 {
  let l = spare + (<usize>from << 2)
  let r = spare + (<usize>to << 2) - 4
  const limit = <u32>(bin + missingLeft)
  const end = order + (<usize>to << 2)
  for (let at = order + (<usize>from << 2); at < end; at += 4) {
    const row = load<u32>(at)
    let left: usize
    if (byTable) left = <usize>load<u8>(table + <usize>load<u8>(column + row))
    // adding one turns the missing bin, 255, into the lowest
    else left = <usize>i32(((<u32>load<u8>(column + row) + missingLeft) & 255) <= limit)
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

/** As `applyTree`, where a node whose last left bin is −1 sends the bins left that have a 1 in its 32 bytes at `sets`. */
export function applySets(from: i32, to: i32, nodes: usize, values: usize, out: usize, sets: usize): void {
  for (let i = from; i < to; i++) {
    const bins = records + <usize>i * stride + PAIR
    let node: i32 = load<i32>(nodes) < 0 ? -1 : 0
    while (node >= 0) {
      const at = nodes + <usize>node * 20
      const own = <i32>load<u8>(bins + load<i32>(at))
      const last = load<i32>(at, 4)
      let left: bool
      if (last < 0) left = ((load<u32>(sets + (<usize>node << 5) + (<usize>(own >> 5) << 2)) >> (own & 31)) & 1) != 0
      else {
        const missingLeft = load<i32>(at, 8)
        left = ((own + missingLeft) & 255) <= last + missingLeft
      }
      node = left ? load<i32>(at, 12) : load<i32>(at, 16)
    }
    const score = out + (<usize>i << 3)
    store<f64>(score, load<f64>(score) + <f64>load<f32>(values + (<usize>~node << 2)))
  }
}
