import { GalleyError } from '../base/errors.ts'
import { optionsOf } from '../plan/columns/options.ts'
import type { EvaluateOptions } from './options.ts'

/** What wrong answers cost and what a right yes brings, a row, in the same money. */
export interface RowCosts {
  readonly falsePositive: number
  readonly falseNegative: number
  readonly truePositive: number
}
/** A score, or costs: the cheapest one on validation rows. */
export type ThresholdRule = number | RowCosts
/** From where on scores count as positive, as a recipe says it: a score, or what wrong answers cost. */
export type SaidThreshold = number | NonNullable<EvaluateOptions['costs']>

const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line

/** @throws RECIPE_INVALID for what are no costs, and for costs of one mistake alone */
export function costsOf(id: string, costs: NonNullable<EvaluateOptions['costs']>, binary: boolean): RowCosts {
  if (!binary)
    throw refuse(`'${id}' is given costs of wrong answers`, 'its model tells no yes from no', 'leave costs out')
  const { falsePositive, falseNegative, truePositive = 0 } = optionsOf(costs, ['falsePositive', 'falseNegative', 'truePositive'], `costs of '${id}'`) // biome-ignore format: one line
  for (const [name, cost] of Object.entries({ falsePositive, falseNegative, truePositive }))
    if (!(Number.isFinite(cost) && cost >= 0))
      throw refuse(`'${id}' is given ${String(cost)} as the cost '${name}'`, 'a cost is a number from 0 on', 'correct it') // biome-ignore format: one line
  if (!(falsePositive > 0 && falseNegative + truePositive > 0))
    throw refuse(`'${id}' is given costs of one mistake alone`, 'then it is cheapest to call all rows, or none', 'say what both mistakes cost') // biome-ignore format: one line
  return { falsePositive, falseNegative, truePositive }
}

/** @throws RECIPE_INVALID where the goal has no yes and no, and for what is neither a score nor costs */
export function thresholdOf(id: string, said: SaidThreshold, binary: boolean): ThresholdRule {
  if (!binary) throw refuse(`'${id}' is given a threshold`, 'its model tells no yes from no', 'leave threshold out')
  if (typeof said === 'object' && said !== null) return costsOf(id, said, binary)
  if (typeof said === 'number' && said >= 0 && said <= 1) return said
  throw refuse(
    `'${id}' has the threshold ${String(said)}`,
    'it is a probability, or what wrong answers cost',
    'write threshold: 0.3, or threshold: { falsePositive: 15, falseNegative: 75 }',
  )
}
