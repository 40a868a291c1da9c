import { BINARY } from '../../../runs/goal.ts'
import { FAR, readMlp } from '../../training/mlpModel.ts'
import { bodyNumber, encodeArray, outputsOf } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import { linked, linkedCode, type Writer } from '../writer.ts'

export const network: Writer = {
  onnx: (graph, input, model) => linked(graph, sums(graph, input, model), model),
  typescript: (model) => `${networkOf(model)}${linkedCode(model)}`,
}

/** Sizes of the layers, inputs and outputs with them. */
function sizesOf(model: TrainedModel): number[] {
  const { columns, indicators, hidden } = readMlp(model)
  return [columns.length + indicators.length, ...hidden, outputsOf(model)]
}

/** What turns an output into the number of a regression; of other goals nothing does. */
const numberOf = ({ goal = BINARY, body }: TrainedModel): readonly [shift: number, spread: number] | undefined =>
  goal.kind === 'regression' ? [bodyNumber(body, 'shift'), bodyNumber(body, 'spread')] : undefined

/** Standardised values, infinite ones at the end of the range, missing ones 0 with an indicator; then rectified layers. */
function sums(graph: Graph, input: string, model: TrainedModel): string {
  const { columns, indicators, weights } = readMlp(model)
  const sizes = sizesOf(model)
  const row = (of: (c: (typeof columns)[number]) => number) => graph.doubles(columns.map(of), [1, columns.length])
  const missing = graph.node('IsNaN', [input])
  const infinite = (positive: number) => graph.node('IsInf', [input], { detect_positive: positive, detect_negative: 1 - positive }) // biome-ignore format: one line
  let value = graph.node('Where', [infinite(1), row((c) => c.high), input])
  value = graph.node('Where', [infinite(0), row((c) => c.low), value])
  value = graph.node('Mul', [graph.node('Sub', [value, row((c) => c.mean)]), row((c) => c.scale)])
  value = graph.node('Clip', [value, graph.doubles([-FAR], []), graph.doubles([FAR], [])])
  value = graph.node('Where', [missing, graph.doubles([0], []), value])
  if (indicators.length > 0) {
    const places = graph.constant({ type: 'int64', dims: [indicators.length], values: BigInt64Array.from(indicators, BigInt) }) // biome-ignore format: one line
    const gone = graph.node('Gather', [graph.node('Cast', [missing], { to: 11 }), places], { axis: 1 })
    value = graph.node('Concat', [value, gone], { axis: 1 })
  }
  let at = 0
  for (const [l, to] of sizes.slice(1).entries()) {
    const from = sizes[l] as number
    const own = weights.subarray(at, at + (from + 1) * to)
    at += own.length
    const table = Array.from({ length: from * to }, (_, i) => own[(i % to) * (from + 1) + Math.floor(i / to)] as number)
    const intercepts = Array.from({ length: to }, (_, o) => own[o * (from + 1) + from] as number)
    value = graph.node('Add', [graph.node('MatMul', [value, graph.doubles(table, [from, to])]), graph.doubles(intercepts, [1, to])]) // biome-ignore format: one line
    if (l < sizes.length - 2) value = graph.node('Relu', [value])
  }
  const number = numberOf(model)
  if (!number) return value
  const [shift, spread] = number.map((x) => graph.doubles([x], [])) as [string, string]
  return graph.node('Add', [shift, graph.node('Mul', [spread, value])])
}

function networkOf(model: TrainedModel): string {
  const { columns, indicators, weights } = readMlp(model)
  const [shift, spread] = numberOf(model) ?? []
  return `/** A column: its mean, 1 ÷ deviation, and range. */
const COLUMNS: readonly (readonly [number, number, number, number])[] = ${JSON.stringify(columns.map((c) => [c.mean, c.scale, c.low, c.high]))}
/** Columns whose missing values have an input of their own. */
const INDICATORS: readonly number[] = ${JSON.stringify(indicators)}
const SIZES: readonly number[] = ${JSON.stringify(sizesOf(model))}
/** Of every layer, for each of its outputs, the weights of its inputs and then its intercept. */
const WEIGHTS = floats('${encodeArray(weights)}')
function scoresOf(row: Float64Array): number[] {
  const inputs = COLUMNS.map(([mean, scale, low, high], f) => {
    const x = row[f] as number
    const within = x === Infinity ? high : x === -Infinity ? low : x
    return Number.isNaN(x) ? 0 : Math.max(-${FAR}, Math.min(${FAR}, (within - mean) * scale))
  })
  let layer = [...inputs, ...INDICATORS.map((f) => Number(Number.isNaN(row[f] as number)))]
  let w = 0
  for (const [l, size] of SIZES.slice(1).entries()) {
    const from = layer
    layer = Array.from({ length: size }, () => {
      let sum = WEIGHTS[w + from.length] as number
      for (let i = 0; i < from.length; i++) sum += (WEIGHTS[w + i] as number) * (from[i] as number)
      w += from.length + 1
      return l === SIZES.length - 2 ? sum : Math.max(sum, 0)
    })
  }
  return ${shift === undefined ? 'layer' : `layer.map((x) => ${shift} + ${spread} * x)`}
}
`
}
