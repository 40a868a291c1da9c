/** A k-d tree over rows: they are put in an order in which each node's rows lie together. */
export interface KdTree {
  /** The rows themselves, in the tree's order, and which they were. */
  readonly points: Float64Array
  readonly order: Int32Array
  /** Of each node: the column that it is cut at, −1 in a leaf, and where; its rows lie from `from` up to `to`. */
  readonly cut: Int32Array
  readonly at: Float64Array
  readonly from: Int32Array
  readonly to: Int32Array
}

const LEAF = 24

/** Builds a tree; node i has its children at 2i + 1 and 2i + 2. */
export function treeOf(
  x: Float64Array,
  rows: number,
  d: number,
  shared: (values: number) => { floats: Float64Array; ints: Int32Array },
): KdTree {
  let depth = 0
  while (rows / 2 ** depth > LEAF) depth++
  const nodes = 2 ** (depth + 1) - 1
  const order = shared(rows).ints
  for (let i = 0; i < rows; i++) order[i] = i
  const [cut, at, from, to] = [shared(nodes).ints, shared(nodes).floats, shared(nodes).ints, shared(nodes).ints]
  const build = (node: number, low: number, high: number, level: number): void => {
    from[node] = low
    to[node] = high
    cut[node] = -1
    if (level === depth || high - low < 2) return
    let [widest, column] = [0, -1]
    for (let j = 0; j < d; j++) {
      let [least, most] = [Infinity, -Infinity]
      for (let i = low; i < high; i++) {
        const v = x[(order[i] as number) * d + j] as number
        if (v < least) least = v
        if (v > most) most = v
      }
      if (most - least > widest) [widest, column] = [most - least, j]
    }
    if (column < 0) return
    const own = order.subarray(low, high)
    const value = (i: number) => x[i * d + column] as number
    own.sort((a, b) => value(a) - value(b) || a - b)
    const middle = (low + high) >> 1
    cut[node] = column
    at[node] = value(order[middle] as number)
    build(2 * node + 1, low, middle, level + 1)
    build(2 * node + 2, middle, high, level + 1)
  }
  build(0, 0, rows, 0)
  const points = shared(rows * d).floats
  for (let i = 0; i < rows; i++) points.set(x.subarray((order[i] as number) * d, (order[i] as number) * d + d), i * d)
  return { points, order, cut, at, from, to }
}

/** Tells `visit` the place in the tree's order of each row within `reach` of the one that begins at `row`; it stops where `visit` gives true, and passes over nodes of which `left` has none. */
export function within(
  tree: KdTree,
  d: number,
  x: Float64Array,
  row: number,
  reach: number,
  visit: (place: number) => boolean,
  left?: Int32Array,
): void {
  const { points, cut, at, from, to } = tree
  const square = reach * reach
  const stack = [0]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (left && left[node] === 0) continue
    const column = cut[node] as number
    if (column >= 0) {
      const away = (x[row + column] as number) - (at[node] as number)
      if (away <= reach) stack.push(2 * node + 1)
      if (away >= -reach) stack.push(2 * node + 2)
      continue
    }
    for (let i = from[node] as number; i < (to[node] as number); i++) {
      let s = 0
      for (let j = 0, p = i * d; j < d && s <= square; j++, p++) {
        const u = (x[row + j] as number) - (points[p] as number)
        s += u * u
      }
      if (s <= square && visit(i)) return
    }
  }
}

/** Rows of each node that are still to be found: those that `wanted` marks, until they are taken. */
export function remaining(tree: KdTree, wanted: Int32Array) {
  const left = new Int32Array(tree.cut.length)
  const leaf = new Int32Array(wanted.length)
  const stack = [0]
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    if ((tree.cut[node] as number) >= 0) stack.push(2 * node + 1, 2 * node + 2)
    else leaf.fill(node, tree.from[node], tree.to[node])
  const add = (place: number, n: number) => {
    for (let node = (leaf[place] as number) + 1; node > 0; node >>= 1) left[node - 1] = (left[node - 1] as number) + n
  }
  for (const [place, w] of wanted.entries()) if (w === 1) add(place, 1)
  return { left, take: (place: number) => add(place, -1) }
}
