import { type baselineParams, binOf } from './baseline.ts'
import { binEdges, sampleFeatures } from './bins.ts'
import { checkSameRows } from './intake.ts'
import { labelledBatches, readTargets, type Targets } from './labels.ts'
import { encodeArray, modelOf } from './model.ts'
import { quantileIn, quantileOf } from './quantiles.ts'
import type { TrainContext, TrainedModel, TrainTask } from './trainer.ts'

/** Cells of rates, means or quantiles, of any goal and with weights; each is drawn towards what all rows say. */
export async function learnGrid(
  task: TrainTask,
  params: ReturnType<typeof baselineParams>,
  ctx: TrainContext,
): Promise<TrainedModel> {
  const targets = await readTargets(task.train, task, ctx.signal)
  const { by, bins, smoothing } = params
  const sample = await sampleFeatures(task.train, by, task.seed, ctx.signal)
  const axes = sample.columns.map((values) => binEdges(values, bins))
  const cells = axes.reduce((product, edges) => product * (edges.length + 2), 1)
  const read = await readCells(task, by, axes, targets, ctx)
  const alpha = quantileIn(targets.goal)
  const { prior, of } =
    alpha === undefined ? meansOf(read, cells, targets, smoothing) : quantilesOf(read, cells, alpha, smoothing)
  return modelOf('baseline', task, targets, params, {
    ...(prior.length === 1 ? { prior: prior[0] } : { priors: [...prior] }),
    by: by.map((name) => task.features.indexOf(name)),
    edges: Object.fromEntries(axes.map((edges, i) => [String(i), encodeArray(edges)])),
    rates: encodeArray(of),
  })
}

/** Rows with the cells that they lie in. */
interface Cells {
  readonly cell: Int32Array
  readonly y: Float64Array
  readonly w: Float64Array | undefined
}

async function readCells(
  task: TrainTask,
  by: readonly string[],
  axes: readonly Float64Array[],
  { rows, classes }: Targets,
  ctx: TrainContext,
): Promise<Cells> {
  const cell = new Int32Array(rows)
  const y = new Float64Array(rows)
  const w = task.weight === undefined ? undefined : new Float64Array(rows)
  let read = 0
  for await (const batch of labelledBatches(task.train, by, task, classes, ctx.signal)) {
    if (read + batch.rows > rows) checkSameRows(rows, read + batch.rows)
    for (const [f, edges] of axes.entries()) {
      const values = batch.feature(f)
      for (let i = 0; i < batch.rows; i++)
        cell[read + i] = (cell[read + i] as number) * (edges.length + 2) + binOf(edges, values[i] as number)
    }
    y.set(batch.y, read)
    if (batch.w) w?.set(batch.w, read)
    read += batch.rows
    ctx.progress({ done: read, total: rows, unit: 'rows' })
  }
  checkSameRows(rows, read)
  return { cell, y, w }
}

function meansOf({ cell, y, w }: Cells, cells: number, targets: Targets, smoothing: number) {
  const { outputs, weight, byClass, mean, goal } = targets
  const several = goal.kind === 'multiclass'
  const prior = several
    ? byClass.map((n) => n / weight)
    : Float64Array.of(goal.kind === 'binary' ? (byClass[1] as number) / weight : mean)
  const sums = new Float64Array(cells * outputs)
  const weights = new Float64Array(cells)
  for (let i = 0; i < y.length; i++) {
    const at = cell[i] as number
    const own = w?.[i] ?? 1
    weights[at] = (weights[at] as number) + own
    const place = several ? at * outputs + (y[i] as number) : at
    sums[place] = (sums[place] as number) + (several ? own : own * (y[i] as number))
  }
  const of = sums.map((sum, place) => {
    const all = (weights[Math.floor(place / outputs)] as number) + smoothing
    const own = prior[place % outputs] as number
    // all rows lie in the only cell: no rounding of a sum and its mean
    return all === 0 || cells === 1 ? own : (sum + smoothing * own) / all
  })
  return { prior, of }
}

function quantilesOf({ cell, y, w }: Cells, cells: number, alpha: number, smoothing: number) {
  const prior = quantileOf(y, alpha, w)
  const places: number[][] = Array.from({ length: cells }, () => [])
  if (cells > 1) for (const [i, at] of cell.entries()) places[at]?.push(i)
  const of = Float64Array.from(places, (rows) => {
    const own = w && Float64Array.from(rows, (i) => w[i] as number)
    const all = own ? own.reduce((sum, x) => sum + x, 0) : rows.length
    if (all === 0) return prior
    const value = quantileOf(
      Float64Array.from(rows, (i) => y[i] as number),
      alpha,
      own,
    )
    return (all * value + smoothing * prior) / (all + smoothing)
  })
  return { prior: Float64Array.of(prior), of }
}
