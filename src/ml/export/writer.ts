import { BINARY, linkOf } from '../../runs/goal.ts'
import { MOST_LOG } from '../training/model.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { Graph } from './graph.ts'

/** How models of a kind are written for elsewhere. Both forms give answers: a number, or a probability a class. */
export interface Writer {
  /** Puts it into the graph: answers to the rows of `input`, a column an output. */
  onnx(graph: Graph, input: string, model: TrainedModel): string
  /** Code that ends with `function answersOf(row: Float64Array): number[]`. */
  typescript(model: TrainedModel): string
}

/** Answers of scores, a column an output. */
export function linked(graph: Graph, scores: string, { goal = BINARY, classes }: TrainedModel): string {
  if (classes) return graph.node('Softmax', [scores], { axis: 1 })
  const link = linkOf(goal)
  if (link === 'log') return graph.node('Exp', [graph.node('Min', [scores, graph.doubles([MOST_LOG], [])])])
  return graph.node(link === 'logit' ? 'Sigmoid' : 'Identity', [scores])
}

/** Answers of what `scoresOf(row)` gives. */
export function linkedCode({ goal = BINARY, classes }: TrainedModel): string {
  const one = { logit: '1 / (1 + Math.exp(-score))', log: `Math.exp(Math.min(score, ${MOST_LOG}))`, identity: 'score' }[
    linkOf(goal)
  ]
  return classes
    ? `function answersOf(row: Float64Array): number[] {
  const scores = scoresOf(row)
  const top = Math.max(...scores)
  const parts = scores.map((s) => (s === top ? 1 : Math.exp(s - top)))
  const sum = parts.reduce((a, b) => a + b, 0)
  return parts.map((p) => p / sum)
}
`
    : `function answersOf(row: Float64Array): number[] {
  const score = scoresOf(row)[0] as number
  return [${one}]
}
`
}
