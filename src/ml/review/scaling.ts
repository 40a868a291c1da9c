import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Candidate } from '../../runs/specs.ts'
import type { ParameterCurve } from './evaluation.ts'
import { type Again, laws, lossOf, trainedOn } from './inspect.ts'
import { mainOf, scoredOf } from './judge.ts'
import type { PartRows } from './rows.ts'

/**
 * The candidate learnt anew on all training rows with each value of a parameter, the others as they are. `lacks` is told of a parameter that its trainer
 * has not, and may throw. @throws CANCELLED
 */
export async function parameterCurves(
  candidate: Candidate,
  asked: Readonly<Record<string, readonly number[]>>,
  { train, validate, weights }: { train: PartRows; validate: PartRows; weights: Float64Array | undefined },
  again: Again,
  {
    progress,
    lacks,
  }: { progress(done: number, total: number): void; lacks(parameter: string, thrown: GalleyError): void },
): Promise<ParameterCurve[]> {
  const total = Object.values(asked).reduce((n, values) => n + values.length, 0)
  let done = 0
  const curves: ParameterCurve[] = []
  for (const [parameter, values] of Object.entries(asked)) {
    const points: ParameterCurve['points'][number][] = []
    let missing: GalleyError | undefined
    for (const at of values) {
      progress(done++, total)
      await nextTurn()
      throwIfAborted(again.signal)
      const began = systemClock.ticks()
      const params = { ...candidate.params, [parameter]: at }
      const evaluator = await trainedOn({ trainer: candidate.trainer, params }, train, validate, weights, again).catch(
        (thrown: unknown) => {
          if (!(thrown instanceof GalleyError && thrown.details['known'] && thrown.details['parameter'] === parameter))
            throw thrown
          missing = thrown
        },
      )
      if (!evaluator) break
      const seconds = (systemClock.ticks() - began) / 1000
      const value = lossOf(await scoredOf(again.goal, evaluator, validate))
      const own = lossOf(await scoredOf(again.goal, evaluator, train))
      if (!Number.isNaN(value + own)) points.push({ at, value, train: own, seconds })
    }
    if (missing) {
      lacks(parameter, missing)
      continue
    }
    const own = candidate.params[parameter]
    curves.push({ parameter, now: typeof own === 'number' ? own : null, metric: mainOf(again.goal).metric, points, ...laws(points) }) // biome-ignore format: one line
  }
  return curves
}
