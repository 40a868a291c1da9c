import { z } from 'zod'
import { GalleyError } from '../base/errors.ts'
import { loadPlan } from '../plan/json/index.ts'
import { checkName } from './checks.ts'
import type { PlanSpec, Recipe } from './specs.ts'
import { LONGEST } from './timeouts.ts'

/** Steps of one recipe. */
const MOST_STEPS = 5000

const shape = z.looseObject({
  format: z.literal(1),
  name: z.string(),
  // told beside its runs and jobs
  partition: z
    .string()
    .regex(/^[^\p{C}]{1,500}$/u, 'a partition is a text of 1 to 500 characters')
    .optional(),
  // said by a step that shares out its work, never by whoever sends a recipe
  share: z.undefined().optional(),
  steps: z
    .array(
      z.looseObject({
        id: z.string(),
        kind: z.enum([
          'source',
          'table',
          'dataset',
          'analyse',
          'statistics',
          'train',
          'learn',
          'onnx',
          'evaluate',
          'forecast',
          'serve',
          'condition',
          'either',
          'approval',
          'process',
        ]),
        inputs: z.array(z.string()),
        spec: z.looseObject({}),
        after: z
          .array(
            z.object({ of: z.array(z.string()).min(1), is: z.enum(['done', 'holds', 'fails', 'failed']) }).strict(),
          )
          .optional(),
        timeout: z.number().int().min(1).max(LONGEST).optional(),
      }),
    )
    .min(1, 'it has no steps')
    .max(MOST_STEPS, `it has more than ${MOST_STEPS} steps`),
})

/**
 * A recipe that comes as JSON, checked as one that is declared: names (which become paths and keys), steps that read earlier ones, plans.
 * @throws RECIPE_INVALID, PLAN_*
 */
export function recipeOf(json: unknown): Recipe {
  const invalid = (what: string, why?: string) =>
    new GalleyError('RECIPE_INVALID', { what, ...(why ? { why } : {}), fix: 'send what `galley run --queue` sends: a recipe as it was declared' }) // biome-ignore format: one line
  const parsed = shape.safeParse(json)
  const [issue] = parsed.error?.issues ?? []
  if (issue || !parsed.data)
    throw invalid(`it is no recipe`, `'${issue?.path.map(String).join('.')}': ${issue?.message}`)
  checkName(parsed.data.name, 'recipe')
  const seen = new Set<string>()
  for (const { id, kind, inputs, after = [] } of parsed.data.steps) {
    checkName(id, kind)
    if (seen.has(id)) throw invalid(`two steps are named '${id}'`)
    const unknown = [...inputs, ...after.flatMap((a) => a.of)].find((input) => !seen.has(input))
    if (unknown !== undefined) throw invalid(`step '${id}' reads '${unknown}'`, 'no step before it has that name')
    seen.add(id)
  }
  return asDeclared(parsed.data as unknown as Recipe)
}

/** A recipe that was stored, as it was declared: plans checked and built anew, equal parts of them one again. @throws PLAN_* */
export const asDeclared = (stored: Recipe): Recipe => ({
  ...stored,
  steps: stored.steps.map((s) => {
    const { plan } = s.spec as Partial<PlanSpec>
    return plan ? { ...s, spec: { ...(s.spec as object), plan: loadPlan(plan) } } : s
  }),
})

/** What a worker runs: a recipe that was sent, or a share of a step's work, which Galley has queued itself. @throws RECIPE_INVALID, PLAN_* */
export const runnable = (json: unknown): Recipe => (isShare(json) ? asDeclared(json) : recipeOf(json))

/** Whether a job's recipe is a share of a step of another run, which tells what comes of it. */
export const isShare = (json: unknown): json is Recipe =>
  typeof json === 'object' && json !== null && 'share' in json && json.share !== undefined
