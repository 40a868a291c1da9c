import type { Evaluator } from '../../plan/evaluator.ts'
import type { Candidate } from '../../runs/specs.ts'
import { broken, largest, outputsOf } from '../training/model.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { featureOf } from './stack.ts'

/** Several models, and the weight of each in their mean, or the meta-model over them. */
export interface Ensemble {
  readonly members: readonly TrainedModel[]
  readonly weights: readonly number[]
  readonly meta: TrainedModel | undefined
}

/** @throws STORE_CORRUPT */
export function readEnsemble({ body }: TrainedModel): Ensemble {
  const { members, weights = [], meta } = body as { members?: TrainedModel[]; weights?: number[]; meta?: TrainedModel }
  if (!Array.isArray(members) || !Array.isArray(weights) || members.length === 0) throw broken('it has no members')
  if (meta === undefined && members.length !== weights.length) throw broken('its members and weights disagree')
  return { members, weights, meta }
}

/** The best single model that a search found, to be learnt again; nothing of another trainer's model. @throws STORE_CORRUPT */
export function leaderOf({ kind, body }: TrainedModel): Candidate | undefined {
  if (kind !== 'auto') return undefined
  const { leaderboard } = body as { leaderboard?: readonly Candidate[] }
  const [leader] = Array.isArray(leaderboard) ? leaderboard : []
  if (typeof leader?.trainer !== 'string' || typeof leader.params !== 'object') throw broken('it has no leaderboard')
  return { trainer: leader.trainer, params: leader.params }
}

/** What several models say together, made ready to score. @throws STORE_CORRUPT */
export function loadEnsemble(model: TrainedModel, load: (member: TrainedModel) => Evaluator): Evaluator {
  const { members, weights, meta } = readEnsemble(model)
  const all = members.map(load)
  const n = outputsOf(model)
  if (all.some((m) => m.outputs !== n || m.inputs.join('\0') !== model.features.join('\0')))
    throw broken('its members are of other features or classes')
  const top = meta && load(meta)
  if (top && (top.outputs !== n || top.inputs.length !== all.length * n)) throw broken('its meta-model is of others')
  const shared = { kind: 'auto', inputs: model.features, outputs: n }
  return { ...shared, ...(top ? stacked(all, top, featureOf(model)) : averaged(all, weights, n)) }
}

type Scoring = Pick<Evaluator, 'one' | 'many'>

/** The mean by weight. */
function averaged(all: readonly Evaluator[], weights: readonly number[], n: number): Scoring {
  const own = new Float64Array(n)
  const room = new Float64Array(n)
  return {
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

/** What `top` says of the answers of all: a feature an answer, member after member. */
function stacked(all: readonly Evaluator[], top: Evaluator, feature: (answer: number) => number): Scoring {
  const n = top.outputs
  const room = new Float64Array(n)
  const answers = new Float64Array(all.length * n)
  return {
    one: (row, out) => {
      for (const [m, member] of all.entries()) {
        const one = member.one(row, room)
        if (n === 1) room[0] = one
        for (let k = 0; k < n; k++) answers[m * n + k] = feature(room[k] as number)
      }
      return top.one(answers, out)
    },
    many: (columns, rows, out) => {
      const each = new Float64Array(rows * n)
      const features = all.flatMap((member) => {
        member.many(columns, rows, each)
        return Array.from({ length: n }, (_, k) => Float64Array.from({ length: rows }, (_, i) => feature(each[i * n + k] as number))) // biome-ignore format: one line
      })
      top.many(features, rows, out)
    },
  }
}
