import { BINARY } from '../../runs/goal.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { ExportAbout } from './onnx.ts'
import type { Writer } from './writer.ts'

/**
 * A model as one TypeScript file that needs nothing: `predict(features)` gives the probability or the number, or of several classes the
 * likeliest with the probability of each. The same float64 steps in the same order as Galley's own evaluator, so the same bits.
 */
export function toTypeScript(writer: Writer, model: TrainedModel, about: ExportAbout): string {
  const { goal = BINARY, classes, features, target } = model
  const named = features.map((name) => `  ${JSON.stringify(name)}: number | null`).join('\n')
  const what = {
    ...{ binary: 'the probability', multiclass: 'the likeliest class', regression: 'the number' },
    ranking: 'the score, which tells the order within a group alone: higher comes first',
  }[goal.kind]
  const head = `/**
 * ${safe(about.model)}: a model (${model.kind}) of ${safe(JSON.stringify(target))}, written by Galley. It needs nothing else.
 * Features are those that the model was trained on, as the plan computes them; null where one is missing.
 */
export interface Features {
${named}
}
const NAMES = ${JSON.stringify(features)} as const
const rowOf = (features: Features): Float64Array =>
  Float64Array.from(NAMES, (name) => (features[name] === null || features[name] === undefined ? Number.NaN : Number(features[name])))
`
  const answers = writer.typescript(model)
  const tail = classes
    ? `const CLASSES = ${JSON.stringify(classes)} as const
/** ${what[0]?.toUpperCase()}${what.slice(1)}, and the probability of each in the order of \`classes\`. */
export function predict(features: Features): { class: (typeof CLASSES)[number]; classes: typeof CLASSES; probabilities: number[] } {
  const probabilities = answersOf(rowOf(features))
  return { class: CLASSES[probabilities.indexOf(Math.max(...probabilities))] as (typeof CLASSES)[number], classes: CLASSES, probabilities }
}
`
    : `${about.threshold === null ? '' : `/** From here on a probability counts as positive; chosen on validation rows. */\nexport const threshold = ${about.threshold}\n`}/** ${what[0]?.toUpperCase()}${what.slice(1)}. */
export function predict(features: Features): number {
  return answersOf(rowOf(features))[0] as number
}
`
  return `${head}\n${decodersOf(answers)}\n${answers}\n${tail}`
}

/** What stands in a comment ends no comment. */
const safe = (text: string): string => text.replaceAll('*/', '* /')

/** What reads arrays: a file has those that it uses. */
const DECODERS = {
  doubles: 'const doubles = (text: string): Float64Array => new Float64Array(bytes(text))',
  floats: 'const floats = (text: string): Float32Array => new Float32Array(bytes(text))',
  ints: 'const ints = (text: string): Int32Array => new Int32Array(bytes(text))',
}

function decodersOf(code: string): string {
  const used = Object.entries(DECODERS).flatMap(([name, line]) => (code.includes(`${name}('`) ? [line] : []))
  const bytes = 'const bytes = (text: string): ArrayBuffer => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer as ArrayBuffer' // biome-ignore format: one line
  return used.length > 0 ? `${[bytes, ...used].join('\n')}\n` : ''
}
