import { chosen, randomsOf } from '../../../base/random.ts'

/** Trees one after another: of each node what it asks and where its children are, of a leaf how deep its rows lie. */
export interface Trees {
  /** −1 in a leaf. */
  readonly feature: Int32Array
  readonly threshold: Float64Array
  /** The child of values below the threshold; the other is next to it. */
  readonly below: Int32Array
  /** Of a leaf, its depth and what its rows would need beyond. */
  readonly depth: Float64Array
  readonly roots: Int32Array
}

const EULER = 0.5772156649015329
/** Mean depth of an unsuccessful search among n values in a binary tree (Liu, Ting and Zhou 2008). */
export const meanDepth = (n: number): number =>
  n <= 1 ? 0 : n === 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n

/** Isolation trees over samples of rows: each node cuts a feature that varies there at a random place of its range. */
export function growTrees(
  data: Float64Array,
  rows: number,
  d: number,
  { trees, samples, seed }: { readonly trees: number; readonly samples: number; readonly seed: number },
): Trees {
  const size = Math.min(samples, rows)
  const deepest = Math.max(1, Math.ceil(Math.log2(Math.max(2, size))))
  const feature: number[] = []
  const threshold: number[] = []
  const below: number[] = []
  const depth: number[] = []
  const roots: number[] = []
  const node = (): number => feature.push(-1) + threshold.push(0) * 0 + below.push(0) * 0 + depth.push(0) * 0 - 1
  for (let t = 0; t < trees; t++) {
    const random = randomsOf(seed, t)
    const root = node()
    roots.push(root)
    const open: { at: number; items: number[]; level: number }[] = [
      { at: root, items: chosen(size, rows, random), level: 0 },
    ]
    for (let next = open.pop(); next; next = open.pop()) {
      const { at, items, level } = next
      depth[at] = level + meanDepth(items.length)
      if (level >= deepest || items.length <= 1) continue
      const cut = cutOf(data, d, items, random)
      if (!cut) continue
      const [low, high]: [number[], number[]] = [[], []]
      for (const i of items) ((data[i * d + cut.feature] as number) < cut.at ? low : high).push(i)
      feature[at] = cut.feature
      threshold[at] = cut.at
      below[at] = node()
      node()
      open.push({ at: below[at] as number, items: low, level: level + 1 })
      open.push({ at: (below[at] as number) + 1, items: high, level: level + 1 })
    }
  }
  return {
    ...{ feature: Int32Array.from(feature), threshold: Float64Array.from(threshold) },
    ...{ below: Int32Array.from(below), depth: Float64Array.from(depth), roots: Int32Array.from(roots) },
  }
}

/** A feature of those that vary among the items, and a place between its least and its greatest value. */
function cutOf(data: Float64Array, d: number, items: readonly number[], random: () => number) {
  const left = Array.from({ length: d }, (_, j) => j)
  while (left.length > 0) {
    const [j = 0] = left.splice(Math.floor(random() * left.length), 1)
    let [low, high] = [Infinity, -Infinity]
    for (const i of items) {
      const v = data[i * d + j] as number
      if (v < low) low = v
      if (v > high) high = v
    }
    if (!(high > low)) continue
    const at = low + random() * (high - low)
    // rows on both sides, whatever the rounding
    return { feature: j, at: at > low ? at : high }
  }
  return undefined
}

/** Depth of a row that begins at `row` of x, in sum over the trees. */
export function depthOf(trees: Trees, x: Float64Array, row: number): number {
  const { feature, threshold, below, depth, roots } = trees
  let sum = 0
  for (let t = 0; t < roots.length; t++) {
    let at = roots[t] as number
    for (let f = feature[at] as number; f >= 0; f = feature[at] as number)
      at = (below[at] as number) + ((x[row + f] as number) < (threshold[at] as number) ? 0 : 1)
    sum += depth[at] as number
  }
  return sum
}
