import { loadPlan } from '../plan/json/index.ts'
import type { PlanSpec, Recipe } from './specs.ts'

/** A recipe that was stored, as it was declared: plans checked and built anew, equal parts of them one again. @throws PLAN_* */
export const asDeclared = (stored: Recipe): Recipe => ({
  ...stored,
  steps: stored.steps.map((s) => {
    const { plan } = s.spec as Partial<PlanSpec>
    return plan ? { ...s, spec: { ...(s.spec as object), plan: loadPlan(plan) } } : s
  }),
})
