import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import { runPlan } from '../../engines/plans.ts'
import { build } from '../../plan/nodes.ts'
import { codeHash } from '../../runs/code.ts'
import { holidaysNamed } from '../../runs/holidays/countries.ts'
import type { IdentityContext, StepContext, StepKind } from '../../runs/kind.ts'
import type { ForecastSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { keepMade } from '../../runs/steps/made.ts'
import { summarise } from '../../runs/steps/table.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { datasetPlanHash, isMadeKept, type ModelTable } from '../unsupervised/kept.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import type { Cell } from '../unsupervised/pairs.ts'
import { tableOf } from '../unsupervised/rows.ts'
import { type Forecasts, forecastRows } from './forecasting.ts'
import { seriesText } from './panel.ts'

/** The table of what is expected, and the model's version. */
export type ForecastOutput = ModelTable

/** A model version of forecasts, as it is stored: what was fitted to each series. */
interface ForecastPackage {
  /** What was learnt from all series together. */
  readonly trained: readonly TrainedModel[]
  readonly format: 1
  readonly kind: 'forecast'
  readonly forecaster: string
  readonly season: number
  readonly horizon: number
  readonly series: readonly { readonly keys: readonly (string | number)[]; readonly model: string; readonly figures: Readonly<Record<string, number>> }[] // biome-ignore format: one line
}

/** Forecasts the series of a dataset, registers what was fitted and gives the table of what is expected. */
export const forecastStep: StepKind<ForecastSpec, ForecastOutput> = {
  kind: 'forecast',
  module: import.meta.url,
  async identity(spec, ctx) {
    return spec.holidays === null ? spec : { ...spec, days: hashJson(await daysOf(spec.holidays, ctx)) }
  },
  async run(ctx) {
    const { spec, id } = ctx.step
    const dataset = ctx.input<DatasetOutput>(ctx.step.inputs[0] ?? '')
    const folder = ctx.store.home.tmp.file('.forecast')
    await mkdir(folder, { recursive: true })
    try {
      const made = await forecast(ctx, dataset, folder)
      const pack = packageOf(spec, made)
      const blob = await ctx.store.blobs.put(ctx.scope, JSON.stringify(pack))
      const table = await keepMade(ctx, made.node, ctx.step.spec.schema)
      const { figures } = made
      const output: ForecastOutput = { ...table, model: id, version: 0, blob: blob.hash, figures }
      return {
        output,
        async publish(tx) {
          const published = await tx.models.publish(ctx.scope, {
            ...{ name: id, kind: spec.forecaster, blob: blob.hash, bytes: blob.bytes },
            ...{ dataset: dataset.name, datasetVersion: dataset.version, metrics: figures },
            features: [...spec.series, spec.time, spec.target],
            planHash: datasetPlanHash(ctx.recipe, ctx.step.inputs[0] ?? ''),
            codeHash: codeHash(import.meta.url),
            details: { figures, horizon: spec.horizon, every: spec.every, intervals: spec.intervals },
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
    const { series = 0, mase, 'mase_seasonal-naive': simple } = o.figures
    const judged = mase === undefined ? [] : [`MASE ${mase.toFixed(3)}${simple === undefined ? '' : ` (seasonal naive ${simple.toFixed(3)})`}`] // biome-ignore format: one line
    return [`${o.model}@${o.version}`, summarise(o), seriesText(series), ...judged].join('  ')
  },
}

const daysOf = async (name: string, { store, scope }: Pick<IdentityContext, 'store' | 'scope'>): Promise<string[]> =>
  [...(await holidaysNamed(store, scope, name)).days.keys()].sort()

async function forecast(ctx: StepContext<ForecastSpec>, { files, schema }: DatasetOutput, folder: string) {
  const { spec } = ctx.step
  const own: LearnContext = { signal: ctx.signal, progress: (p) => ctx.progress(p), say: (text) => ctx.say(text) }
  const scan = build({ op: 'scan', from: { kind: 'parquet', files }, schema })
  // the same rows in the same order, whatever reads them
  const file = join(folder, 'rows.parquet')
  await runPlan(ctx, scan, { parquet: file })
  const again = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema })
  const holidays = new Set(spec.holidays === null ? [] : await daysOf(spec.holidays, ctx))
  const relation = await runPlan(ctx, again, 'batches')
  try {
    const made = await forecastRows(relation, spec, own, ctx.threads, holidays)
    const columns = spec.schema.map((f) => f.name)
    const node = await tableOf(ctx, folder, { columns, rows: rowsOf(spec, made) }, spec.forecaster)
    return { ...made, node }
  } finally {
    relation.close()
  }
}

function packageOf(
  { forecaster, horizon }: ForecastSpec,
  { season, expected, panel, trained }: Forecasts,
): ForecastPackage {
  const series = expected.map((e) => ({ keys: (panel.keys[e.series] ?? []).map((k) => (typeof k === 'bigint' ? String(k) : k)), model: e.model, figures: e.figures })) // biome-ignore format: one line
  return { format: 1, kind: 'forecast', forecaster, season, horizon, series, trained }
}

/** A row a series and period, series by series. */
function* rowsOf({ horizon, time, schema }: ForecastSpec, { panel, expected }: Forecasts): Generator<Cell[]> {
  const { periods, end, keys } = panel
  const isDate = schema.find((f) => f.name === time)?.type === 'date'
  const moments = Array.from({ length: horizon }, (_, h) => new Date(periods.start(end + 1 + h)).toISOString().slice(0, isDate ? 10 : 19).replace('T', ' ')) // biome-ignore format: one line
  for (const { series, mean, lower, upper, model } of expected)
    for (const [h, moment] of moments.entries())
      yield [
        ...(keys[series] ?? []),
        ...[moment, mean[h] as number],
        ...lower.flatMap((low, l) => [low[h] as number, upper[l]?.[h] as number]),
        model,
      ]
}
