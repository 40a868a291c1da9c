import { isDeepStrictEqual } from 'node:util'
import { hashJson } from '../../base/hash.ts'
import { plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../../runs/code.ts'
import type { Goal } from '../../runs/goal.ts'
import { wholePlan } from '../../runs/inline.ts'
import type { Output, StepKind } from '../../runs/kind.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { formatOf, type ModelPackage } from '../registry/version.ts'
import { judge, type Passed } from './gate.ts'
import { type AnyReport, METRIC_NAMES, mainMetric, metricOf } from './judged.ts'
import { blobThere } from './kept.ts'
import type { CandidateResult } from './learning.ts'
import { candidateNames } from './names.ts'
import type { TrainedModel } from './trainer.ts'
import { learnWhere } from './where.ts'

export interface TrainOutput<R = AnyReport> extends Output {
  readonly name: string
  readonly version: number
  readonly kind: string
  /** Absent: binary. */
  readonly goal?: Goal
  readonly blob: string
  readonly dataset: { readonly name: string; readonly version: number; readonly step: string }
  readonly chosen: CandidateResult<R>
  readonly candidates: readonly CandidateResult<R>[]
  readonly gate: Passed | null
}

/** Trains the candidates on the training part, judges them on the others, and registers the best if the gate lets it pass. */
export const trainStep: StepKind<TrainSpec, TrainOutput> = {
  kind: 'train',
  module: import.meta.url,
  // the version names the plan that its data came from, which may change while the data stays as it was
  identity: async (spec, { recipe, step }) => ({
    ...spec,
    plan: hashPlan(plan(wholePlan(recipe, step.inputs[0] ?? ''))),
  }),
  async run(ctx) {
    const { spec, id } = ctx.step
    const data = ctx.input<DatasetOutput>(ctx.step.inputs[0] ?? '')
    const learnt = await learnWhere(ctx, data)
    const { features, fits, candidates, computed } = learnt
    const results = candidates.map((c) => c.result)
    const choose = async () => {
      const { of, least } = mainMetric(spec.goal)
      const worth = (r: AnyReport) => (least ? -(of(r) ?? Number.POSITIVE_INFINITY) : (of(r) ?? 0))
      const best = candidates.reduce((a, b) => (worth(b.result.validate) > worth(a.result.validate) ? b : a))
      const gate = judge(spec, best.result, results)
      const pack: ModelPackage = {
        ...{ format: formatOf(spec.goal), model: best.model, threshold: best.threshold },
        fits: fits.flatMap((f) => f.serving),
        reference: [...(await learnt.reference()), best.scores()],
      }
      return { best, gate, pack }
    }
    const { best, gate, pack } = await choose().finally(() => learnt.close())
    const blob = await ctx.store.blobs.put(ctx.scope, JSON.stringify(pack))
    await learnt.settled?.()
    const output: TrainOutput = {
      hash: hashJson([blob.hash, data.hash]),
      name: id,
      version: 0,
      kind: best.result.trainer,
      ...(spec.goal ? { goal: spec.goal } : {}),
      blob: blob.hash,
      dataset: { name: data.name, version: data.version, step: ctx.step.inputs[0] ?? '' },
      chosen: best.result,
      candidates: results,
      gate,
      computed,
    }
    return {
      output,
      async publish(tx) {
        const published = await tx.models.publish(ctx.scope, {
          name: id,
          kind: output.kind,
          blob: blob.hash,
          bytes: blob.bytes,
          dataset: data.name,
          datasetVersion: data.version,
          metrics: { validate: best.result.validate, test: best.result.test },
          planHash: hashPlan(plan(wholePlan(ctx.recipe, output.dataset.step))),
          codeHash: codeHash(import.meta.url),
          features,
          details: {
            candidates: output.candidates,
            chosen: results.indexOf(best.result),
            gate,
            target: spec.target,
            ...(spec.goal ? { goal: spec.goal } : {}),
            fits: fits.map((f) => f.difference).filter((d) => d !== ''),
            ...searchOf(candidates.map((c) => c.model)),
          },
          run: ctx.run.id,
          step: id,
        })
        return { ...output, version: published.version }
      },
    }
  },
  present: (o, at) => blobThere(o.blob, at),
  summary(o) {
    const { name, of } = mainMetric(o.goal)
    const names = candidateNames(o.candidates)
    const chosen = o.candidates.findIndex((c) => isDeepStrictEqual(c, o.chosen))
    const others = o.candidates.flatMap((c, i) => (i === chosen ? [] : [`${names[i]} ${three(of(c.test))}`]))
    const told =
      o.goal === undefined
        ? `test AUC ${three(of(o.chosen.test))}  log loss ${three(metricOf(o.chosen.test, 'logLoss'))}`
        : `test ${METRIC_NAMES[name] ?? name} ${three(of(o.chosen.test))}${o.goal.kind === 'multiclass' ? `  accuracy ${three(metricOf(o.chosen.test, 'accuracy'))}` : ''}`
    return `${o.name}@${o.version}  ${names[chosen] ?? o.kind}  ${told}${others.length > 0 ? `  (${others.join(' · ')})` : ''}${o.gate ? '  gate passed' : ''}${o.computed?.by === 'webgpu' ? '  on the device' : ''}`
  },
}

/** What a search tried, what it warns of, and what it is made of, where one of the candidates is one. */
function searchOf(models: readonly TrainedModel[]): Readonly<Record<string, unknown>> {
  const found = models.find((m) => m.body['leaderboard'] !== undefined)
  if (!found) return {}
  const { leaderboard, suspects, members, weights, meta } = found.body
  const parts = (members as readonly TrainedModel[]).map(({ kind }, m) => ({ trainer: kind, ...(meta ? {} : { weight: (weights as readonly number[])[m] }) })) // biome-ignore format: one line
  const made = { parts, ...(meta ? { meta: (meta as TrainedModel).kind } : {}) }
  return { leaderboard, made, ...(suspects === undefined ? {} : { suspects }) }
}

const three = (n: number | null): string => (n === null ? '–' : n.toFixed(3))
