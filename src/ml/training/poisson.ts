import { learnGlm } from './glm.ts'
import { checkColumns } from './intake.ts'
import { loadLinear } from './logisticModel.ts'
import { checkModel } from './model.ts'
import { type NumberParam, numberParams } from './params.ts'
import type { Trainer } from './trainer.ts'

/** As those of `logistic`: λ in Σ loss + λ/2 · Σ w², over standardised columns and without the intercept. */
const POISSON_PARAMS = {
  l2: { value: 1, min: 0, max: 1e12 },
  maxIterations: { value: 50, min: 1, max: 1000, integer: true },
  tolerance: { value: 1e-9, min: 0, max: 1 },
} as const satisfies Record<string, NumberParam>

/** Poisson regression with a logarithmic link: the mean of counts, always above 0. Missing and infinite values as `logistic` takes them. */
export const poisson: Trainer = {
  kind: 'poisson',
  goals: ['poisson'],
  async train(task, ctx) {
    const params = numberParams('poisson', task.params, POISSON_PARAMS)
    checkColumns(task)
    return learnGlm('poisson', task, params, ctx)
  },
  load(model) {
    checkModel(model, 'poisson')
    return loadLinear(model)
  },
}
