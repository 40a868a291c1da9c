import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import type { Output, StepKind } from '../kind.ts'
import type { ApprovalSpec } from '../specs.ts'

export interface ApprovalOutput extends Output {
  readonly approval: number
  readonly by: string
  readonly note: string | null
}

/** Goes on once somebody has approved of what its inputs left; the same content is asked about once. */
export const approvalStep: StepKind<ApprovalSpec, ApprovalOutput> = {
  kind: 'approval',
  module: import.meta.url,
  async run(ctx) {
    const { ask } = ctx.step.spec
    const made = ctx.step.inputs.map((id) => [id, ctx.input(id).hash] as const)
    const { approval, fresh } = await ctx.store.approvals.ask(ctx.scope, {
      ...{ recipe: ctx.recipe.name, partition: ctx.recipe.partition, step: ctx.step.id, run: ctx.run.id, ask },
      ...{ subject: hashJson(made), made: made.map(([step]) => ({ step, says: ctx.saysOf(step) })) },
    })
    if (approval.status === 'open') return { approval: approval.number, ask, fresh }
    if (approval.status === 'rejected')
      throw new GalleyError('APPROVAL_REJECTED', {
        what: `${approval.decidedBy} rejected '${ctx.step.id}'${approval.note ? `: ${approval.note}` : ''}`,
        why: `approval ${approval.number} was asked of exactly what this run made`,
        fix: `change what it is made of, or approve after all: galley approvals approve ${approval.number}`,
        details: { approval: approval.number },
      })
    const by = approval.decidedBy ?? ''
    return { output: { hash: hashJson(made), approval: approval.number, by, note: approval.note } }
  },
  summary: (o) => `approved by ${o.by}${o.note ? `: ${o.note}` : ''}`,
}
