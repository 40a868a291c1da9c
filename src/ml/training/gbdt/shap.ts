import { askedOf, type Forest, goesLeft } from './forest.ts'

/**
 * SHAP values of a forest's scores, exact for what a tree knows of rows that lack a feature: both ways of a split, by the training rows
 * that went them (Lundberg et al. 2020, "From local explanations to global understanding", algorithm 2: path-dependent TreeSHAP). Takes
 * trees × leaves × depth² steps a row.
 */
export function shapOf(
  forest: Forest,
  counts: Int32Array,
  features: number,
): (row: Float64Array, out: Float64Array) => void {
  const { bases, roots, test, children, values } = forest
  const n = bases.length
  const rowsOf = new Float64Array(test.length)
  const rowsIn = (child: number): number => (child >= 0 ? (rowsOf[child] as number) : (counts[~child] as number))
  const meanOf = new Float64Array(test.length)
  const meanIn = (child: number): number => (child >= 0 ? (meanOf[child] as number) : (values[~child] as number))
  // children stand behind their parents
  for (let i = test.length - 1; i >= 0; i--) {
    const [left, right] = [children[i * 2] as number, children[i * 2 + 1] as number]
    const rows = rowsIn(left) + rowsIn(right)
    rowsOf[i] = rows
    meanOf[i] = (meanIn(left) * rowsIn(left) + meanIn(right) * rowsIn(right)) / rows
  }
  const starts = Float64Array.from(bases)
  for (const [t, root] of roots.entries()) starts[t % n] = (starts[t % n] as number) + meanIn(root)

  const path = new Path(deepest(forest) + 2)
  return (given, out) => {
    const row = askedOf(forest, given)
    out.fill(0)
    const walk = (
      child: number,
      to: number,
      from: number,
      depth: number,
      zero: number,
      one: number,
      feature: number,
    ): void => {
      // a path of its own behind that of the node above
      const at = from + depth
      path.copy(from, at, depth)
      path.extend(at, depth, zero, one, feature)
      if (child < 0) {
        const value = values[~child] as number
        for (let i = 1; i <= depth; i++) {
          const f = to + (path.feature[at + i] as number)
          const weight = path.without(at, depth, i) * ((path.one[at + i] as number) - (path.zero[at + i] as number))
          out[f] = (out[f] as number) + weight * value
        }
        return
      }
      const own = (test[child] as number) >> 1
      const left = goesLeft(forest, child, row)
      const [hot, cold] = [
        children[child * 2 + (left ? 0 : 1)] as number,
        children[child * 2 + (left ? 1 : 0)] as number,
      ]
      let [zeroAbove, oneAbove, length] = [1, 1, depth]
      const before = path.find(at, depth, own)
      if (before > 0) {
        zeroAbove = path.zero[at + before] as number
        oneAbove = path.one[at + before] as number
        path.unwind(at, depth, before)
        length--
      }
      const all = rowsOf[child] as number
      walk(hot, to, at, length + 1, (rowsIn(hot) / all) * zeroAbove, oneAbove, own)
      walk(cold, to, at, length + 1, (rowsIn(cold) / all) * zeroAbove, 0, own)
    }
    for (const [t, root] of roots.entries()) {
      const to = (t % n) * (features + 1)
      if (root >= 0) walk(root, to, 0, 0, 1, 1, -1)
    }
    for (let k = 0; k < n; k++) out[k * (features + 1) + features] = starts[k] as number
  }
}

/** Features that a walk has met: the shares of rows that go on without and with each known, and weights of subsets by their size. */
class Path {
  readonly feature: Int32Array
  readonly zero: Float64Array
  readonly one: Float64Array
  readonly weight: Float64Array

  constructor(depth: number) {
    const room = ((depth + 1) * (depth + 2)) / 2 + depth
    this.feature = new Int32Array(room)
    this.zero = new Float64Array(room)
    this.one = new Float64Array(room)
    this.weight = new Float64Array(room)
  }

  copy(from: number, to: number, length: number): void {
    if (from === to) return
    for (const part of [this.feature, this.zero, this.one, this.weight]) part.copyWithin(to, from, from + length)
  }

  /** The place of a feature behind the first, or −1. */
  find(at: number, depth: number, feature: number): number {
    for (let i = 1; i <= depth; i++) if (this.feature[at + i] === feature) return i
    return -1
  }

  extend(at: number, depth: number, zero: number, one: number, feature: number): void {
    const { weight } = this
    this.feature[at + depth] = feature
    this.zero[at + depth] = zero
    this.one[at + depth] = one
    weight[at + depth] = depth === 0 ? 1 : 0
    for (let i = depth - 1; i >= 0; i--) {
      const own = weight[at + i] as number
      weight[at + i + 1] = (weight[at + i + 1] as number) + (one * own * (i + 1)) / (depth + 1)
      weight[at + i] = (zero * own * (depth - i)) / (depth + 1)
    }
  }

  /** Takes the feature at a place out again. */
  unwind(at: number, depth: number, place: number): void {
    const { weight, feature, zero: zeros, one: ones } = this
    const [zero, one] = [zeros[at + place] as number, ones[at + place] as number]
    let next = weight[at + depth] as number
    for (let i = depth - 1; i >= 0; i--) {
      const own = weight[at + i] as number
      if (one !== 0) {
        weight[at + i] = (next * (depth + 1)) / ((i + 1) * one)
        next = own - ((weight[at + i] as number) * zero * (depth - i)) / (depth + 1)
      } else weight[at + i] = (own * (depth + 1)) / (zero * (depth - i))
    }
    for (const part of [feature, zeros, ones]) part.copyWithin(at + place, at + place + 1, at + depth + 1)
  }

  /** The sum of the weights with the feature at a place taken out. */
  without(at: number, depth: number, place: number): number {
    const [zero, one] = [this.zero[at + place] as number, this.one[at + place] as number]
    let next = this.weight[at + depth] as number
    let sum = 0
    for (let i = depth - 1; i >= 0; i--) {
      const own = this.weight[at + i] as number
      if (one !== 0) {
        const share = (next * (depth + 1)) / ((i + 1) * one)
        sum += share
        next = own - (share * zero * (depth - i)) / (depth + 1)
      } else sum += (own * (depth + 1)) / (zero * (depth - i))
    }
    return sum
  }
}

/** Splits on the longest way from a root to a leaf. */
function deepest({ roots, test, children }: Forest): number {
  const below = new Int32Array(test.length)
  const of = (child: number): number => (child >= 0 ? (below[child] as number) : 0)
  for (let i = test.length - 1; i >= 0; i--)
    below[i] = 1 + Math.max(of(children[i * 2] as number), of(children[i * 2 + 1] as number))
  return roots.reduce((most, root) => Math.max(most, of(root)), 0)
}
