import type { StepKind } from '../kind.ts'
import type { EitherSpec } from '../specs.ts'
import { summarise, type TableOutput, whole } from './table.ts'

export interface EitherOutput extends TableOutput {
  /** The step that it is of. */
  readonly taken: string
}

/** Gives the rows of the branch that was taken, where its step left them. */
export const eitherStep: StepKind<EitherSpec, EitherOutput> = {
  kind: 'either',
  module: import.meta.url,
  async run(ctx) {
    const [taken = ''] = ctx.step.inputs
    return { output: { ...ctx.input<TableOutput>(taken), taken } }
  },
  present: whole,
  summary: (o) => `${summarise(o)}  of ${o.taken}`,
}
