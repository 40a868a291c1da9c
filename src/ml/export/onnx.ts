import { BINARY, linkOf } from '../../runs/goal.ts'
import { type Forest, readForest } from '../training/gbdt/forest.ts'
import { readLinear } from '../training/logisticModel.ts'
import { outputsOf } from '../training/model.ts'
import { readSoftmax } from '../training/softmax.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { Graph } from './graph.ts'

/** What travels with a model. */
export interface ExportAbout {
  /** As `name@version`. */
  readonly model: string
  readonly threshold: number | null
}

/**
 * A model as an ONNX file (IR 10, operators of opset 21 and of ai.onnx.ml 5, float64 throughout). The input `input` has a row a record and
 * a column a feature, NaN where it is missing; outputs are `score`, or of several classes `class` and `probabilities`.
 */
export function toOnnx(model: TrainedModel, about: ExportAbout): Uint8Array {
  const graph = new Graph()
  const input = graph.input('input', 'double', ['rows', model.features.length])
  const outputs = outputsOf(model)
  const scores = model.kind === 'gbdt' ? trees(graph, input, readForest(model)) : linear(graph, input, model)
  const { goal = BINARY, classes } = model
  if (classes) {
    const probabilities = graph.node('Softmax', [scores], { axis: 1 })
    const names = graph.constant({ type: 'string', dims: [outputs], values: classes.map(String) })
    const likeliest = graph.node('ArgMax', [probabilities], { axis: 1, keepdims: 0 })
    graph.output('class', graph.node('Gather', [names, likeliest]), 'string', ['rows'])
    graph.output('probabilities', probabilities, 'double', ['rows', outputs])
  } else {
    const link = { logit: 'Sigmoid', log: 'Exp', identity: 'Identity' }[linkOf(goal)]
    const flat = graph.node('Reshape', [scores, graph.constant({ type: 'int64', dims: [1], values: BigInt64Array.of(-1n) })]) // biome-ignore format: one line
    graph.output('score', graph.node(link, [flat]), 'double', ['rows'])
  }
  return graph.model(about.model.replace('@', '_'), {
    ...{ model: about.model, kind: model.kind, target: model.target, goal: JSON.stringify(goal) },
    features: JSON.stringify(model.features),
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
    ...(about.threshold === null ? {} : { threshold: String(about.threshold) }),
  })
}

/** Scores of a forest, a column an output. */
function trees(graph: Graph, input: string, { bases, roots, test, threshold, children, values, sets }: Forest): string {
  const [LEQ, MEMBER] = [0, 6]
  const nodes = { features: [] as number[], modes: [] as number[], splits: [] as number[], missing: [] as number[] }
  const [ids, leafs]: [[number[], number[]], [number[], number[]]] = [
    [[], []],
    [[], []],
  ]
  const members: number[] = []
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
      add(how >> 1, MEMBER as number, 0, 0, left, right)
      members.push(...sets.membersOf(how >> 1, set), Number.NaN)
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
    true,
  )
  return graph.node('Add', [summed, graph.doubles(bases, [1, bases.length])])
}

/** Scores of linear terms, a column an output: standardised values, infinite ones at the end of the range, missing ones with a weight of their own. */
function linear(graph: Graph, input: string, model: TrainedModel): string {
  const { columns, intercepts } = model.classes ? readSoftmax(model) : oneOutput(model)
  const [n, width] = [intercepts.length, columns.length]
  const row = (of: (c: (typeof columns)[number]) => number) => graph.doubles(columns.map(of), [1, width])
  const table = (of: (c: (typeof columns)[number], k: number) => number) =>
    graph.doubles(columns.flatMap((c) => Array.from({ length: n }, (_, k) => of(c, k))), [width, n]) // biome-ignore format: one line
  const missing = graph.node('IsNaN', [input])
  const infinite = (sign: 'positive' | 'negative') =>
    graph.node('IsInf', [input], { detect_positive: Number(sign === 'positive'), detect_negative: Number(sign === 'negative') }) // biome-ignore format: one line
  let value = graph.node('Where', [infinite('positive'), row((c) => c.high), input])
  value = graph.node('Where', [infinite('negative'), row((c) => c.low), value])
  value = graph.node('Where', [missing, row((c) => c.mean), value])
  value = graph.node('Mul', [graph.node('Sub', [value, row((c) => c.mean)]), row((c) => c.scale)])
  // as the evaluators keep sums apart from infinities
  value = graph.node('Clip', [value, graph.doubles([-1e100], []), graph.doubles([1e100], [])])
  const known = graph.node('MatMul', [value, table((c, k) => c.weights[k] as number)])
  const gone = graph.node('MatMul', [graph.node('Cast', [missing], { to: 11 }), table((c, k) => c.missings[k] as number)]) // biome-ignore format: one line
  return graph.node('Add', [graph.node('Add', [known, gone]), graph.doubles(intercepts, [1, n])])
}

function oneOutput(model: TrainedModel) {
  const { intercept, columns } = readLinear(model)
  return {
    intercepts: [intercept],
    columns: columns.map((c) => ({ ...c, weights: [c.weight], missings: [c.missing] })),
  }
}
