import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { cancelled } from '../../base/errors.ts'
import type { Scorer } from '../registry/scorer.ts'
import { broken, checkModel, outputsOf } from '../training/model.ts'
import type { TrainedModel } from '../training/trainer.ts'
import { type Limits, openSession, type Session } from './process.ts'
import { scoresInto, tensorsOf } from './rows.ts'
import type { Signature } from './signature.ts'
import { TYPES } from './tensors.ts'
import { Texts } from './texts.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** Rows that a model is given at once. */
const BLOCK = 4096

const Body = z.object({
  file: z.string(),
  texts: z.array(z.number().int().nonnegative()),
  limits: z.object({ seconds: z.number(), memoryMiB: z.number() }),
  signature: z.object({
    inputs: z.array(z.object({ name: z.string(), type: z.enum(TYPES), features: z.array(z.number()), flat: z.boolean() })), // biome-ignore format: one line
    single: z.boolean(),
    output: z.string(),
    width: z.number(),
    takes: z.array(z.number()),
    link: z.enum(['identity', 'sigmoid', 'softmax']),
  }),
})
/** What a model package holds of an ONNX model. `file` is the file itself, in base64. */
export interface OnnxBody extends Readonly<Record<string, unknown>> {
  readonly file: string
  /** Places of features that are texts. */
  readonly texts: readonly number[]
  readonly limits: Limits
  readonly signature: Signature
}

/** @throws STORE_CORRUPT, MODEL_FORMAT_NEWER */
export function bodyOf(model: TrainedModel): OnnxBody {
  checkModel(model, 'onnx')
  const read = Body.safeParse(model.body)
  if (!read.success) throw broken(read.error.issues[0]?.message ?? 'unknown')
  return read.data
}

/** A model made ready to score: its process begins when it is first asked, and again where it was lost. `open` is one that runs already. */
export function loadOnnx(model: TrainedModel, open?: Session, signal?: AbortSignal): Scorer {
  const { file, texts: places, limits, signature } = bodyOf(model)
  const texts = new Map(places.map((place) => [place, new Texts()]))
  const outputs = outputsOf(model)
  let session: Promise<Session | undefined> = Promise.resolve(open)
  let closed = false
  const opened = (): Promise<Session> => {
    if (closed) throw cancelled('the model is closed')
    const next = session
      .catch(() => undefined)
      .then((s) => (s?.alive ? s : openSession(Buffer.from(file, 'base64'), limits, signal)))
    session = next
    return next
  }
  const how = { signature, probabilities: model.goal?.kind !== 'regression' }
  return {
    ...{ kind: 'onnx', inputs: model.features, outputs, texts },
    async many(columns, rows, out) {
      // read before anything else happens: texts may be forgotten after
      const words = new Map([...texts].map(([place, t]) => [place, Array.from({ length: rows }, (_, i) => t.textOf(columns[place]?.[i] ?? Number.NaN) ?? '')])) // biome-ignore format: one line
      for (let from = 0; from < rows; from += BLOCK) {
        const to = Math.min(rows, from + BLOCK)
        const { output, single } = signature
        // of one row alone a product of matrices is added up in another order than of several
        const twice = to - from === 1 && !single
        const places = twice ? [from, from] : range(from, to)
        const { tensors, pieces } = tensorsOf(signature, model.features, columns, places, words)
        const running = await opened()
        const given = await running.run({ tensors, pieces, output, single, signal })
        if (twice) given.values = given.values.subarray(0, given.values.length / 2)
        scoresInto(out, from, to - from, how, given)
        if (to < rows) await nextTurn()
      }
    },
    async ready() {
      await opened()
    },
    async close() {
      closed = true
      await (await session.catch(() => undefined))?.close()
    },
  }
}
