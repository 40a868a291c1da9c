import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { broken, largest, outputsOf } from '../training/model.ts'
import type { TrainedModel } from '../training/trainer.ts'

/**
 * How often each of several models is taken into their mean, by what it does for the loss of rows that none has seen (Caruana et al. 2004,
 * "Ensemble selection from libraries of models"): greedily, with repeats, until `picks` are taken.
 */
export async function selectEnsemble(
  predictions: readonly Float64Array[],
  lossOf: (mean: Float64Array) => number,
  picks: number,
  signal: AbortSignal,
): Promise<{ readonly weights: number[]; readonly loss: number }> {
  const times = predictions.map(() => 0)
  const length = predictions[0]?.length ?? 0
  const sum = new Float64Array(length)
  let best = { weights: [...times], loss: Number.POSITIVE_INFINITY }
  for (let taken = 1; taken <= picks; taken++) {
    let [pick, least] = [-1, Number.POSITIVE_INFINITY]
    for (const [m, own] of predictions.entries()) {
      const loss = lossOf(sum.map((s, i) => (s + (own[i] as number)) / taken))
      if (loss < least) [pick, least] = [m, loss]
      await nextTurn()
      throwIfAborted(signal)
    }
    if (pick < 0) break
    times[pick] = (times[pick] as number) + 1
    for (const [i, p] of (predictions[pick] as Float64Array).entries()) sum[i] = (sum[i] as number) + p
    if (least < best.loss) best = { weights: times.map((t) => t / taken), loss: least }
  }
  return best
}

/** Models of a mean, and the weight of each. @throws STORE_CORRUPT */
export function readEnsemble({ body }: TrainedModel): { members: readonly TrainedModel[]; weights: readonly number[] } {
  const { members, weights } = body as { members?: TrainedModel[]; weights?: number[] }
  if (!Array.isArray(members) || !Array.isArray(weights) || members.length !== weights.length || members.length === 0)
    throw broken('its members and weights disagree')
  return { members, weights }
}

/** The mean of models by weight, made ready to score. @throws STORE_CORRUPT */
export function loadEnsemble(model: TrainedModel, load: (member: TrainedModel) => Evaluator): Evaluator {
  const { members, weights } = readEnsemble(model)
  const all = members.map(load)
  const n = outputsOf(model)
  if (all.some((m) => m.outputs !== n || m.inputs.join('\0') !== model.features.join('\0')))
    throw broken('its members are of other features or classes')
  const own = new Float64Array(n)
  const room = new Float64Array(n)
  return {
    kind: 'auto',
    inputs: model.features,
    outputs: n,
    one: (row, out = own) => {
      const to = n === 1 ? own : out
      to.fill(0)
      for (const [m, member] of all.entries()) {
        const one = member.one(row, room)
        if (n === 1) room[0] = one
        for (let k = 0; k < n; k++) to[k] = (to[k] as number) + (weights[m] as number) * (room[k] as number)
      }
      return n === 1 ? (to[0] as number) : largest(to, 0, n)
    },
    many: (columns, rows, out) => {
      out.fill(0, 0, rows * n)
      const each = new Float64Array(rows * n)
      for (const [m, member] of all.entries()) {
        member.many(columns, rows, each)
        for (let i = 0; i < each.length; i++) out[i] = (out[i] as number) + (weights[m] as number) * (each[i] as number)
      }
    },
  }
}
