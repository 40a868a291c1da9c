import type { SharedMemory } from '../../../base/wasm.ts'
import { mix } from '../mix.ts'
import { quantileIn, quantileInPlace, quantileOf } from '../quantiles.ts'
import { groupsOf, lambdas } from './lambdarank.ts'
import type { GoalLayout } from './layout.ts'
import { slopesOf } from './objectives.ts'
import { replayerOf } from './replay.ts'
import type { BinnedTree, BoostTask, GrowTask, TreeStart } from './task.ts'
import { growerOf } from './tree.ts'
import { goalValidation, groupedOf } from './validation.ts'
import type { Kernels } from './wasm.ts'

/**
 * Boosts trees of any goal, as thread `me`: a tree an output a round, from gradients that are taken here. They are held in units of a
 * power of two that the largest of them gives, so that sums are exact as those of the kernels are.
 */
export function boost(
  kernels: Kernels,
  memory: SharedMemory,
  task: GrowTask & { readonly boost: BoostTask },
  me: number,
  onTree: (tree: BinnedTree, done: number) => void,
): { rounds: number } {
  const { layout, params } = task
  const { goal, bases, seed, l1, rowFraction, columnFraction, rises, weighted } = task.boost
  const at = layout.goal as GoalLayout
  const { rows, features, threads } = layout
  const outputs = bases.length
  const { growTree, wait, rowsFrom } = growerOf(kernels, memory, task, me)
  const floats = (from: number, n: number) => new Float64Array(memory.buffer, from, n)
  const labelled = { y: floats(at.y, rows), w: floats(at.w, rows), scores: floats(at.scores, rows * outputs) }
  const { y, w, scores } = labelled
  const room = floats(at.room, rows)
  const g = new Float32Array(memory.buffer, at.gradients, rows * outputs)
  const h = new Float32Array(memory.buffer, at.hessians, rows * outputs)
  const found = floats(at.largest, threads * 8)
  const leafOf = new Uint16Array(memory.buffer, layout.leafOf, rows)
  const values = new Float32Array(memory.buffer, layout.values, layout.leaves)
  const order = new Uint32Array(memory.buffer, layout.order, rows)
  const [first, end] = [rowsFrom(me), rowsFrom(me + 1)]
  const ranks = groupedOf(memory, task, 'train')
  const lambdasOf = ranks && lambdas(labelled, ranks, groupsOf(ranks, threads, me))
  const slopes = goal.kind === 'ranking' ? undefined : slopesOf(goal)
  const sampled = rowFraction < 1
  const limit = rowFraction * 2 ** 32
  let salt = 0
  const isIn = (row: number): boolean => !sampled || mix(row ^ salt) < limit

  /** This thread's gradients, and what both sums' units are by the largest of all threads. */
  const takeSlopes = () => {
    slopes?.(labelled, first, end, g, h)
    if (lambdasOf) {
      // a group's rows are other threads' too: their scores are there, and then their gradients
      wait()
      lambdasOf(g, h)
      wait()
    }
    let [most, steepest] = [0, 0]
    for (let k = 0; k < outputs; k++)
      for (let i = k * rows + first; i < k * rows + end; i++) {
        most = Math.max(most, Math.abs(g[i] as number))
        steepest = Math.max(steepest, h[i] as number)
      }
    if (sampled) for (let i = first; i < end; i++) if (!isIn(i)) for (let k = 0; k < outputs; k++) h[k * rows + i] = -1
    found.set([most, steepest], me * 8)
    wait()
    for (let t = 0; t < threads; t++) {
      most = Math.max(most, found[t * 8] as number)
      steepest = Math.max(steepest, found[t * 8 + 1] as number)
    }
    const bits = (of: number): number => (of > 0 ? Math.ceil(Math.log2(of)) : 0)
    return {
      gradientScale: 2 ** (Math.min(30, 52 - layout.countBits) - bits(most)),
      hessianScale: 2 ** (Math.min(30, 62 - 2 * layout.countBits) - bits(steepest)),
    }
  }

  const alpha = quantileIn(goal)
  /** Of a goal that is a quantile, a leaf's value is that of its rows' residuals. */
  const renewed =
    alpha === undefined
      ? undefined
      : (start: number, count: number): number => {
          // leaves lie apart in the order of rows, and so do their places in the room
          const residuals = room.subarray(start, start + count)
          const weights = weighted ? new Float64Array(count) : undefined
          let n = 0
          for (let i = start; i < start + count; i++) {
            const row = order[i] as number
            if (!isIn(row)) continue
            if (weights) weights[n] = w[row] as number
            residuals[n++] = (y[row] as number) - (scores[row] as number)
          }
          const own = residuals.subarray(0, n)
          return weights ? quantileOf(own, alpha, weights.subarray(0, n)) : quantileInPlace(own, alpha)
        }

  for (let k = 0; k < outputs; k++) scores.fill(bases[k] as number, k * rows + first, k * rows + end)
  const validate = layout.validateRows > 0 ? goalValidation(kernels, memory, task, me, wait) : undefined
  wait()
  const direction = Int8Array.from(rises)
  const replay = task.grown ? replayerOf(memory, task, first, end) : undefined
  /** A tree that was grown before, and where it puts this thread's rows. */
  const before = (number: number): BinnedTree | undefined => {
    const tree = task.grown?.[number]
    if (!tree) return undefined
    // others may still read the values of the tree before
    wait()
    if (me === 0) values.set(tree.values)
    replay?.(tree)
    wait()
    return tree
  }
  let bestLoss = Number.POSITIVE_INFINITY
  let bestRounds = 0
  let done = 0
  for (let round = 1; round <= params.trees; round++) {
    salt = mix(seed ^ mix(round))
    // of a round that was grown before gradients are not asked for
    const { gradientScale, hessianScale } = done < (task.grown?.length ?? 0) ? NONE : takeSlopes()
    let split = false
    for (let k = 0; k < outputs; k++) {
      const from: TreeStart = {
        begin: (a, b, scratch) => kernels.startTreeOf(a, b, scratch, at.gradients + k * rows * 4, at.hessians + k * rows * 4, gradientScale, hessianScale), // biome-ignore format: one line
        gradientUnit: 1 / gradientScale,
        hessianUnit: 1 / hessianScale,
        bounds: {
          ...{ sampled, l1, rises: direction },
          uses: usedOf(features, columnFraction, mix(salt ^ mix(k + 0x51ed))),
          ...(renewed ? { value: renewed } : {}),
        },
      }
      const known = before(done)
      const grown = known ?? growTree(from)
      // a tree that does not split says nothing
      const tree = grown.feature.length > 0 ? grown : { ...grown, values: [0] }
      if (grown.feature.length > 0) {
        split = true
        for (let i = first; i < end; i++)
          scores[k * rows + i] = (scores[k * rows + i] as number) + (values[leafOf[i] as number] as number)
      }
      done++
      if (!known) onTree(tree, done)
      validate?.apply(tree, k)
    }
    if (!split && !sampled && columnFraction === 1) return { rounds: (validate ? bestRounds : round - 1) * outputs }
    if (validate) {
      const loss = validate.loss()
      if (loss < bestLoss) {
        bestLoss = loss
        bestRounds = round
      } else if (round - bestRounds >= params.earlyStopping) break
    }
  }
  return { rounds: (validate ? bestRounds : params.trees) * outputs }
}

const NONE = { gradientScale: 1, hessianScale: 1 }

/** Which features a tree may split on: a share of them, one at least, drawn by number. */
function usedOf(features: number, fraction: number, salt: number): Uint8Array {
  const uses = new Uint8Array(features).fill(1)
  const count = Math.max(1, Math.round(features * fraction))
  if (count >= features) return uses
  const drawn = Array.from(uses.keys()).sort((a, b) => mix(a ^ salt) - mix(b ^ salt) || a - b)
  for (const f of drawn.slice(count)) uses[f] = 0
  return uses
}
