import { readEnsemble } from '../../automl/ensemble.ts'
import { type Answers, answersOf, SURE } from '../../automl/stack.ts'
import { outputsOf } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Graph } from '../graph.ts'
import type { Writer } from '../writer.ts'

/** Several models as their mean by weight, or as a model over them; `writerOf` gives what writes one of them, and throws for one that has none. */
export const ensemble = (writerOf: (member: TrainedModel) => Writer): Writer => ({
  onnx(graph, input, model) {
    const { members, weights, meta } = readEnsemble(model)
    const answers = members.map((member) => writerOf(member).onnx(graph, input, member))
    if (meta) return writerOf(meta).onnx(graph, features(graph, answers, answersOf(model)), meta)
    const shares = answers.map((own, m) => graph.node('Mul', [graph.doubles([weights[m] as number], []), own]))
    return shares.reduce((a, b) => graph.node('Add', [a, b]))
  },
  typescript(model) {
    const { members, weights, meta } = readEnsemble(model)
    const codes = members.map((member) => `  ${ownCode(writerOf(member), member)},`)
    const all = `const MEMBERS: readonly ((row: Float64Array) => number[])[] = [\n${codes.join('\n')}\n]\n`
    if (!meta) return `${all}${meanCode(weights, outputsOf(model))}`
    return `${all}const META = ${ownCode(writerOf(meta), meta)}
const featureOf = ${FEATURE_CODE[answersOf(model)]}
const answersOf = (row: Float64Array): number[] => META(Float64Array.from(MEMBERS.flatMap((member) => member(row)), featureOf))
`
  },
})

function features(graph: Graph, answers: readonly string[], kind: Answers): string {
  const joined = graph.node('Concat', answers, { axis: 1 })
  if (kind === 'identity') return joined
  const number = (value: number) => graph.doubles([value], [])
  if (kind === 'log') return graph.node('Log', [graph.node('Max', [joined, number(SURE)])])
  const within = graph.node('Clip', [joined, number(SURE), number(1 - SURE)])
  return graph.node('Log', [graph.node('Div', [within, graph.node('Sub', [number(1), within])])])
}

const FEATURE_CODE: Readonly<Record<Answers, string>> = {
  logit: `(answer: number): number => {
  const within = Math.min(Math.max(answer, ${SURE}), ${1 - SURE})
  return Math.log(within / (1 - within))
}`,
  log: `(answer: number): number => Math.log(Math.max(answer, ${SURE}))`,
  identity: '(answer: number): number => answer',
}

/** A model's code with names of its own. */
const ownCode = (writer: Writer, model: TrainedModel): string =>
  `(() => {\n${writer.typescript(model)}    return answersOf\n  })()`

const meanCode = (
  weights: readonly number[],
  outputs: number,
): string => `const SHARES: readonly number[] = ${JSON.stringify(weights)}
function answersOf(row: Float64Array): number[] {
  const answers = new Array<number>(${outputs}).fill(0)
  for (const [m, member] of MEMBERS.entries()) {
    const own = member(row)
    for (let k = 0; k < answers.length; k++) answers[k] = (answers[k] as number) + (SHARES[m] as number) * (own[k] as number)
  }
  return answers
}
`
