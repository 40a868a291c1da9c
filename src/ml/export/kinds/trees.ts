import { type Forest, readForest } from '../../training/gbdt/forest.ts'
import { encodeArray } from '../../training/model.ts'
import type { Graph } from '../graph.ts'
import { linked, linkedCode, type Writer } from '../writer.ts'

export const trees: Writer = {
  onnx: (graph, input, model) =>
    linked(graph, sums(graph, input, { ...readForest(model), width: model.features.length }), model),
  typescript: (model) => `${treesOf(readForest(model))}${linkedCode(model)}`,
}

/** Scores of a forest, a column an output. */
function sums(
  graph: Graph,
  raw: string,
  { bases, roots, test, threshold, children, values, sets, width }: Forest & { readonly width: number },
): string {
  const [LEQ, MEMBER] = [0, 6]
  const nodes = { features: [] as number[], modes: [] as number[], splits: [] as number[], missing: [] as number[] }
  const [ids, leafs]: [[number[], number[]], [number[], number[]]] = [
    [[], []],
    [[], []],
  ]
  const members: number[] = []
  const { input, places } = withBins(graph, raw, width, sets?.categories ?? new Map())
  const add = (
    feature: number,
    mode: number,
    split: number,
    missingLeft: number,
    left: number,
    right: number,
  ): number => {
    // biome-ignore format: one line
    nodes.features.push(feature)
    nodes.modes.push(mode)
    nodes.splits.push(split)
    nodes.missing.push(missingLeft)
    for (const [side, child] of [left, right].entries()) {
      ids[side]?.push(child < 0 ? ~child : child)
      leafs[side]?.push(Number(child < 0))
    }
    return nodes.features.length - 1
  }
  for (const [i, how] of test.entries()) {
    const [left, right] = [children[i * 2] as number, children[i * 2 + 1] as number]
    const set = sets ? (sets.of[i] as number) : -1
    if (set < 0 || !sets) add(how >> 1, LEQ as number, threshold[i] as number, how & 1, left, right)
    else {
      add(places.get(how >> 1) as number, MEMBER as number, 0, 0, left, right)
      const own = sets.categories.get(how >> 1)
      members.push(...sets.membersOf(how >> 1, set).map((x) => own?.indexOf(x) ?? 0), Number.NaN)
    }
  }
  // a tree of one leaf is a node whose children are both that leaf
  const alone = (leaf: number): number => add(0, LEQ as number, 0, 1, leaf, leaf)
  const starts = Array.from(roots, (root) => (root >= 0 ? root : alone(root)))
  // a model without a tree has one that adds nothing
  const leaves = starts.length > 0 ? values : Float64Array.of(0)
  if (starts.length === 0) starts.push(alone(~0))
  // a leaf belongs to the output of its tree
  const targets = new Int32Array(leaves.length)
  const mark = (child: number, output: number): void => {
    if (child < 0) targets[~child] = output
    else for (const side of [0, 1]) mark(children[child * 2 + side] as number, output)
  }
  for (const [t, root] of roots.entries()) mark(root, t % bases.length)
  const double = (of: Iterable<number>) => ({ type: 'double', dims: [Array.from(of).length], values: Float64Array.from(of) }) as const // biome-ignore format: one line
  const summed = graph.node(
    'TreeEnsemble',
    [input],
    {
      aggregate_function: 1,
      n_targets: bases.length,
      post_transform: 0,
      nodes_featureids: nodes.features,
      nodes_modes: { type: 'uint8', dims: [nodes.modes.length], values: Uint8Array.from(nodes.modes) },
      nodes_splits: double(nodes.splits),
      nodes_missing_value_tracks_true: nodes.missing,
      nodes_truenodeids: ids[0],
      nodes_trueleafs: leafs[0],
      nodes_falsenodeids: ids[1],
      nodes_falseleafs: leafs[1],
      ...(members.length > 0 ? { membership_values: double(members) } : {}),
      leaf_targetids: Array.from(targets),
      leaf_weights: double(leaves),
      tree_roots: starts,
    },
    { ml: true },
  )
  return graph.node('Add', [summed, graph.doubles(bases, [1, bases.length])])
}

/**
 * The input with a column of bins behind it for each feature of categories, a bin of its own for what is none of them: runtimes hold
 * sets of small whole numbers alone, and cut a number's fraction off before they look.
 */
function withBins(graph: Graph, input: string, width: number, categories: ReadonlyMap<number, Float64Array>) {
  if (categories.size === 0) return { input, places: new Map<number, number>() }
  const integers = (...of: number[]) => graph.constant({ type: 'int64', dims: [of.length], values: BigInt64Array.from(of, BigInt) }) // biome-ignore format: one line
  const columns = Array.from(categories, ([f, own]) => {
    const value = graph.node('Gather', [input, integers(f)], { axis: 1 })
    const same = graph.node('Cast', [graph.node('Equal', [value, graph.doubles(own, [1, own.length])])], { to: 11 })
    // what is none of them adds nothing
    const less = graph.doubles(own.map((_, bin) => bin - own.length), [own.length, 1]) // biome-ignore format: one line
    return graph.node('Add', [graph.node('MatMul', [same, less]), graph.doubles([own.length], [])])
  })
  const places = new Map(Array.from(categories.keys(), (f, k) => [f, width + k]))
  return { input: graph.node('Concat', [input, ...columns], { axis: 1 }), places }
}

function treesOf({ bases, roots, test, threshold, children, values, sets }: Forest): string {
  const own = sets
    ? `const SET_OF = ints('${encodeArray(sets.of)}')
const SETS = new Map<number, Set<number>>([
${Array.from(sets.of, (set, node) => (set < 0 ? '' : `  [${set}, new Set([${sets.membersOf((test[node] as number) >> 1, set).join(', ')}])],\n`)).join('')}])
`
    : ''
  const asked = sets
    ? `      const set = SET_OF[node] as number
      const left = set >= 0 ? SETS.get(set)?.has(x + 0) : (how & 1) === 1 ? !(x > limit) : x <= limit`
    : '      const left = (how & 1) === 1 ? !(x > limit) : x <= limit'
  return `const BASES = ${JSON.stringify(bases)}
const ROOTS = ints('${encodeArray(roots)}')
/** Twice the feature, and 1 where missing values go left. */
const TEST = ints('${encodeArray(test)}')
const THRESHOLD = doubles('${encodeArray(threshold)}')
/** Two a node; one below 0 is the value ~child. */
const CHILDREN = ints('${encodeArray(children)}')
const VALUES = doubles('${encodeArray(values)}')
${own}function scoresOf(row: Float64Array): number[] {
  const scores = [...BASES]
  for (const [tree, root] of ROOTS.entries()) {
    let node = root
    while (node >= 0) {
      const how = TEST[node] as number
      const x = row[how >> 1] as number
      const limit = THRESHOLD[node] as number
${asked}
      node = CHILDREN[node * 2 + (left ? 0 : 1)] as number
    }
    const output = tree % BASES.length
    scores[output] = (scores[output] as number) + (VALUES[~node] as number)
  }
  return scores
}
`
}
