import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { isOnDevice } from '../../engines/webgpu/table.ts'
import { designOf, featureStats } from './design.ts'
import { orOnHost } from './device/fallback.ts'
import { type GoalBlock, goalBlocks } from './goalBlocks.ts'
import { checkColumns } from './intake.ts'
import { isPlain, readTargets, type Targets } from './labels.ts'
import { mix } from './mix.ts'
import { loadMlp, MLP_PARAMS, mlpBody } from './mlpModel.ts'
import { modelOf } from './model.ts'
import { Network, type NetworkState } from './network.ts'
import { numberParams } from './params.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** Weights × rows between looks at the signal: some tenths of a second. */
const SLICE = 5e7

/**
 * A multi-layer perceptron: rectified units, by Adam over batches whose order the seed draws anew in each epoch. Columns are standardised,
 * a missing value counts as the mean and has an indicator of its own, an infinite one as the end of the range. On a device in f32.
 */
export const mlp: Trainer = { kind: 'mlp', goals: ['binary', 'multiclass', 'squared'], train, load: loadMlp }

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = numberParams('mlp', task.params, MLP_PARAMS)
  checkColumns(task)
  const { train } = task
  if (isOnDevice(train) && isPlain(task)) {
    const { mlpOnDevice } = await import('./device/mlp.ts')
    const made = await orOnHost(ctx, () => mlpOnDevice({ ...task, train }, ctx))
    if (made) return made
  } else if (isOnDevice(train))
    ctx.say?.('networks of other goals than binary and of weights are learnt on the processor')
  const targets = await readTargets(train, task, ctx.signal)
  const { columns } = await featureStats(train, task.features, ctx.signal)
  const design = designOf(columns)
  const blocks = await goalBlocks(task, targets, { columns }, design, ctx.signal)
  const kind = targets.outputs > 1 ? 'multiclass' : targets.goal.kind === 'binary' ? 'binary' : 'squared'
  const number = kind === 'squared' ? { shift: targets.mean, spread: await spreadOf(blocks, targets) } : undefined
  const hidden = new Array<number>(params.layers).fill(params.units)
  const network = new Network([design.width, ...hidden, targets.outputs], startsOf(targets), task.seed)
  // of columns that say nothing the rate is all that there is, and it is known
  const some = design.indicators.length > 0 || columns.some((c) => c.scale > 0)
  const most = Math.max(1, Math.floor(SLICE / network.weights.length))
  const by = (targets.weight / targets.rows) * Math.min(params.batch, targets.rows)
  const before = (ctx.journal?.entries() ?? []).at(-1) as KeptEpoch | undefined
  if (before) {
    network.resume(before.state)
    ctx.say?.(`goes on after ${before.epochs} of ${params.epochs} epochs of an interrupted training`)
  }
  for (let epoch = before?.epochs ?? 0; some && epoch < params.epochs; epoch++) {
    let left = params.batch
    let work = 0
    const own = blocks()
    const held = Array.isArray(own) ? shuffled(own as readonly GoalBlock[], mix(task.seed ^ mix(epoch + 1))) : own
    for await (const block of held) {
      const told = number ? { ...block, y: block.y.map((y) => (y - number.shift) / number.spread) } : block
      for (let at = 0; at < block.rows; ) {
        const end = Math.min(block.rows, at + left, at + most)
        network.learn(told, at, end, kind, by)
        left -= end - at
        work += (end - at + 1) * network.weights.length
        at = end
        if (left === 0) {
          network.step(params.learningRate, params.l2)
          left = params.batch
        }
        if (work < SLICE) continue
        work = 0
        await nextTurn()
        throwIfAborted(ctx.signal)
      }
    }
    // what is left of a batch is a smaller step
    if (left < params.batch) network.step(params.learningRate, params.l2)
    ctx.progress({ done: epoch + 1, total: params.epochs, unit: 'steps' })
    if (ctx.journal?.due()) await ctx.journal.replace({ epochs: epoch + 1, state: network.state() } satisfies KeptEpoch)
    await nextTurn()
    throwIfAborted(ctx.signal)
  }
  const body = mlpBody(params, columns, design.indicators, Float32Array.from(network.weights), number)
  return modelOf('mlp', task, targets, params, body)
}

/** An entry of a journal: a network after so many epochs. */
interface KeptEpoch {
  readonly epochs: number
  readonly state: NetworkState
}

/** The deviation of a regression's labels by their weights; 1 where they are all the same. */
async function spreadOf(
  blocks: () => AsyncIterable<GoalBlock> | Iterable<GoalBlock>,
  { mean, weight }: Targets,
): Promise<number> {
  // biome-ignore format: one line
  let sum = 0
  for await (const { y, w, rows } of blocks())
    for (let i = 0; i < rows; i++) sum += ((w[i] as number) / weight) * ((y[i] as number) - mean) ** 2
  const spread = Math.sqrt(sum)
  return spread > 0 && Number.isFinite(spread) ? spread : 1
}

/** What outputs are without features. */
function startsOf({ goal, byClass, weight }: Targets): number[] {
  if (goal.kind === 'multiclass') return Array.from(byClass, (own) => Math.log(own / weight))
  return [goal.kind === 'binary' ? Math.log((byClass[1] as number) / (byClass[0] as number)) : 0]
}

/** Blocks in an order that the salt draws. */
function shuffled(blocks: readonly GoalBlock[], salt: number): GoalBlock[] {
  const places = blocks.map((_, i) => i).sort((a, b) => mix(a ^ salt) - mix(b ^ salt) || a - b)
  return places.map((i) => blocks[i] as GoalBlock)
}
