import { BINARY } from '../../runs/goal.ts'
import { outputsOf } from '../training/model.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { Graph } from './graph.ts'
import type { Writer } from './writer.ts'

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
export function toOnnx(writer: Writer, model: TrainedModel, about: ExportAbout): Uint8Array {
  const graph = new Graph()
  const input = graph.input('input', 'double', ['rows', model.features.length])
  const outputs = outputsOf(model)
  const answers = writer.onnx(graph, input, model)
  const { goal = BINARY, classes } = model
  if (classes) {
    const names = graph.constant({ type: 'string', dims: [outputs], values: classes.map(String) })
    const likeliest = graph.node('ArgMax', [answers], { axis: 1, keepdims: 0 })
    graph.output('class', graph.node('Gather', [names, likeliest]), 'string', ['rows'])
    graph.output('probabilities', answers, 'double', ['rows', outputs])
  } else {
    const flat = graph.node('Reshape', [answers, graph.constant({ type: 'int64', dims: [1], values: BigInt64Array.of(-1n) })]) // biome-ignore format: one line
    graph.output('score', flat, 'double', ['rows'])
  }
  return graph.model(about.model.replace('@', '_'), {
    ...{ model: about.model, kind: model.kind, target: model.target, goal: JSON.stringify(goal) },
    features: JSON.stringify(model.features),
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
    ...(about.threshold === null ? {} : { threshold: String(about.threshold) }),
  })
}
