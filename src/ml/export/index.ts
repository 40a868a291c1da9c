import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { ModelVersion } from '../../store/models.ts'
import type { Store } from '../../store/store.ts'
import { bodyOf } from '../onnx/scorer.ts'
import { loadPackage, type ModelPackage } from '../registry/version.ts'
import { trainers } from '../training/index.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { type ExportAbout, toOnnx } from './onnx.ts'
import { toTypeScript } from './typescript.ts'

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

/** Trainers whose models can be written. */
const WRITTEN = ['gbdt', 'logistic', 'linear', 'poisson']

/** A model as a file for elsewhere; one that came as ONNX is the file that it came as. @throws USAGE_INVALID for a model that has no such form */
export function exported(model: TrainedModel, format: Format, about: ExportAbout): Uint8Array {
  if (model.kind === 'onnx' && format === 'onnx') return Buffer.from(bodyOf(model).file, 'base64')
  if (!WRITTEN.includes(model.kind))
    throw new GalleyError('USAGE_INVALID', {
      what: `${about.model} can't be exported: it is a model of ${model.kind}`,
      why: `models of ${WRITTEN.join(', ')} can be`,
      fix: 'train one of these, or ask the endpoint over HTTP',
    })
  return format === 'onnx' ? toOnnx(model, about) : new TextEncoder().encode(toTypeScript(model, about))
}
