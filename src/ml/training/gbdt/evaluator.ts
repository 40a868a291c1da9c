import type { Evaluator } from '../../../plan/evaluator.ts'
import { bodyNumber, broken, checkModel, decodeBytes, decodeFloat64, decodeInt32 } from '../model.ts'
import type { TrainedModel } from '../trainer.ts'

/**
 * A forest as flat arrays over all nodes of all trees. A child ≥ 0 is a node, a child below zero is value ~child. The
 * lowest bit of `test` says whether missing values go left, the rest is the feature.
 */
interface Forest {
  readonly base: number
  readonly roots: Int32Array
  readonly test: Int32Array
  readonly threshold: Float64Array
  /** Left and right child of node i at 2i and 2i + 1. */
  readonly children: Int32Array
  readonly values: Float64Array
}

/** Rows scored together: their features stay in the first-level cache while all trees pass over them. */
const BLOCK = 256

/** A gbdt model made ready to score. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadForest(model: TrainedModel): Evaluator {
  const forest = readForest(model)
  const features = model.features.length
  const block = new Float64Array(BLOCK * features)
  return {
    kind: 'gbdt',
    inputs: model.features,
    one: (row) => probability(scoreRow(forest, row, 0)),
    many: (columns, rows, out) => {
      for (let from = 0; from < rows; from += BLOCK) {
        const count = Math.min(BLOCK, rows - from)
        for (let f = 0; f < features; f++) {
          const column = columns[f] as Float64Array
          for (let i = 0; i < count; i++) block[i * features + f] = column[from + i] as number
        }
        for (let i = 0; i < count; i++) out[from + i] = probability(scoreRow(forest, block, i * features))
      }
    },
  }
}

const probability = (score: number): number => 1 / (1 + Math.exp(-score))

function scoreRow({ base, roots, test, threshold, children, values }: Forest, row: Float64Array, at: number): number {
  let score = base
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree] as number
    while (node >= 0) {
      const how = test[node] as number
      const x = row[at + (how >> 1)] as number
      const limit = threshold[node] as number
      // NaN fails every comparison: asking the other way round sends it left
      const left = (how & 1) === 1 ? !(x > limit) : x <= limit
      node = children[node * 2 + (left ? 0 : 1)] as number
    }
    score += values[~node] as number
  }
  return score
}

function readForest(model: TrainedModel): Forest {
  checkModel(model, 'gbdt')
  const { body } = model
  const treeLeaves = decodeInt32(body, 'treeLeaves')
  const feature = decodeInt32(body, 'feature')
  const threshold = decodeFloat64(body, 'threshold')
  const missingLeft = decodeInt32(body, 'missingLeft')
  const left = decodeInt32(body, 'left')
  const right = decodeInt32(body, 'right')
  const values = Float64Array.from(new Float32Array(decodeBytes(body, 'values')))
  const nodes = feature.length
  if ([threshold, missingLeft, left, right].some((array) => array.length !== nodes)) throw broken('its arrays disagree')
  if (feature.some((f) => f < 0 || f >= model.features.length)) throw broken('it splits on a feature that it lacks')

  const roots = new Int32Array(treeLeaves.length)
  const children = new Int32Array(nodes * 2)
  let node = 0
  let leaf = 0
  for (const [tree, leaves] of treeLeaves.entries()) {
    const end = node + leaves - 1
    const place = (child: number): number => (child >= 0 ? node + child : ~(leaf + ~child))
    roots[tree] = leaves === 1 ? ~leaf : node
    for (let i = node; i < end; i++) {
      children[i * 2] = place(left[i] as number)
      children[i * 2 + 1] = place(right[i] as number)
    }
    node = end
    leaf += leaves
  }
  if (node !== nodes || leaf !== values.length) throw broken('its trees and arrays disagree')
  const test = Int32Array.from(feature, (f, i) => f * 2 + (missingLeft[i] as number))
  return { base: bodyNumber(body, 'base'), roots, test, threshold, children, values }
}
