import { join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { checkExpectations, type Verdict } from '../../data/quality/expectations.ts'
import { build, plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../code.ts'
import { wholePlan } from '../inline.ts'
import type { Output, StepKind } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import { plural } from '../text.ts'
import { materialise, rowsOf, summarise, type TableOutput, whole } from './table.ts'

export interface DatasetOutput extends TableOutput {
  readonly name: string
  readonly version: number
  readonly verdicts: readonly Verdict[]
}

/** Publishes a version of a dataset: unfitted features, checked, immutable, with its manifest. */
export const datasetStep: StepKind<DatasetSpec, DatasetOutput> = {
  kind: 'dataset',
  module: import.meta.url,
  async run(ctx) {
    const { spec, id } = ctx.step
    const table = await materialise(ctx, spec.plan.root, id, {
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
    const scan = build({ op: 'scan', from: { kind: 'parquet', files: table.files }, schema: table.schema })
    const verdicts = await checkExpectations(scan, spec.expect, (n) => rowsOf(ctx, n))
    const broken = verdicts.filter((v) => v.failed > 0)
    if (broken.length > 0)
      throw new GalleyError('QUALITY_FAILED', {
        what: `'${id}' breaks ${broken.length} of its expectations`,
        why: broken.map((v) => `${v.title}: ${plural(v.failed, 'row')}`).join('; '),
        fix: 'reject such rows with a reason, or correct the expectation',
        details: { failed: Object.fromEntries(broken.map((v) => [v.title, v.failed])) },
      })
    const output: DatasetOutput = { ...table, name: id, version: 0, verdicts }
    return {
      output,
      async publish(tx) {
        // the same content as the newest version is that version
        const newest = await tx.datasets.find(ctx.scope, id)
        if (newest?.hash === output.hash) return { ...output, version: newest.version }
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
        return { ...output, version: published.version }
      },
    }
  },
  present: whole,
  summary: (o) =>
    `${o.name}@${o.version}  ${summarise(o)}${o.verdicts.length > 0 ? `  ${o.verdicts.length} check${o.verdicts.length === 1 ? '' : 's'} passed` : ''}`,
}
