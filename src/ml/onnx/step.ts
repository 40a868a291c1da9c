import { hashJson, sha256 } from '../../base/hash.ts'
import { plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../../runs/code.ts'
import type { Goal } from '../../runs/goal.ts'
import { wholePlan } from '../../runs/inline.ts'
import type { Output, StepContext, StepKind } from '../../runs/kind.ts'
import type { OnnxSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import type { ModelPackage } from '../registry/version.ts'
import { judge, type Passed } from '../training/gate.ts'
import { METRIC_NAMES, mainMetric } from '../training/judged.ts'
import { blobThere } from '../training/kept.ts'
import type { CandidateResult } from '../training/learning.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { inStep, judged } from './judge.ts'
import { type Limits, openSession, type Session } from './process.ts'
import { fileHash, fileOf } from './read.ts'
import { loadOnnx, type OnnxBody } from './scorer.ts'
import { signatureOf } from './signature.ts'

export interface OnnxOutput extends Output {
  readonly name: string
  readonly version: number
  readonly kind: 'onnx'
  /** Absent: binary. */
  readonly goal?: Goal
  readonly blob: string
  readonly dataset: { readonly name: string; readonly version: number; readonly step: string }
  /** null where no target is named. */
  readonly chosen: CandidateResult | null
  readonly producer: string
  /** What it is compared by, of the baseline on test rows; null where there is none. */
  readonly baseline: number | null
  readonly gate: Passed | null
}

/** Takes a model that was made elsewhere: looks its file over, asks it about the dataset's rows, and registers it if the gate lets it pass. */
export const onnxStep: StepKind<OnnxSpec, OnnxOutput> = {
  kind: 'onnx',
  module: import.meta.url,
  // the version names the plan that its data came from, which may change while the data stays as it was
  identity: async (spec, ctx) => ({
    ...spec,
    file: spec.file === null ? null : await fileHash(spec.file, ctx),
    plan: hashPlan(plan(wholePlan(ctx.recipe, ctx.step.inputs[0] ?? ''))),
  }),
  async run(ctx) {
    const { spec, id } = ctx.step
    const dataset = ctx.step.inputs[0] ?? ''
    const data = ctx.input<DatasetOutput>(dataset)
    const bytes = await fileOf(ctx)
    try {
      const session = await openSession(bytes, limitsOf(spec, bytes), ctx.signal)
      const { model, threshold } = modelOf(ctx, session, bytes, data)
      const scorer = loadOnnx(model, session, ctx.signal)
      const found = await judged(ctx, data, scorer, model, spec.threshold ?? threshold).finally(() => scorer.close?.())
      const result = found.reports && { trainer: 'onnx', params: {}, ...found.reports, seconds: 0 }
      const base = found.baseline && { trainer: 'baseline', params: {}, ...found.baseline, seconds: 0 }
      const candidates = [result, base].filter((c) => c !== null)
      const gate = result && judge(spec, result, candidates)
      const pack: ModelPackage = {
        ...{ format: spec.goal ? 3 : 2, model, threshold: found.threshold, fits: [], reference: found.reference },
        ...(spec.threshold === undefined && threshold !== null ? { thresholdBy: 'file' } : {}),
      }
      const blob = await ctx.store.blobs.put(ctx.scope, JSON.stringify(pack))
      const { producer, opsets } = session.file
      const output: OnnxOutput = {
        hash: hashJson([blob.hash, data.hash]),
        ...{ name: id, version: 0, kind: 'onnx', blob: blob.hash },
        ...(spec.goal ? { goal: spec.goal } : {}),
        dataset: { name: data.name, version: data.version, step: dataset },
        ...{ chosen: result, producer, gate, baseline: base ? mainMetric(spec.goal).of(base.test) : null },
      }
      return {
        output,
        async publish(tx) {
          const published = await tx.models.publish(ctx.scope, {
            ...{ name: id, kind: 'onnx', blob: blob.hash, bytes: blob.bytes },
            ...{ dataset: data.name, datasetVersion: data.version },
            metrics: result ? { validate: result.validate, test: result.test } : {},
            planHash: hashPlan(plan(wholePlan(ctx.recipe, dataset))),
            codeHash: codeHash(import.meta.url),
            features: spec.features,
            details: {
              ...{ candidates, gate, target: spec.target, fits: [] },
              ...(spec.goal ? { goal: spec.goal } : {}),
              file: { bytes: bytes.length, sha256: model.params['sha256'], producer, opsets },
            },
            ...{ run: ctx.run.id, step: id },
          })
          return { ...output, version: published.version }
        },
      }
    } catch (thrown) {
      throw inStep(id, thrown)
    }
  },
  present: (o, at) => blobThere(o.blob, at),
  summary(o) {
    const { name, of } = mainMetric(o.goal)
    const value = o.chosen ? of(o.chosen.test) : null
    const told = o.chosen ? `test ${METRIC_NAMES[name] ?? name} ${value === null ? '–' : value.toFixed(3)}` : 'not judged: no target' // biome-ignore format: one line
    const base = o.baseline === null ? '' : `  (baseline ${o.baseline.toFixed(3)})`
    return `${o.name}@${o.version}  onnx${o.producer ? ` by ${o.producer}` : ''}  ${told}${base}${o.gate ? '  gate passed' : ''}`
  },
}

/** Memory of a model's process beside that for the file, MiB, and what trees take of it: 18 times as much as their file. */
const [BESIDE_MIB, OF_FILE] = [2048, 20] as const

const limitsOf = ({ limits: { seconds, memoryMiB } }: OnnxSpec, { length }: Uint8Array): Limits => ({
  seconds,
  memoryMiB: memoryMiB ?? BESIDE_MIB + OF_FILE * Math.ceil(length / 2 ** 20),
})

/** The model as its package has it, and the threshold that its file notes. @throws MODEL_INVALID */
function modelOf(
  ctx: StepContext<OnnxSpec>,
  session: Session,
  bytes: Uint8Array,
  data: DatasetOutput,
): { readonly model: TrainedModel; readonly threshold: number | null } {
  const { spec } = ctx.step
  const texts = spec.features.filter((f) => data.schema.find((s) => s.name === f)?.type === 'string')
  const { signature, classes, threshold } = signatureOf(session, { ...spec, texts: new Set(texts) })
  const body: OnnxBody = {
    file: Buffer.from(bytes).toString('base64'),
    texts: texts.map((f) => spec.features.indexOf(f)),
    ...{ limits: limitsOf(spec, bytes), signature },
  }
  const model: TrainedModel = {
    ...{ format: 1, kind: 'onnx', features: spec.features, target: spec.target ?? '' },
    ...(spec.goal ? { goal: spec.goal } : {}),
    ...(spec.goal?.kind === 'multiclass' ? { classes } : {}),
    params: { sha256: sha256(bytes) },
    body,
  }
  return { model, threshold }
}
