import { readBayes } from '../../training/bayes.ts'
import { encodeArray } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import { linked, linkedCode, type Writer } from '../writer.ts'

export const bayes: Writer = {
  onnx: (graph, input, model) => linked(graph, sums(graph, input, model), model),
  typescript: (model) => `${bayesOf(model)}${linkedCode(model)}`,
}

/** The least that a feature says of a class, as the evaluator bounds it. */
const LEAST = -1e200

/** A column a class; of a binary target one: what the second has over the first. */
function sums(graph: Graph, input: string, model: TrainedModel): string {
  const { priors, mean, variance, low, high } = readBayes(model)
  const [p, n] = [low.length, priors.length]
  const of = (values: Float64Array, k: number) => values.subarray(k * p, (k + 1) * p)
  const row = (values: Iterable<number>) => graph.doubles(values, [1, p])
  const number = (x: number) => graph.doubles([x], [])
  const says = Array.from({ length: p }, (_, f) => Number(Array.from({ length: n }, (_, k) => variance[k * p + f]).every((v) => v !== 0))) // biome-ignore format: one line
  const known = graph.node('And', [graph.node('Not', [graph.node('IsNaN', [input])]), graph.node('Cast', [row(says)], { to: 9 })]) // biome-ignore format: one line
  const value = graph.node('Max', [row(low), graph.node('Min', [row(high), input])])
  const terms = Array.from({ length: n }, (_, k) => {
    const spread = of(variance, k).map((v) => (v === 0 ? 1 : v))
    const apart = graph.node('Sub', [value, row(of(mean, k))])
    const square = graph.node('Div', [graph.node('Mul', [apart, apart]), row(spread)])
    const sum = graph.node('Add', [row(spread.map((v) => Math.log(2 * Math.PI * v))), square])
    return graph.node('Max', [number(LEAST), graph.node('Mul', [number(-0.5), sum])])
  })
  const middle = terms.map((term) => graph.node('Div', [term, number(n)])).reduce((a, b) => graph.node('Add', [a, b]))
  const axes = graph.constant({ type: 'int64', dims: [1], values: BigInt64Array.of(1n) })
  const scores = terms.map((term, k) => {
    const own = graph.node('Where', [known, graph.node('Sub', [term, middle]), number(0)])
    return graph.node('Add', [graph.node('ReduceSum', [own, axes]), number(priors[k] as number)])
  })
  return model.classes ? graph.node('Concat', scores, { axis: 1 }) : graph.node('Sub', [scores[1], scores[0]] as [string, string]) // biome-ignore format: one line
}

function bayesOf(model: TrainedModel): string {
  const { priors, mean, variance, low, high } = readBayes(model)
  const arrays = { PRIORS: priors, MEAN: mean, VARIANCE: variance, LOW: low, HIGH: high }
  return `/** Of classes: logarithms of their shares; of each, means and variances of the features. Of features: their ranges. */
${Object.entries(arrays)
  .map(([name, values]) => `const ${name} = doubles('${encodeArray(values)}')`)
  .join('\n')}
function scoresOf(row: Float64Array): number[] {
  const scores = Array.from(PRIORS)
  const [n, p] = [PRIORS.length, LOW.length]
  for (let f = 0; f < p; f++) {
    const raw = row[f] as number
    const variances = scores.map((_, k) => VARIANCE[k * p + f] as number)
    if (Number.isNaN(raw) || variances.includes(0)) continue
    const x = Math.max(LOW[f] as number, Math.min(HIGH[f] as number, raw))
    let sum = 0
    const terms = variances.map((v, k) => {
      const own = Math.max(${LEAST}, -0.5 * (Math.log(2 * Math.PI * v) + (x - (MEAN[k * p + f] as number)) ** 2 / v))
      sum += own / n
      return own
    })
    for (let k = 0; k < n; k++) scores[k] = (scores[k] as number) + ((terms[k] as number) - sum)
  }
  return ${model.classes ? 'scores' : '[(scores[1] as number) - (scores[0] as number)]'}
}
`
}
