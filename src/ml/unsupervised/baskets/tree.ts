/** A frequent-pattern tree (Han, Pei and Yin 2000): nodes one after another, those of one item in a chain. Items are ranks, the most frequent being 0. */
interface Tree {
  readonly item: number[]
  readonly parent: number[]
  readonly count: number[]
  /** The next node of the same item, −1 at the end. */
  readonly next: number[]
  readonly head: Int32Array
  readonly total: Float64Array
}

/** Baskets as ranks in ascending order, one after another: basket i is `items` from `starts[i]` on. */
export interface Baskets {
  readonly items: Int32Array
  readonly starts: Int32Array
}

function treeOf(
  width: number,
  paths: Iterable<readonly [items: ArrayLike<number>, from: number, to: number, count: number]>,
): Tree {
  const head = new Int32Array(width).fill(-1)
  const total = new Float64Array(width)
  const [item, parent, count, next]: [number[], number[], number[], number[]] = [[-1], [-1], [0], [-1]]
  /** The child of a node for an item. */
  const children = new Map<number, number>()
  for (const [items, from, to, n] of paths) {
    let at = 0
    for (let i = from; i < to; i++) {
      const own = items[i] as number
      const key = at * width + own
      let child = children.get(key)
      if (child === undefined) {
        child = item.push(own) - 1
        parent.push(at)
        count.push(0)
        next.push(head[own] as number)
        head[own] = child
        children.set(key, child)
      }
      count[child] = (count[child] as number) + n
      total[own] = (total[own] as number) + n
      at = child
    }
  }
  return { item, parent, count, next, head, total }
}

/** The tree of what stands above an item's nodes: items that are frequent there, with the item's counts. */
function above(tree: Tree, own: number, least: number): Tree | undefined {
  const counts = new Float64Array(own)
  for (let node = tree.head[own] as number; node >= 0; node = tree.next[node] as number)
    for (let up = tree.parent[node] as number; up > 0; up = tree.parent[up] as number) {
      const i = tree.item[up] as number
      counts[i] = (counts[i] as number) + (tree.count[node] as number)
    }
  if (!counts.some((n) => n >= least)) return undefined
  return treeOf(own, paths(tree, own, counts, least))
}

function* paths(tree: Tree, own: number, counts: Float64Array, least: number) {
  const path = new Int32Array(own)
  for (let node = tree.head[own] as number; node >= 0; node = tree.next[node] as number) {
    let from = own
    for (let up = tree.parent[node] as number; up > 0; up = tree.parent[up] as number) {
      const i = tree.item[up] as number
      if ((counts[i] as number) >= least) path[--from] = i
    }
    if (from < own) yield [path, from, own, tree.count[node] as number] as const
  }
}

function* whole({ items, starts }: Baskets) {
  for (let b = 0; b + 1 < starts.length; b++) yield [items, starts[b] as number, starts[b + 1] as number, 1] as const
}

/**
 * Every set of items that is in at least `least` baskets, each as ascending ranks with how many those are; sets of at most
 * `most` items. It yields undefined between pieces of work, so that others may have a turn.
 */
export function* frequentSets(
  baskets: Baskets,
  width: number,
  least: number,
  most: number,
): Generator<readonly [items: readonly number[], count: number] | undefined> {
  const stack: { tree: Tree; with: readonly number[]; item: number }[] = []
  stack.push({ tree: treeOf(width, whole(baskets)), with: [], item: width - 1 })
  for (let work = 0; stack.length > 0; work++) {
    const top = stack.at(-1) as (typeof stack)[number]
    const own = top.item--
    if (own < 0) {
      stack.pop()
      continue
    }
    const count = top.tree.total[own] as number
    if (count < least) continue
    const items = [own, ...top.with]
    yield [items, count]
    if (items.length < most && own > 0) {
      const more = above(top.tree, own, least)
      if (more) stack.push({ tree: more, with: items, item: own - 1 })
    }
    if (work % 64 === 63) yield undefined
  }
}
