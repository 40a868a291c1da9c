import { readGrid } from '../../training/baseline.ts'
import { encodeArray, outputsOf } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import type { Writer } from '../writer.ts'

/** The rates of a grid's cells; of a grid without axes, one cell. */
export const baselines: Writer = { onnx, typescript }

function onnx(graph: Graph, input: string, model: TrainedModel): string {
  const { places, axes, rates } = readGrid(model)
  const n = outputsOf(model)
  const integers = (...values: number[]) => graph.constant({ type: 'int64', dims: [values.length], values: BigInt64Array.from(values, BigInt) }) // biome-ignore format: one line
  const column = (f: number) => graph.node('Gather', [input, integers(f)], { axis: 1 })
  // of a feature it takes the number of rows alone
  let cell = graph.node('Mul', [graph.node('Cast', [graph.node('IsNaN', [column(places[0] ?? 0)])], { to: 7 }), integers(0)]) // biome-ignore format: one line
  for (const [i, edges] of axes.entries()) {
    const value = column(places[i] as number)
    const below = graph.node('Cast', [graph.node('Less', [graph.doubles(edges, [1, edges.length]), value])], { to: 7 })
    const known = graph.node('ReduceSum', [below, integers(1)], { keepdims: 1 })
    const bin = graph.node('Where', [graph.node('IsNaN', [value]), integers(edges.length + 1), known])
    cell = graph.node('Add', [graph.node('Mul', [cell, integers(edges.length + 2)]), bin])
  }
  const flat = graph.node('Reshape', [cell, integers(-1)])
  return graph.node('Gather', [graph.doubles(rates, [rates.length / n, n]), flat], { axis: 0 })
}

function typescript(model: TrainedModel): string {
  const { places, axes, rates } = readGrid(model)
  const n = outputsOf(model)
  return `/** An axis of the grid: the place of its feature, and the borders of its bins. */
const AXES: readonly (readonly [number, readonly number[]])[] = ${JSON.stringify(axes.map((edges, i) => [places[i], [...edges]]))}
const RATES = doubles('${encodeArray(rates)}')
function answersOf(row: Float64Array): number[] {
  let cell = 0
  for (const [f, edges] of AXES) {
    const x = row[f] as number
    cell = cell * (edges.length + 2) + (Number.isNaN(x) ? edges.length + 1 : edges.filter((edge) => edge < x).length)
  }
  return [...RATES.subarray(cell * ${n}, (cell + 1) * ${n})]
}
`
}
