import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { rowsOf } from '../../engines/plans.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepKind } from '../kind.ts'
import type { ConditionSpec } from '../specs.ts'
import { plural } from '../text.ts'

export interface ConditionOutput extends Output {
  readonly holds: boolean
  readonly title: string
}

/** Asks a question of a table's one row, by which a branch is taken; null counts as no. */
export const conditionStep: StepKind<ConditionSpec, ConditionOutput> = {
  kind: 'condition',
  module: import.meta.url,
  async run(ctx) {
    const { plan, title } = ctx.step.spec
    const rows = await rowsOf(
      ctx,
      boundPlan(plan.root, (id) => ctx.input<Rows & Output>(id)),
    )
    if (rows.length !== 1)
      throw new GalleyError('STEP_FAILED', {
        what: `'${ctx.step.id}' is asked of a table that has ${plural(rows.length, 'row')}`,
        why: 'a condition is asked of one row: nobody could say which of several counts',
        fix: 'make it one, for instance t.aggregate([], (r) => ({ rows: count() }))',
      })
    const holds = rows[0]?.['holds'] === true
    return { output: { hash: hashJson(holds), holds, title } }
  },
  summary: (o) => `${o.title}: ${o.holds ? 'yes' : 'no'}`,
}
