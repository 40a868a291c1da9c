import type { Evaluator } from '../../../plan/evaluator.ts'
import type { TrainedModel } from '../trainer.ts'
import { type Forest, readForest } from './forest.ts'
import { makeScorer } from './scorer.ts'

/** A gbdt model made ready to score. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadForest(model: TrainedModel): Evaluator {
  const forest = readForest(model)
  const score = makeScorer(forest, model.features.length)
  return {
    kind: 'gbdt',
    inputs: model.features,
    outputs: 1,
    one: (row) => probability(scoreRow(forest, row)),
    many: (columns, rows, out) => {
      score(columns, rows, out)
      for (let i = 0; i < rows; i++) out[i] = probability(out[i] as number)
    },
  }
}

const probability = (score: number): number => 1 / (1 + Math.exp(-score))

/** The log odds of one row. `many` adds the same numbers in the same order, so both give the same bits. */
function scoreRow({ base, roots, test, threshold, children, values }: Forest, row: Float64Array): number {
  let score = base
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree] as number
    while (node >= 0) {
      const how = test[node] as number
      const x = row[how >> 1] as number
      const limit = threshold[node] as number
      // NaN fails every comparison: asking the other way round sends it left
      const left = (how & 1) === 1 ? !(x > limit) : x <= limit
      node = children[node * 2 + (left ? 0 : 1)] as number
    }
    score += values[~node] as number
  }
  return score
}
