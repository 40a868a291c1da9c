import { GalleyError } from '../../base/errors.ts'
import type { Targets } from './labels.ts'
import type { TrainedModel, TrainTask } from './trainer.ts'

const FORMAT = 1

type NumberArray = Float64Array | Float32Array | Int32Array | Uint8Array

/** Base64 of a typed array's bytes, little-endian. */
export function encodeArray(values: NumberArray): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

/** The bytes of a model body's array in a buffer of their own, to be viewed as the type that was encoded. */
export function decodeBytes(body: TrainedModel['body'], name: string): ArrayBuffer {
  const text = body[name]
  if (typeof text !== 'string') throw broken(`"${name}" is not an array`)
  const bytes = Buffer.from(text, 'base64')
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}

export const decodeFloat64 = (body: TrainedModel['body'], name: string): Float64Array =>
  new Float64Array(decodeBytes(body, name))

export const decodeInt32 = (body: TrainedModel['body'], name: string): Int32Array =>
  new Int32Array(decodeBytes(body, name))

/** A model of what was learnt; of a binary target it says no goal. */
export function modelOf(
  kind: string,
  { features, target }: Pick<TrainTask, 'features' | 'target'>,
  { goal, classes }: Pick<Targets, 'goal' | 'classes'>,
  params: TrainedModel['params'],
  body: TrainedModel['body'],
): TrainedModel {
  const learnt = goal.kind === 'binary' ? {} : { goal }
  const told = goal.kind === 'multiclass' ? { classes } : {}
  return { format: 1, kind, features, target, ...learnt, ...told, params, body }
}

/** Outputs of a model. */
export const outputsOf = ({ classes }: TrainedModel): number => classes?.length ?? 1

/** The place of the largest of `n` numbers from `from` on, of equal ones the first. */
export function largest(of: Float64Array, from: number, n: number): number {
  let best = 0
  for (let k = 1; k < n; k++) if ((of[from + k] as number) > (of[from + best] as number)) best = k
  return best
}

/** A number of the model's body. */
export function bodyNumber(body: TrainedModel['body'], name: string): number {
  const value = body[name]
  if (typeof value !== 'number') throw broken(`"${name}" is not a number`)
  return value
}

/**
 * Makes sure that a model is one that this Galley reads and that `kind` made.
 * @throws MODEL_FORMAT_NEWER when a newer Galley wrote it, STORE_CORRUPT when another trainer made it
 */
export function checkModel(model: TrainedModel, kind: string): void {
  const format: number = model.format
  if (!(format <= FORMAT))
    throw new GalleyError('MODEL_FORMAT_NEWER', {
      what: `the model has format ${format}`,
      why: `this Galley reads formats up to ${FORMAT}`,
      fix: 'update Galley, or train the model again with this version',
      details: { format, newest: FORMAT },
    })
  if (model.kind !== kind) throw broken(`it is a ${model.kind} model, not a ${kind} one`)
}

export function broken(why: string): GalleyError {
  return new GalleyError('STORE_CORRUPT', { what: 'the model can not be read', why, fix: 'train it again' })
}

/** Scores beyond have no exponential that is a number. */
export const MOST_LOG = 709
/** A mean by its logarithm, always a number. */
export const meanOfLog = (score: number): number => Math.exp(Math.min(score, MOST_LOG))
