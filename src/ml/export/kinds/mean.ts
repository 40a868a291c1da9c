import { readEnsemble } from '../../automl/ensemble.ts'
import { outputsOf } from '../../training/model.ts'
import type { TrainedModel } from '../../training/trainer.ts'
import type { Writer } from '../writer.ts'

/** The mean of models by weight; `writerOf` gives what writes a member, and throws for one that has none. */
export const mean = (writerOf: (member: TrainedModel) => Writer): Writer => ({
  onnx(graph, input, model) {
    const { members, weights } = readEnsemble(model)
    const shares = members.map((member, m) =>
      graph.node('Mul', [graph.doubles([weights[m] as number], []), writerOf(member).onnx(graph, input, member)]),
    )
    return shares.reduce((a, b) => graph.node('Add', [a, b]))
  },
  typescript(model) {
    const { members, weights } = readEnsemble(model)
    const codes = members.map(
      (member) => `  (() => {\n${writerOf(member).typescript(member)}    return answersOf\n  })(),`,
    )
    return `const MEMBERS: readonly ((row: Float64Array) => number[])[] = [
${codes.join('\n')}
]
const SHARES: readonly number[] = ${JSON.stringify(weights)}
function answersOf(row: Float64Array): number[] {
  const answers = new Array<number>(${outputsOf(model)}).fill(0)
  for (const [m, member] of MEMBERS.entries()) {
    const own = member(row)
    for (let k = 0; k < answers.length; k++) answers[k] = (answers[k] as number) + (SHARES[m] as number) * (own[k] as number)
  }
  return answers
}
`
  },
})
