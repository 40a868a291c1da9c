import { BINARY, linkOf } from '../../runs/goal.ts'
import { type Forest, readForest } from '../training/gbdt/forest.ts'
import { readLinear } from '../training/logisticModel.ts'
import { encodeArray, outputsOf } from '../training/model.ts'
import { readSoftmax } from '../training/softmax.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { ExportAbout } from './onnx.ts'

/**
 * A model as one TypeScript file that needs nothing: `predict(features)` gives the probability or the number, or of several classes the
 * likeliest with the probability of each. The same float64 steps in the same order as Galley's own evaluator, so the same bits.
 */
export function toTypeScript(model: TrainedModel, about: ExportAbout): string {
  const { goal = BINARY, classes, features, target } = model
  const link = { logit: '1 / (1 + Math.exp(-score))', log: 'Math.exp(score)', identity: 'score' }[linkOf(goal)]
  const named = features.map((name) => `  ${JSON.stringify(name)}: number | null`).join('\n')
  const what = {
    ...{ binary: 'the probability', multiclass: 'the likeliest class', regression: 'the number' },
    ranking: 'the score, which tells the order within a group alone: higher comes first',
  }[goal.kind]
  const head = `/**
 * ${safe(about.model)}: a ${model.kind} model of ${safe(JSON.stringify(target))}, written by Galley. It needs nothing else.
 * Features are those that the model was trained on, as the plan computes them; null where one is missing.
 */
export interface Features {
${named}
}
const NAMES = ${JSON.stringify(features)} as const
const rowOf = (features: Features): Float64Array =>
  Float64Array.from(NAMES, (name) => (features[name] === null || features[name] === undefined ? Number.NaN : Number(features[name])))
`
  const scores = model.kind === 'gbdt' ? treesOf(readForest(model)) : linearOf(model)
  const tail = classes
    ? `const CLASSES = ${JSON.stringify(classes)} as const
/** ${what[0]?.toUpperCase()}${what.slice(1)}, and the probability of each in the order of \`classes\`. */
export function predict(features: Features): { class: (typeof CLASSES)[number]; classes: typeof CLASSES; probabilities: number[] } {
  const scores = scoresOf(rowOf(features))
  const top = Math.max(...scores)
  const parts = scores.map((s) => (s === top ? 1 : Math.exp(s - top)))
  const sum = parts.reduce((a, b) => a + b, 0)
  const probabilities = parts.map((p) => p / sum)
  return { class: CLASSES[probabilities.indexOf(Math.max(...probabilities))] as (typeof CLASSES)[number], classes: CLASSES, probabilities }
}
`
    : `${about.threshold === null ? '' : `/** From here on a probability counts as positive; chosen on validation rows. */\nexport const threshold = ${about.threshold}\n`}/** ${what[0]?.toUpperCase()}${what.slice(1)}. */
export function predict(features: Features): number {
  const score = scoresOf(rowOf(features))[0] as number
  return ${link}
}
`
  return `${head}\n${DECODE}\n${scores}\n${tail}`
}

/** What stands in a comment ends no comment. */
const safe = (text: string): string => text.replaceAll('*/', '* /')

const DECODE = `const bytes = (text: string): ArrayBuffer => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer as ArrayBuffer
const doubles = (text: string): Float64Array => new Float64Array(bytes(text))
const ints = (text: string): Int32Array => new Int32Array(bytes(text))
`

function treesOf({ bases, roots, test, threshold, children, values, sets }: Forest): string {
  const own = sets
    ? `const SET_OF = ints('${encodeArray(sets.of)}')
const SETS = new Map<number, Set<number>>([
${Array.from(sets.of, (set, node) => (set < 0 ? '' : `  [${set}, new Set(${JSON.stringify(sets.membersOf((test[node] as number) >> 1, set))})],\n`)).join('')}])
`
    : ''
  const asked = sets
    ? `      const set = SET_OF[node] as number
      const left = set >= 0 ? SETS.get(set)?.has(x + 0) : (how & 1) === 1 ? !(x > limit) : x <= limit`
    : '      const left = (how & 1) === 1 ? !(x > limit) : x <= limit'
  return `const BASES = ${JSON.stringify(bases)}
const ROOTS = ints('${encodeArray(roots)}')
/** Twice the feature, and 1 where missing values go left. */
const TEST = ints('${encodeArray(test)}')
const THRESHOLD = doubles('${encodeArray(threshold)}')
/** Two a node; one below 0 is the value ~child. */
const CHILDREN = ints('${encodeArray(children)}')
const VALUES = doubles('${encodeArray(values)}')
${own}function scoresOf(row: Float64Array): number[] {
  const scores = [...BASES]
  for (const [tree, root] of ROOTS.entries()) {
    let node = root
    while (node >= 0) {
      const how = TEST[node] as number
      const x = row[how >> 1] as number
      const limit = THRESHOLD[node] as number
${asked}
      node = CHILDREN[node * 2 + (left ? 0 : 1)] as number
    }
    const output = tree % BASES.length
    scores[output] = (scores[output] as number) + (VALUES[~node] as number)
  }
  return scores
}
`
}

function linearOf(model: TrainedModel): string {
  const n = outputsOf(model)
  const several = model.classes !== undefined
  const { intercepts, columns } = several
    ? readSoftmax(model)
    : (({ intercept, columns: all }) => ({ intercepts: [intercept], columns: all.map((c) => ({ ...c, weights: [c.weight], missings: [c.missing] })) }))(readLinear(model)) // biome-ignore format: one line
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
