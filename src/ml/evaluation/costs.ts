import type { ThresholdRule } from '../../runs/threshold.ts'
import { chooseThreshold, confusionAt } from './confusion.ts'
import { expanded, type Interval, percentile } from './interval.ts'
import { resampledRankings } from './ranked.ts'
import type { Ranking } from './ranking.ts'
import type { Resampling } from './resample.ts'

/** What decisions cost, each row in the same money: a wrong yes, a wrong no, and what a right yes brings. */
export interface Costs {
  readonly falsePositive: number
  readonly falseNegative: number
  /** 0 unless given. */
  readonly truePositive?: number
}

export interface CostReport {
  readonly costs: Required<Costs>
  /** The cheapest threshold on validation rows, and where it lies in resamples of them. */
  readonly threshold: Interval
  /** Mean cost a row of the report's rows: at that threshold, with nobody called positive, with everybody. */
  readonly test: { readonly chosen: Interval; readonly never: number; readonly always: number }
  /** The same at the threshold that the model has, where it has one. */
  readonly own?: { readonly threshold: number; readonly cost: number }
  /** Mean cost a row by threshold, on the report's rows. */
  readonly curve: readonly { readonly threshold: number; readonly cost: number }[]
  /** Net benefit (Vickers and Elkin 2006) by threshold probability: of the model, and of calling everybody positive; of nobody it is 0. */
  readonly decision: readonly { readonly threshold: number; readonly model: number; readonly all: number }[]
}

const POINTS = 100

/** Mean cost a row at a threshold; NaN without rows. */
export function costAt(ranking: Ranking, threshold: number, costs: Costs): number {
  const c = confusionAt(ranking, threshold)
  const sum = c.falsePositives * costs.falsePositive + c.falseNegatives * costs.falseNegative - c.truePositives * (costs.truePositive ?? 0) // biome-ignore format: one line
  return sum / ranking.rows
}

/** A right yes that brings something is a wrong no that costs as much more. */
const cheapest = (ranking: Ranking, { falsePositive, falseNegative, truePositive = 0 }: Costs): number =>
  chooseThreshold(ranking, { by: 'cost', falsePositive, falseNegative: falseNegative + truePositive })

/** The threshold that a rule gives on validation rows; without one that of the best F1. */
export function thresholdBy(ranking: Ranking, rule: ThresholdRule | undefined): number {
  if (rule === undefined) return chooseThreshold(ranking, { by: 'f1' })
  return typeof rule === 'number' ? rule : cheapest(ranking, rule)
}

/** The threshold is chosen on `validate`, its costs are told of `test`. null where either has no rows. @throws CANCELLED */
export async function costReport(
  validate: Ranking,
  test: Ranking,
  costs: Costs,
  how: Resampling,
  own: number | null = null,
): Promise<CostReport | null> {
  if (validate.rows === 0 || test.rows === 0) return null
  const chosen = cheapest(validate, costs)
  const found = new Float64Array(how.resamples)
  await resampledRankings(validate, { ...how, cuts: [chosen] }, (r, at) => {
    found[at] = cheapest(r, costs)
  })
  const spent = new Float64Array(how.resamples)
  await resampledRankings(test, { ...how, cuts: [chosen] }, (r, at) => {
    spent[at] = costAt(r, chosen, costs)
  })
  const thresholds = Array.from({ length: POINTS + 1 }, (_, i) => i / POINTS)
  const rate = test.positives / test.rows
  return {
    costs: { truePositive: 0, ...costs },
    threshold: percentile(chosen, found, expanded(how.confidence, validate.rows)),
    test: {
      chosen: percentile(costAt(test, chosen, costs), spent, expanded(how.confidence, test.rows)),
      never: rate * costs.falseNegative,
      always: (1 - rate) * costs.falsePositive - rate * (costs.truePositive ?? 0),
    },
    ...(own === null ? {} : { own: { threshold: own, cost: costAt(test, own, costs) } }),
    curve: thresholds.map((threshold) => ({ threshold, cost: costAt(test, threshold, costs) })),
    decision: thresholds.slice(1, -1).map((threshold) => {
      const { truePositives, falsePositives } = confusionAt(test, threshold)
      const odds = threshold / (1 - threshold)
      return {
        threshold,
        model: (truePositives - falsePositives * odds) / test.rows,
        all: rate - (1 - rate) * odds,
      }
    }),
  }
}
