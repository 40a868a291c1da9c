import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { ModelVersion } from '../../store/models.ts'
import type { Store } from '../../store/store.ts'
import { bodyOf } from '../onnx/scorer.ts'
import { loadPackage, type ModelPackage } from '../registry/version.ts'
import { trainers } from '../training/index.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { baselines } from './kinds/baselines.ts'
import { bayes } from './kinds/bayes.ts'
import { ensemble } from './kinds/ensemble.ts'
import { neighbours } from './kinds/neighbours.ts'
import { network } from './kinds/network.ts'
import { terms } from './kinds/terms.ts'
import { trees } from './kinds/trees.ts'
import { type ExportAbout, toOnnx } from './onnx.ts'
import { toTypeScript } from './typescript.ts'
import type { Writer } from './writer.ts'

/** The package of a version that learnt a target. @throws USAGE_INVALID for one that learnt without */
export async function packageOf(store: Store, scope: Scope, v: ModelVersion): Promise<ModelPackage> {
  if (v.kind !== 'onnx' && !Object.hasOwn(trainers, v.kind))
    throw new GalleyError('USAGE_INVALID', {
      what: `${v.name}@${v.version} can't be exported: it is a model of ${v.kind}`,
      why: `models of ${WRITTEN.join(', ')} can be`,
      fix: 'read the table that its step gave instead: galley datasets rows',
    })
  return (await loadPackage(store, scope, v.blob)).pack
}

/** What a model can be written as. */
export type Format = 'onnx' | 'typescript'

/** What writes models of a kind. A new one adds its line here. */
const WRITERS: Readonly<Record<string, Writer>> = {
  gbdt: trees,
  ...{ logistic: terms, linear: terms, poisson: terms },
  mlp: network,
  naiveBayes: bayes,
  knn: neighbours,
  baseline: baselines,
  auto: ensemble((member) => writerOf(member.kind, `a member of it`)),
}
const WRITTEN = Object.keys(WRITERS)

/** @throws USAGE_INVALID for models that have no such form */
function writerOf(kind: string, what: string): Writer {
  const writer = Object.hasOwn(WRITERS, kind) ? WRITERS[kind] : undefined
  if (writer) return writer
  throw new GalleyError('USAGE_INVALID', {
    what: `${what} can't be exported: it is a model of ${kind}`,
    why: `models of ${WRITTEN.join(', ')} can be`,
    fix: 'train one of these, or ask the endpoint over HTTP',
  })
}

/** A model as a file for elsewhere; one that came as ONNX is the file that it came as. @throws USAGE_INVALID for a model that has no such form */
export function exported(model: TrainedModel, format: Format, about: ExportAbout): Uint8Array {
  if (model.kind === 'onnx' && format === 'onnx') return Buffer.from(bodyOf(model).file, 'base64')
  const writer = writerOf(model.kind, about.model)
  return format === 'onnx' ? toOnnx(writer, model, about) : new TextEncoder().encode(toTypeScript(writer, model, about))
}
