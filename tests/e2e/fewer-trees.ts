import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { gbdt } from '../../src/ml/training/candidates.ts'
import type { Recipe, TrainSpec } from '../../src/runs/specs.ts'

/** The flight delays as they are, with fewer trees: a software driver takes milliseconds a kernel. */
export function fewerTrees(flights: string, airports: string): Recipe {
  const whole = flightDelay(flights, airports)
  const steps = whole.steps.map((s) => {
    if (s.kind !== 'train') return s
    const spec = s.spec as TrainSpec
    const candidates = spec.candidates.map((c) => (c.trainer === 'gbdt' ? gbdt({ trees: 6, leaves: 8 }) : c))
    return { ...s, spec: { ...spec, candidates } }
  })
  return { ...whole, steps }
}
