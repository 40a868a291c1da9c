import { readKnn } from '../../training/knn.ts'
import { encodeArray, outputsOf } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import type { Writer } from '../writer.ts'

/** The nearest training rows, which the file has in it. Every row asked is held against each of them: ask in parts. */
export const neighbours: Writer = { onnx, typescript }

/** Distances are summed a column at a time, in the order of the evaluator: rows that are as far as each other stay so. */
function onnx(graph: Graph, input: string, model: TrainedModel): string {
  const { x, y, w, columns, k } = readKnn(model)
  const [rows, p, n] = [y.length, columns.length, outputsOf(model)]
  const numbers = (of: (c: (typeof columns)[number]) => number) => graph.doubles(columns.map(of), [1, p])
  const integers = (...values: number[]) => graph.constant({ type: 'int64', dims: [values.length], values: BigInt64Array.from(values, BigInt) }) // biome-ignore format: one line
  const within = graph.node('Max', [graph.node('Min', [input, numbers((c) => c.high)]), numbers((c) => c.low)])
  let value = graph.node('Mul', [graph.node('Sub', [within, numbers((c) => c.mean)]), numbers((c) => c.scale)])
  value = graph.node('Where', [graph.node('IsNaN', [input]), graph.doubles([0], []), value])
  // the evaluator holds rows in single precision
  value = graph.node('Cast', [graph.node('Cast', [value], { to: 1 })], { to: 11 })
  let distance = graph.doubles(new Float64Array(rows), [1, rows])
  for (let f = 0; f < p; f++) {
    const own = graph.doubles(Float64Array.from({ length: rows }, (_, i) => x[i * p + f] as number), [1, rows]) // biome-ignore format: one line
    const apart = graph.node('Sub', [own, graph.node('Gather', [value, integers(f)], { axis: 1 })])
    distance = graph.node('Add', [distance, graph.node('Mul', [apart, apart])])
  }
  const nearest = graph.node('TopK', [distance, integers(k)], { axis: 1, largest: 0 }, { unused: 1 })
  const limit = graph.node('Gather', [nearest, integers(k - 1)], { axis: 1 })
  const counted = graph.node('Cast', [graph.node('LessOrEqual', [distance, limit])], { to: 11 })
  const table = (of: (i: number, c: number) => number, width: number) =>
    graph.node('MatMul', [counted, graph.doubles(Float64Array.from({ length: rows * width }, (_, i) => of(Math.floor(i / width), i % width)), [rows, width])]) // biome-ignore format: one line
  const own = (i: number, c: number) => (n > 1 ? Number(y[i] === c) : (y[i] as number))
  const weight = table((i) => w[i] as number, 1)
  const weighed = graph.node('Div', [table((i, c) => (w[i] as number) * own(i, c), n), weight])
  const even = graph.node('Div', [table(own, n), table(() => 1, 1)])
  return graph.node('Where', [graph.node('Greater', [weight, graph.doubles([0], [])]), weighed, even])
}

function typescript(model: TrainedModel): string {
  const { x, y, w, columns, k } = readKnn(model)
  const n = outputsOf(model)
  return `/** A column: its mean, 1 ÷ deviation, and range. */
const COLUMNS: readonly (readonly [number, number, number, number])[] = ${JSON.stringify(columns.map((c) => [c.mean, c.scale, c.low, c.high]))}
/** The rows that it learnt, one after another; what each is of, and its weight. */
const ROWS = floats('${encodeArray(x)}')
const OF = doubles('${encodeArray(y)}')
const WEIGHTS = doubles('${encodeArray(w)}')
function answersOf(row: Float64Array): number[] {
  const query = Float32Array.from(COLUMNS, ([mean, scale, low, high], f) => {
    const x = row[f] as number
    return Number.isNaN(x) ? 0 : ((x < low ? low : x > high ? high : x) - mean) * scale
  })
  const distances = OF.map((_, i) => {
    let sum = 0
    for (let f = 0; f < query.length; f++) sum += ((ROWS[i * query.length + f] as number) - (query[f] as number)) ** 2
    return sum
  })
  // as far as the ${k}th: all of them count
  const limit = distances.toSorted()[${k - 1}] as number
  let [weight, counted] = [0, 0]
  const [sums, even] = [new Array<number>(${n}).fill(0), new Array<number>(${n}).fill(0)]
  for (const [i, distance] of distances.entries()) {
    if (distance > limit) continue
    const [place, own] = ${n > 1 ? '[OF[i] as number, 1]' : '[0, OF[i] as number]'}
    weight += WEIGHTS[i] as number
    sums[place] = (sums[place] as number) + (WEIGHTS[i] as number) * own
    even[place] = (even[place] as number) + own
    counted++
  }
  return weight > 0 ? sums.map((sum) => sum / weight) : even.map((sum) => sum / counted)
}
`
}
