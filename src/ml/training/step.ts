import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { compileExpr } from '../../engines/closures.ts'
import { plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../../runs/code.ts'
import { GATE_METRICS, GATE_SCHEMA } from '../../runs/gate.ts'
import { wholePlan } from '../../runs/inline.ts'
import type { Output, StepKind } from '../../runs/kind.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import type { Report } from '../evaluation/evaluate.ts'
import type { ModelPackage } from '../registry/version.ts'
import type { CandidateResult } from './learning.ts'
import { learnWhere } from './where.ts'

export interface TrainOutput extends Output {
  readonly name: string
  readonly version: number
  readonly kind: string
  readonly blob: string
  readonly dataset: { readonly name: string; readonly version: number; readonly step: string }
  readonly chosen: CandidateResult
  readonly candidates: readonly CandidateResult[]
  readonly gate: { readonly title: string; readonly passed: boolean } | null
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
      const best = candidates.reduce((a, b) => ((b.result.validate.auc ?? 0) > (a.result.validate.auc ?? 0) ? b : a))
      const gate = judge(spec, best.result, results)
      const pack: ModelPackage = {
        ...{ format: 2, model: best.model, threshold: best.threshold, fits: fits.flatMap((f) => f.serving) },
        reference: [...(await learnt.reference()), best.scores()],
      }
      return { best, gate, pack }
    }
    const { best, gate, pack } = await choose().finally(() => learnt.close())
    const blob = await ctx.store.blobs.put(ctx.scope, JSON.stringify(pack))
    const output: TrainOutput = {
      hash: hashJson([blob.hash, data.hash]),
      name: id,
      version: 0,
      kind: best.result.trainer,
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
            gate,
            target: spec.target,
            fits: fits.map((f) => f.difference).filter((d) => d !== ''),
          },
          run: ctx.run.id,
          step: id,
        })
        return { ...output, version: published.version }
      },
    }
  },
  async present(o, { scope, store }) {
    try {
      await store.blobs.verify(scope, o.blob)
      return true
    } catch (error) {
      if (error instanceof GalleyError && (error.code === 'STORE_CORRUPT' || error.code === 'BLOB_UNKNOWN'))
        return false
      throw error
    }
  },
  summary(o) {
    const others = o.candidates
      .filter((c) => c !== o.chosen && c.trainer !== o.kind)
      .map((c) => `${c.trainer} ${three(c.test.auc)}`)
    return `${o.name}@${o.version}  ${o.kind}  test AUC ${three(o.chosen.test.auc)}  log loss ${three(o.chosen.test.logLoss)}  (${others.join(' · ')})${o.gate ? '  gate passed' : ''}${o.computed?.by === 'webgpu' ? '  on the device' : ''}`
  },
}

const three = (n: number | null): string => (n === null ? '–' : n.toFixed(3))

/** @throws GATE_REFUSED when the best candidate does not pass */
function judge(spec: TrainSpec, best: CandidateResult, all: readonly CandidateResult[]): TrainOutput['gate'] {
  if (!spec.gate) return null
  const base = all.find((c) => c.trainer === 'baseline')
  const metric = (r: Report | undefined, m: (typeof GATE_METRICS)[number]): number | null =>
    r ? (m === 'accuracy' ? r.confusion.accuracy : r[m]) : null
  const row = [best.validate, best.test, base?.validate, base?.test].flatMap((r) =>
    GATE_METRICS.map((m) => metric(r, m)),
  )
  const passed = compileExpr(spec.gate.condition, GATE_SCHEMA)(row) === true
  if (!passed)
    throw new GalleyError('GATE_REFUSED', {
      what: `the gate refuses ${best.trainer}`,
      why: `${spec.gate.title} does not hold: validate AUC ${three(best.validate.auc)}, baseline ${three(base?.validate.auc ?? null)}`,
      fix: 'the service keeps its former model; improve the features or the data, or change the gate on purpose',
      details: {
        candidates: all.map((c) => ({ trainer: c.trainer, auc: c.validate.auc, logLoss: c.validate.logLoss })),
      },
    })
  return { title: spec.gate.title, passed }
}
