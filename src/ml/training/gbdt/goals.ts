import { isOnDevice } from '../../../engines/webgpu/table.ts'
import { letGo, sampleFeatures } from '../bins.ts'
import { silentWords } from '../groups.ts'
import { checkSameRows, dataError, rawBatches } from '../intake.ts'
import { readTargets, type Targets } from '../labels.ts'
import { modelOf } from '../model.ts'
import { quantileIn, quantileOf } from '../quantiles.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'
import { fillGoal } from './fill.ts'
import { forestBody, importanceOf } from './forest.ts'
import { binsOf, grownOf, type UsedFeature, usedFeatures } from './gbdt.ts'
import { type GoalLayout, layOut, setUp } from './layout.ts'
import { keepMemory, takeMemory } from './memories.ts'
import type { gbdtParams, MoreParams } from './params.ts'
import type { BinnedTree, BoostTask } from './task.ts'
import { growOnWorkers } from './team.ts'
import { beginThreads } from './threads.ts'
import { loadKernels } from './wasm.ts'

/**
 * Trees of any goal, with weights, sampling, an l1 penalty and monotone features. Beside what a binary target takes it holds
 * `32 + 16 × outputs` bytes a row, of a ranking 8 more.
 */
export async function learnGoal(
  task: TrainTask,
  { params, more, told }: Pick<ReturnType<typeof gbdtParams>, 'params' | 'more' | 'told'>,
  ctx: TrainContext,
): Promise<TrainedModel> {
  const { signal } = ctx
  if (isOnDevice(task.train))
    ctx.say?.('trees of other goals than binary, of weights and of bounds are learnt on the processor')
  const threads = Math.max(1, Math.min(Math.floor(task.threads), 64))
  beginThreads(threads)
  const targets = await readTargets(task.train, task, signal)
  const { rows, outputs, classes } = targets
  const sample = await sampleFeatures(task.train, task.features, task.seed, signal)
  const used = await usedFeatures(task, sample.columns, params.maxBins, signal, more.categorical)
  letGo(sample)
  const stopping = params.earlyStopping > 0 && task.validate !== undefined && used.length > 0
  let validateRows = 0
  if (stopping && task.validate !== undefined)
    for await (const batch of rawBatches(task.validate, [task.target], signal)) validateRows += batch.rows
  const grouped = targets.groups !== undefined
  if (targets.goal.kind === 'ranking' && targets.groups) {
    const words = silentWords(targets.goal.group, targets.groups)
    if (words !== undefined) ctx.say?.(words)
  }

  const layout = layOut({ rows, validateRows, features: used.length, leaves: params.leaves, threads, outputs, grouped })
  const placed = { ...layout, goal: layout.goal as GoalLayout }
  const memory = takeMemory(layout.bytes)
  const kernels = await loadKernels(memory)
  setUp(kernels, layout)
  const weightOf = more.balanced ? balance(targets) : () => 1
  const source = { features: used.map((f) => f.name), edges: used.map((f) => f.edges), categories: used.map((f) => f.categories), target: task.target, task, classes, weightOf } // biome-ignore format: one line
  const filled = await fillGoal(kernels, memory, placed, { ...source, relation: task.train }, 'train', signal)
  checkSameRows(rows, filled.rows)
  let validateGroups = 0
  if (stopping && task.validate !== undefined) {
    const read = await fillGoal(kernels, memory, placed, { ...source, relation: task.validate }, 'validate', signal)
    checkSameRows(validateRows, read.rows)
    validateGroups = read.groups
    if (grouped) checkRelevant(new Float64Array(memory.buffer, placed.goal.validateY, validateRows), task.target)
  }
  const bases = basesOf(targets, more.balanced, () => ({
    y: new Float64Array(memory.buffer, placed.goal.y, rows),
    w: task.weight === undefined ? undefined : new Float64Array(memory.buffer, placed.goal.w, rows),
  }))
  let trees: BinnedTree[] = []
  if (used.length > 0) {
    const bins = used.map(binsOf)
    const rises = used.map((f) => Number(more.increasing.includes(f.name)) - Number(more.decreasing.includes(f.name)))
    const { l1, rowFraction, columnFraction } = more
    const weighted = task.weight !== undefined
    const common = { goal: targets.goal, bases, seed: task.seed, weighted, l1, rowFraction, columnFraction, rises }
    const ranked = grouped ? { ranked: { train: filled.groups, validate: validateGroups } } : {}
    const boost = { ...common, ...ranked, ...groupsOf(more, used), ...setsIn(more, used) }
    const growing = { layout, params, bins, base: 0, boost }
    trees = await growOnWorkers(growing, memory, ctx)
    keepMemory(memory)
  }
  const grown = trees.map((tree) => grownOf(tree, used))
  const base = targets.goal.kind === 'multiclass' ? bases : (bases[0] as number)
  const categories = used.flatMap(({ index, categories: own }) => (own ? [{ feature: index, values: own }] : []))
  const body = forestBody(grown, importanceOf(grown, task.features.length), base, categories)
  return modelOf('gbdt', task, targets, told, body)
}

/** Groups of used features, one that is in none alone. */
function groupsOf({ interactions }: MoreParams, used: readonly UsedFeature[]): Pick<BoostTask, 'groups'> {
  if (interactions.length === 0) return {}
  const named = used.map((f) => f.name)
  const groups = interactions.map((group) => named.flatMap((name, f) => (group.includes(name) ? [f] : [])))
  return { groups: [...groups, ...named.flatMap((_, f) => (groups.some((g) => g.includes(f)) ? [] : [[f]]))] }
}

function setsIn(more: MoreParams, used: readonly UsedFeature[]): Pick<BoostTask, 'sets'> {
  const features = used.flatMap(({ categories }, f) => (categories ? [f] : []))
  const { catSmooth, catL2, maxCatThreshold, minDataPerGroup } = more
  return features.length > 0 ? { sets: { features, catSmooth, catL2, maxCatThreshold, minDataPerGroup } } : {}
}

/** A weight by which all classes weigh the same together. */
function balance({ byClass, weight }: Targets): (y: number) => number {
  const weights = byClass.map((own) => weight / byClass.length / own)
  return (y) => weights[y] as number
}

/** @throws TRAIN_DATA where no order of the rows for early stopping is better than another */
function checkRelevant(y: Float64Array, target: string): void {
  if (!y.some((label) => label > 0))
    throw dataError(
      `"${target}" is 0 in all ${y.length} rows that tell when to stop`,
      'bring groups with relevant rows, or leave earlyStopping out',
    )
}

/** The scores without a tree. */
function basesOf(
  { goal, byClass, weight, mean }: Targets,
  balanced: boolean,
  rows: () => { y: Float64Array; w: Float64Array | undefined },
): number[] {
  const shares = Array.from(byClass, (own) => (balanced ? 1 / byClass.length : own / weight))
  if (goal.kind === 'multiclass') return shares.map(Math.log)
  // an order stays the same wherever its scores begin
  if (goal.kind === 'ranking') return [0]
  if (goal.kind === 'binary') return [Math.log((shares[1] as number) / (shares[0] as number))]
  const alpha = quantileIn(goal)
  if (alpha !== undefined) {
    const { y, w } = rows()
    return [quantileOf(y, alpha, w)]
  }
  return [goal.objective === 'squared' ? mean : Math.log(mean)]
}
