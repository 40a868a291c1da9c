import { readLinear } from '../../training/logisticModel.ts'
import { outputsOf } from '../../training/model.ts'
import { readSoftmax } from '../../training/softmax.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import { linked, linkedCode, type Writer } from '../writer.ts'

export const terms: Writer = {
  onnx: (graph, input, model) => linked(graph, sums(graph, input, model), model),
  typescript: (model) => `${linearOf(model)}${linkedCode(model)}`,
}

/** Scores of linear terms, a column an output: standardised values, infinite ones at the end of the range, missing ones with a weight of their own. */
function sums(graph: Graph, input: string, model: TrainedModel): string {
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

function linearOf(model: TrainedModel): string {
  const n = outputsOf(model)
  const { intercepts, columns } = model.classes ? readSoftmax(model) : oneOutput(model)
  const table = columns.map((c) => [c.mean, c.scale, c.low, c.high, c.weights, c.missings])
  const value = 'Math.max(-1e100, Math.min(1e100, (within - mean) * scale))'
  return `/** A column: its mean, 1 ÷ deviation, range, weights of outputs, and what they add where it is missing. */
const COLUMNS: readonly (readonly [number, number, number, number, readonly number[], readonly number[]])[] = ${JSON.stringify(table)}
function scoresOf(row: Float64Array): number[] {
  const scores = ${JSON.stringify(intercepts)}
  for (const [f, [mean, scale, low, high, weights, missing]] of COLUMNS.entries()) {
    const x = row[f] as number
    const within = x === Infinity ? high : x === -Infinity ? low : x
    const value = ${value}
    for (let k = 0; k < ${n}; k++)
      scores[k] = (scores[k] as number) + (Number.isNaN(x) ? (missing[k] as number) : value * (weights[k] as number))
  }
  return scores
}
`
}
