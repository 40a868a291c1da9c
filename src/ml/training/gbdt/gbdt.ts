import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { isOnDevice } from '../../../engines/webgpu/table.ts'
import { categoriesOf, edgeFinder, letGo, sampleRows } from '../bins.ts'
import { orOnHost } from '../device/fallback.ts'
import { checkClasses, checkColumns, checkSameRows, numericBatches } from '../intake.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from '../trainer.ts'
import { loadForest } from './evaluator.ts'
import { fill } from './fill.ts'
import { forestBody, importanceOf } from './forest.ts'
import { layOut, setUp } from './layout.ts'
import { keepMemory, takeMemory } from './memories.ts'
import { gbdtParams } from './params.ts'
import type { BinnedTree } from './task.ts'
import { growOnWorkers } from './team.ts'
import { beginThreads } from './threads.ts'
import { loadKernels } from './wasm.ts'

/**
 * Gradient-boosted decision trees (for a 0/1 target with logistic loss; for other goals see `goals.ts`): histograms of at most 255 bins, leaf-wise growth, and
 * for missing values a direction learnt at every split (Friedman 2001; Ke et al. 2017, "LightGBM"). Sums are exact
 * integers, so the model is the same on any number of threads. Holds about `2 × features + 35` bytes a row outside the
 * JavaScript heap; reads the rows twice.
 */
export const gbdt: Trainer = {
  kind: 'gbdt',
  goals: ['binary', 'multiclass', 'ranking', 'squared', 'absolute', 'quantile', 'poisson', 'tweedie'],
  train,
  load: loadForest,
}

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const { params, more, told, plain } = gbdtParams(task)
  checkColumns(task)
  const { signal } = ctx
  if (!plain) return (await import('./goals.ts')).learnGoal(task, { params, more, told }, ctx)
  const { train } = task
  if (isOnDevice(train)) {
    const [{ learnOnDevice }, { beginGbdt }] = [await import('../device/begin.ts'), await import('../device/gbdt.ts')]
    const made = await orOnHost(ctx, () => learnOnDevice(beginGbdt, { ...task, train }, ctx))
    if (made) return made
  }
  const threads = Math.max(1, Math.min(Math.floor(task.threads), 64))
  beginThreads(threads)
  const sample = await sampleRows(task.train, task.features, task.target, task.seed, signal)
  checkClasses(sample, task.target)
  const { rows, positives } = sample
  const used = await usedFeatures(task, sample.columns, params.maxBins, signal)
  letGo(sample)
  const base = Math.log(positives / (rows - positives))

  const stopping = params.earlyStopping > 0 && task.validate !== undefined && used.length > 0
  let validateRows = 0
  if (stopping && task.validate !== undefined)
    for await (const batch of numericBatches(task.validate, [], task.target, signal)) validateRows += batch.rows

  let trees: BinnedTree[] = []
  if (used.length > 0) {
    const layout = layOut({ rows, validateRows, features: used.length, leaves: params.leaves, threads })
    const memory = takeMemory(layout.bytes)
    const kernels = await loadKernels(memory)
    setUp(kernels, layout)
    const source = { features: used.map((f) => f.name), edges: used.map((f) => f.edges), target: task.target }
    checkSameRows(
      rows,
      (await fill(kernels, memory, layout, { ...source, relation: task.train }, 'train', signal)).rows,
    )
    if (stopping && task.validate !== undefined) {
      const read = await fill(kernels, memory, layout, { ...source, relation: task.validate }, 'validate', signal)
      checkSameRows(validateRows, read.rows)
    }
    const bins = used.map(binsOf)
    trees = await growOnWorkers({ layout, params, bins, base }, memory, ctx)
    keepMemory(memory)
  }
  const grown = trees.map((tree) => grownOf(tree, used))
  return {
    format: 1,
    kind: 'gbdt',
    features: task.features,
    target: task.target,
    params,
    body: forestBody(grown, importanceOf(grown, task.features.length), base),
  }
}

/** Features that a tree can split on, with the borders of their bins; those of `categorical` with their categories. May sort the columns. */
export async function usedFeatures(
  { features }: TrainTask,
  columns: readonly Float64Array[],
  maxBins: number,
  signal: AbortSignal,
  categorical: readonly string[] = [],
): Promise<UsedFeature[]> {
  const used: UsedFeature[] = []
  const edgesOf = edgeFinder()
  for (const [index, name] of features.entries()) {
    const values = columns[index] as Float64Array
    if (categorical.includes(name)) {
      const categories = categoriesOf(values, maxBins)
      if (categories.length > 1 || values.some((x) => x !== categories[0])) used.push({ name, index, edges: NONE, categories }) // biome-ignore format: one line
    } else {
      const { edges, missing } = edgesOf(values, maxBins)
      if (edges.length > 0 || missing) used.push({ name, index, edges })
    }
    await nextTurn()
    throwIfAborted(signal)
  }
  return used
}

const NONE = new Float64Array(0)

export interface UsedFeature {
  readonly name: string
  readonly index: number
  readonly edges: Float64Array
  /** Of a feature of categories: the most frequent ones, ascending; the place of a category is its bin. */
  readonly categories?: Float64Array
}

/** Bins of values that a feature has, the missing one not among them. */
export const binsOf = ({ edges, categories }: UsedFeature): number => categories?.length ?? edges.length + 1

/** The tree with bins turned into the values that they end at; a set's threshold is 0. */
export const grownOf = (tree: BinnedTree, used: readonly UsedFeature[]) => ({
  ...tree,
  feature: tree.feature.map((f) => (used[f] as UsedFeature).index),
  threshold: tree.feature.map((f, i) =>
    (tree.bin[i] ?? 0) < 0 ? 0 : ((used[f] as UsedFeature).edges[tree.bin[i] ?? 0] ?? Number.POSITIVE_INFINITY),
  ),
})
