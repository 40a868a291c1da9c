import type { Evaluator } from '../../../plan/evaluator.ts'
import { BINARY, type Goal, linkOf } from '../../../runs/goal.ts'
import { largest, meanOfLog } from '../model.ts'
import { softmaxInPlace } from '../softmax.ts'
import type { TrainedModel } from '../trainer.ts'
import { askedOf, type Forest, goesLeft, readForest } from './forest.ts'
import { makeScorer } from './scorer.ts'
import { shapOf } from './shap.ts'

/** A gbdt model made ready to score. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadForest(model: TrainedModel): Evaluator {
  const forest = readForest(model)
  const score = makeScorer(forest, model.features.length)
  const outputs = forest.bases.length
  const { counts } = forest
  const contributions = counts && shapOf(forest, counts, model.features.length)
  const about = { kind: 'gbdt', inputs: model.features, outputs, ...(contributions ? { contributions } : {}) }
  if (outputs > 1)
    return {
      ...about,
      one: (given, out = new Float64Array(outputs)) => {
        const row = askedOf(forest, given)
        for (let k = 0; k < outputs; k++) out[k] = scoreRow(forest, row, k)
        softmaxInPlace(out, 0, outputs)
        return largest(out, 0, outputs)
      },
      many: (columns, rows, out) => {
        score(columns, rows, out)
        for (let i = 0; i < rows; i++) softmaxInPlace(out, i * outputs, outputs)
      },
    }
  const answer = answerOf(model.goal ?? BINARY)
  return {
    ...about,
    one: (row) => answer(scoreRow(forest, askedOf(forest, row), 0)),
    many: (columns, rows, out) => {
      score(columns, rows, out)
      for (let i = 0; i < rows; i++) out[i] = answer(out[i] as number)
    },
  }
}

/** What a score says. */
function answerOf(goal: Goal): (score: number) => number {
  const link = linkOf(goal)
  if (link === 'logit') return (score) => 1 / (1 + Math.exp(-score))
  return link === 'log' ? meanOfLog : (score) => score
}

/** The score of one row for one output. `many` adds the same numbers in the same order, so both give the same bits. */
function scoreRow(forest: Forest, row: Float64Array, output: number): number {
  const { bases, roots, children, values } = forest
  let score = bases[output] as number
  for (let tree = output; tree < roots.length; tree += bases.length) {
    let node = roots[tree] as number
    while (node >= 0) node = children[node * 2 + (goesLeft(forest, node, row) ? 0 : 1)] as number
    score += values[~node] as number
  }
  return score
}
