import { join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import type { Verdict } from '../../data/quality/expectation.ts'
import { withQuarantine } from '../../data/quality/quarantine.ts'
import { plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../code.ts'
import { wholePlan } from '../inline.ts'
import type { Output, StepKind } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import { checkQuality } from './quality.ts'
import { materialise, summarise, type TableOutput, whole } from './table.ts'

export interface DatasetOutput extends TableOutput {
  readonly name: string
  readonly version: number
  readonly verdicts: readonly Verdict[]
}

/** Publishes a version of a dataset: unfitted features, checked, immutable, with its manifest. */
export const datasetStep: StepKind<DatasetSpec, DatasetOutput> = {
  kind: 'dataset',
  module: import.meta.url,
  // what is fresh today may be stale tomorrow
  identity: async (spec, { started }) => (spec.expect.some((x) => x.kind === 'fresh') ? { spec, started } : spec),
  async run(ctx) {
    const { spec, id } = ctx.step
    const table = await materialise(ctx, withQuarantine(spec.plan.root, spec.expect), id, {
      split: spec.split,
      moment: spec.moment,
      planHash: hashPlan(plan(wholePlan(ctx.recipe, id))),
      codeHash: codeHash(import.meta.url),
    })
    if (table.rows === 0) {
      const bare = ctx.step.inputs.find((input) => ctx.input<Partial<TableOutput> & Output>(input).rows === 0)
      throw new GalleyError('DATASET_EMPTY', {
        what: `the dataset '${id}' would be empty`,
        why: bare
          ? `'${bare}', which it is made of, has no rows`
          : 'every row was rejected, filtered out or found no partner',
        fix: bare
          ? `look at where '${bare}' comes from`
          : 'look at the conditions of its plan, and at the reasons above',
      })
    }
    const { verdicts, check } = await checkQuality(ctx, table)
    const output: DatasetOutput = { ...table, name: id, version: 0, verdicts }
    return {
      output,
      async publish(tx) {
        // the same content as the newest version is that version
        const newest = await tx.datasets.find(ctx.scope, id)
        if (newest?.hash === output.hash) {
          await tx.quality.record(ctx.scope, { ...check, version: newest.version })
          return { ...output, version: newest.version }
        }
        const published = await tx.datasets.publish(ctx.scope, {
          name: id,
          rows: table.rows,
          bytes: table.bytes,
          schema: table.schema,
          hash: output.hash,
          path: join(ctx.scope.workspace, id, table.folder.slice(table.folder.lastIndexOf('/') + 1), 'manifest.json'),
          parents: ctx.step.inputs.map((step) => ({ step, hash: ctx.input(step).hash })),
          details: {
            split: spec.split,
            rejected: table.rejected,
            ...(table.quarantine ? { rejectedFile: relative(ctx.store.home.path, table.quarantine) } : {}),
            verdicts,
          },
          run: ctx.run.id,
          step: id,
        })
        await tx.quality.record(ctx.scope, { ...check, version: published.version })
        return { ...output, version: published.version }
      },
    }
  },
  present: whole,
  summary: (o) => `${o.name}@${o.version}  ${summarise(o)}${passedText(o.verdicts)}`,
}

function passedText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const passed = verdicts.filter((v) => v.passed).length
  const warned = verdicts.length - passed
  return `  ${passed} check${passed === 1 ? '' : 's'} passed${warned > 0 ? `, ${warned} warned` : ''}`
}
