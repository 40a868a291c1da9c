import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { Expr } from '../../plan/expr.ts'
import type { Named } from '../../plan/nodes.ts'
import type { Goal } from '../../runs/goal.ts'
import type { Store } from '../../store/store.ts'
import type { ColumnReference } from '../monitoring/reference.ts'
import { trainers } from '../training/index.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { Scorer } from './scorer.ts'

/** A model version as it is stored: everything that scoring a row of its dataset needs. */
export interface ModelPackage {
  /** 3 where the goal is another than binary, 4 where it is a ranking: what an older Galley would take for another. */
  readonly format: 2 | 3 | 4
  readonly model: TrainedModel
  /** Scores from here on count as positive; chosen on validation rows. null of another goal than binary. */
  readonly threshold: number | null
  /** Where it is noted in the file that was brought. */
  readonly thresholdBy?: 'file'
  /** The fits' columns, bound for serving, in stages: each may read what the ones before it give. */
  readonly fits: readonly Named<Expr>[]
  /** Inputs and scores as training saw them, for the monitor; the score comes last. */
  readonly reference: readonly ColumnReference[]
}

const NEWEST = 4
export const formatOf = (goal?: Goal): ModelPackage['format'] =>
  goal === undefined ? 2 : goal.kind === 'ranking' ? 4 : 3

const Head = z.object({
  format: z.number(),
  threshold: z.number().nullable(),
  model: z.object({ kind: z.string(), features: z.array(z.string()) }),
  fits: z.array(z.unknown()),
  reference: z.array(z.unknown()),
})

/** What makes a model ready to score, by its kind: trainers, and what runs models from elsewhere. */
const LOADS: Readonly<Record<string, () => Promise<{ load(model: TrainedModel): Scorer }>>> = {
  ...trainers,
  onnx: async () => ({ load: (await import('../onnx/scorer.ts')).loadOnnx }),
}

/** Reads a model version's package and makes it ready to score. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export async function loadPackage(
  store: Store,
  scope: Scope,
  blob: string,
): Promise<{ pack: ModelPackage; evaluator: Scorer }> {
  const text = new TextDecoder().decode(await store.blobs.get(scope, blob))
  const json: unknown = JSON.parse(text)
  const head = Head.safeParse(json)
  if (!head.success)
    throw new GalleyError('STORE_CORRUPT', {
      what: `blob ${blob} is not a model`,
      why: head.error.issues[0]?.message ?? 'unknown',
      fix: 'train again',
    })
  if (head.data.format > NEWEST)
    throw new GalleyError('MODEL_FORMAT_NEWER', {
      what: `the model has format ${head.data.format}`,
      why: `this Galley reads formats up to ${NEWEST}`,
      fix: 'upgrade Galley',
    })
  const pack = (head.data.format === 1 ? { ...head.data, format: 2, fits: [head.data.fits] } : json) as ModelPackage
  const load = Object.hasOwn(LOADS, pack.model.kind) ? LOADS[pack.model.kind] : undefined
  if (!load)
    throw new GalleyError('MODEL_FORMAT_NEWER', {
      what: `the model is of an unknown kind '${pack.model.kind}'`,
      fix: 'upgrade Galley',
    })
  return { pack, evaluator: (await load()).load(pack.model) }
}
