import { GalleyError } from '../../base/errors.ts'
import { isOnDevice } from '../../engines/webgpu/table.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { binEdges, sampleRows } from './bins.ts'
import { orOnHost } from './device/fallback.ts'
import { checkClasses, checkColumns, checkSameRows, numericBatches } from './intake.ts'
import { isPlain } from './labels.ts'
import { broken, checkModel, decodeFloat64, encodeArray, largest, outputsOf } from './model.ts'
import { type NumberParam, numberParams } from './params.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** `by` (names of up to three features) is read apart. `smoothing` is the rows' worth of the overall rate in every cell. */
export const BASELINE_PARAMS = {
  bins: { value: 64, min: 2, max: 255, integer: true },
  smoothing: { value: 20, min: 0, max: 1e9 },
} as const satisfies Record<string, NumberParam>

const MOST = 3

/**
 * What a model has to beat: the overall rate of the target, or its rate in the cells of a grid over the features named in
 * `by`, each cut into quantile bins (missing values have their own), drawn towards the overall rate:
 * (positives + smoothing · rate) / (rows + smoothing). Of other goals: the rates of classes, the mean (of a ranking, of relevances), or the quantile.
 */
export const baseline: Trainer = {
  kind: 'baseline',
  goals: ['binary', 'multiclass', 'ranking', 'squared', 'absolute', 'quantile', 'poisson', 'tweedie'],
  train,
  load,
}

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = baselineParams(task)
  checkColumns(task, false)
  const { train } = task
  if (!isPlain(task)) return (await import('./baselineGoals.ts')).learnGrid(task, params, ctx)
  if (isOnDevice(train)) {
    const [{ learnOnDevice }, { beginBaseline }] = [await import('./device/begin.ts'), await import('./device/baseline.ts')] // biome-ignore format: one line
    const made = await orOnHost(ctx, () => learnOnDevice(beginBaseline, { ...task, train }, ctx))
    if (made) return made
  }
  return baselineModel(task, params, await gridOnHost(task, params.by, params.bins, ctx))
}

/** A task's parameters. @throws USAGE_INVALID */
export const baselineParams = (task: TrainTask) => ({
  ...numberParams('baseline', task.params, BASELINE_PARAMS, ['by']),
  by: byOf(task),
})

/** What a pass over the rows finds: the borders of the axes, and rows and positives by cell. */
export interface Grid {
  readonly prior: number
  readonly axes: readonly Float64Array[]
  readonly rows: Float64Array
  readonly positives: Float64Array
}

/** The model of a grid. */
export function baselineModel(
  { features, target }: TrainTask,
  params: ReturnType<typeof baselineParams>,
  { prior, axes, rows, positives }: Grid,
): TrainedModel {
  const { by } = params
  const rates = rows.map((n, cell) =>
    n + params.smoothing === 0
      ? prior
      : ((positives[cell] as number) + params.smoothing * prior) / (n + params.smoothing),
  )
  return {
    ...{ format: 1, kind: 'baseline', features, target, params },
    body: {
      prior,
      by: by.map((name) => features.indexOf(name)),
      edges: Object.fromEntries(axes.map((edges, i) => [String(i), encodeArray(edges)])),
      rates: by.length === 0 ? encodeArray(Float64Array.of(prior)) : encodeArray(rates),
    },
  }
}

/** The borders of the axes, and rows and positives by cell, in two passes. */
async function gridOnHost(task: TrainTask, by: readonly string[], bins: number, ctx: TrainContext): Promise<Grid> {
  const sample = await sampleRows(task.train, by, task.target, task.seed, ctx.signal)
  checkClasses(sample, task.target)
  const prior = sample.positives / sample.rows
  const axes = sample.columns.map((values) => binEdges(values, bins))
  const size = axes.reduce((product, edges) => product * (edges.length + 2), 1)
  const rows = new Float64Array(size)
  const positives = new Float64Array(size)
  let read = 0
  if (by.length > 0) {
    for await (const batch of numericBatches(task.train, by, task.target, ctx.signal)) {
      const cells = new Int32Array(batch.rows)
      for (const [f, edges] of axes.entries()) {
        const values = batch.feature(f)
        for (let i = 0; i < batch.rows; i++)
          cells[i] = (cells[i] as number) * (edges.length + 2) + binOf(edges, values[i] as number)
      }
      for (let i = 0; i < batch.rows; i++) {
        const cell = cells[i] as number
        rows[cell] = (rows[cell] as number) + 1
        positives[cell] = (positives[cell] as number) + (batch.labels[i] as number)
      }
      read += batch.rows
      ctx.progress({ done: read, total: sample.rows, unit: 'rows' })
    }
    checkSameRows(sample.rows, read)
  }
  return { prior, axes, rows, positives }
}

function byOf({ params, features }: TrainTask): readonly string[] {
  const by = params['by'] ?? []
  if (!Array.isArray(by) || by.length > MOST || new Set(by).size !== by.length)
    throw new GalleyError('USAGE_INVALID', {
      what: `baseline: by must be a list of up to ${MOST} different features`,
      why: `it is ${JSON.stringify(by)}`,
    })
  for (const name of by as readonly string[])
    if (!features.includes(name))
      throw new GalleyError('USAGE_INVALID', {
        what: `baseline: by names "${name}", which is not one of the features`,
        fix: `choose from: ${features.join(', ')}`,
      })
  return by as readonly string[]
}

/** The number of edges below x; one more than the last bin for a missing value. */
export function binOf(edges: Float64Array, x: number): number {
  if (Number.isNaN(x)) return edges.length + 1
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] as number) < x) low = middle + 1
    else high = middle
  }
  return low
}

/** A baseline's grid: its features by name, the borders of their axes, and the rate of each cell. */
export function readGrid(model: TrainedModel) {
  checkModel(model, 'baseline')
  const { body } = model
  const by = body['by'] as readonly number[]
  const rates = decodeFloat64(body, 'rates')
  const axes = by.map((_, i) => decodeFloat64(body['edges'] as Record<string, unknown>, String(i)))
  if (rates.length !== outputsOf(model) * axes.reduce((product, edges) => product * (edges.length + 2), 1))
    throw broken('its grid and rates disagree')
  return { by: by.map((f) => model.features[f] as string), places: by, axes, rates }
}

function load(model: TrainedModel): Evaluator {
  const { places: by, axes, rates } = readGrid(model)
  const outputs = outputsOf(model)
  const cellOf = (valueAt: (feature: number) => number): number => {
    let cell = 0
    for (let i = 0; i < axes.length; i++) {
      const edges = axes[i] as Float64Array
      cell = cell * (edges.length + 2) + binOf(edges, valueAt(by[i] as number))
    }
    return cell * outputs
  }
  return {
    kind: 'baseline',
    inputs: model.features,
    outputs,
    one: (row, out) => {
      const cell = cellOf((f) => row[f] as number)
      if (outputs === 1) return rates[cell] as number
      out?.set(rates.subarray(cell, cell + outputs))
      return largest(rates, cell, outputs)
    },
    many: (columns, rows, out) => {
      for (let i = 0; i < rows; i++) {
        const cell = cellOf((f) => (columns[f] as Float64Array)[i] as number)
        for (let k = 0; k < outputs; k++) out[i * outputs + k] = rates[cell + k] as number
      }
    },
  }
}
