import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { runPlan } from '../../engines/plans.ts'
import { build } from '../../plan/nodes.ts'
import { codeHash } from '../../runs/code.ts'
import type { StepContext, StepKind } from '../../runs/kind.ts'
import type { LearnSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { keepMade } from '../../runs/steps/made.ts'
import { summarise } from '../../runs/steps/table.ts'
import { integer } from '../../runs/text.ts'
import { learnerOf, pairLearnerOf } from './index.ts'
import { datasetPlanHash, isMadeKept, type ModelTable } from './kept.ts'
import type { LearnContext, LearntModel } from './learner.ts'
import { type Source, tableOf, withOutputs } from './rows.ts'

/** The table of what was learnt, and the model's version. */
export type LearnOutput = ModelTable

/** A model version of what was learnt, as it is stored. */
interface LearntPackage {
  readonly format: 1
  readonly model: LearntModel
}

/** Learns from a dataset without a target, registers the model and gives the table of what it found. */
export const learnStep: StepKind<LearnSpec, LearnOutput> = {
  kind: 'learn',
  module: import.meta.url,
  async run(ctx) {
    const { spec, id } = ctx.step
    const data = ctx.input<DatasetOutput>(ctx.step.inputs[0] ?? '')
    const folder = ctx.store.home.tmp.file('.learn')
    await mkdir(folder, { recursive: true })
    try {
      // every pass reads the same rows in the same order
      const file = join(folder, 'rows.parquet')
      const scan = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
      await runPlan(ctx, scan, { parquet: file })
      const { model, figures, made } = await learn(ctx, { file, schema: data.schema, rows: data.rows, folder })
      const pack: LearntPackage = { format: 1, model }
      const blob = await ctx.store.blobs.put(ctx.scope, JSON.stringify(pack))
      const table = await keepMade(ctx, made, ctx.step.spec.schema)
      const output: LearnOutput = { ...table, model: id, version: 0, blob: blob.hash, figures }
      const dataset = ctx.step.inputs[0] ?? ''
      return {
        output,
        async publish(tx) {
          const published = await tx.models.publish(ctx.scope, {
            ...{ name: id, kind: spec.learner, blob: blob.hash, bytes: blob.bytes },
            ...{ dataset: data.name, datasetVersion: data.version, metrics: figures, features: model.features },
            planHash: datasetPlanHash(ctx.recipe, dataset),
            codeHash: codeHash(import.meta.url),
            details: { figures, columns: spec.columns },
            ...{ run: ctx.run.id, step: id },
          })
          return { ...output, version: published.version }
        },
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  present: isMadeKept,
  summary(o) {
    const figures = Object.entries(o.figures).slice(0, 4).map(([name, value]) => `${name} ${Number.isInteger(value) ? integer(value) : +value.toPrecision(4)}`) // biome-ignore format: one line
    return [`${o.model}@${o.version}`, summarise(o), ...figures].join('  ')
  },
}

async function learn(ctx: StepContext<LearnSpec>, source: Source) {
  const { spec } = ctx.step
  const own: LearnContext = { signal: ctx.signal, progress: (p) => ctx.progress(p), say: (text) => ctx.say(text) }
  const relation = await runPlan(ctx, build({ op: 'scan', from: { kind: 'parquet', files: [source.file] }, schema: source.schema }), 'batches') // biome-ignore format: one line
  try {
    const rows = { ...relation, rows: source.rows, batches: relation.batches.bind(relation) }
    const common = { rows, params: spec.params, seed: spec.seed, threads: ctx.threads }
    if (spec.of !== 'rows') {
      const learner = await pairLearnerOf(spec.learner)
      const columns = spec.columns as Readonly<Record<string, string>>
      const { model, figures, ...made } = await learner.learn({ ...common, columns }, own)
      return { model, figures, made: await tableOf(ctx, source.folder, made, spec.learner) }
    }
    const learner = await learnerOf(spec.learner)
    const model = await learner.fit({ ...common, features: spec.columns['features'] as readonly string[] }, own)
    const assigner = learner.load(model)
    const given = spec.schema.slice(source.schema.length).map((f) => f.name)
    if (given.join() !== assigner.outputs.map((o) => o.name).join())
      throw new GalleyError('RECIPE_INVALID', {
        what: `${spec.learner} gives ${assigner.outputs.map((o) => o.name).join(', ')}, and the recipe says ${given.join(', ')}`,
        fix: 'declare the step with the function of the learner',
      })
    return { model, figures: learner.figures(model), made: await withOutputs(ctx, source, rows, assigner) }
  } finally {
    relation.close()
  }
}
