import { GalleyError } from '../../base/errors.ts'
import { compileExpr } from '../../engines/closures.ts'
import { gateNames, gateSchema } from '../../runs/gate.ts'
import { BINARY } from '../../runs/goal.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import { METRIC_NAMES, mainMetric, metricOf } from './judged.ts'
import type { CandidateResult } from './learning.ts'

/** A gate that let a model pass. */
export interface Passed {
  readonly title: string
  readonly passed: boolean
}

const three = (n: number | null): string => (n === null ? '–' : n.toFixed(3))

/** @throws GATE_REFUSED when the best candidate does not pass */
export function judge(
  spec: Pick<TrainSpec, 'gate' | 'goal'>,
  best: CandidateResult,
  all: readonly CandidateResult[],
): Passed | null {
  if (!spec.gate) return null
  const base = all.find((c) => c.trainer === 'baseline')
  const goal = spec.goal ?? BINARY
  const { name, of } = mainMetric(goal)
  const row = [best.validate, best.test, base?.validate, base?.test].flatMap((r) =>
    gateNames(goal).map((m) => (r ? metricOf(r, m) : null)),
  )
  const passed = compileExpr(spec.gate.condition, gateSchema(goal))(row) === true
  if (!passed)
    throw new GalleyError('GATE_REFUSED', {
      what: `the gate refuses ${best.trainer}`,
      why: `${spec.gate.title} does not hold: validate ${METRIC_NAMES[name] ?? name} ${three(of(best.validate))}, baseline ${three(base ? of(base.validate) : null)}`,
      fix: 'the service keeps its former model; improve the features or the data, or change the gate on purpose',
      details: {
        candidates: all.map((c) => ({
          trainer: c.trainer,
          [name]: of(c.validate),
          ...(goal.kind === 'regression' || goal.kind === 'ranking'
            ? {}
            : { logLoss: metricOf(c.validate, 'logLoss') }),
        })),
      },
    })
  return { title: spec.gate.title, passed }
}
