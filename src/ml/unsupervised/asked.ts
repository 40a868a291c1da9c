import { GalleyError } from '../../base/errors.ts'
import type { ColumnStats } from '../training/design.ts'
import { checkModel } from '../training/model.ts'
import { type NumberParam, numberParams } from '../training/params.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { Assigner, LearnTask, LearntModel, OutputColumn } from './learner.ts'
import { standardOf } from './matrix.ts'

/** Parameters of a learner with their defaults and ranges, and whether columns are to be standardised. @throws USAGE_INVALID */
export function askedOf<K extends string>(
  kind: string,
  params: LearnTask['params'],
  table: Readonly<Record<K, NumberParam>>,
): Record<K, number> & { readonly standardise: boolean } {
  const { standardise = true } = params
  if (typeof standardise !== 'boolean')
    throw new GalleyError('USAGE_INVALID', {
      what: `${kind}: standardise must be true or false`,
      why: `it is ${JSON.stringify(standardise)}`,
    })
  return { ...numberParams(kind, params, table, ['standardise']), standardise }
}

/** A model as it is kept. */
export const learntModel = (
  kind: string,
  { features }: Pick<LearnTask, 'features'>,
  params: LearntModel['params'],
  body: LearntModel['body'],
): LearntModel => ({ format: 1, kind, features, params, body })

/** How the columns of a model were standardised. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function columnsOf(model: LearntModel, kind: string): readonly ColumnStats[] {
  checkModel(model as TrainedModel, kind)
  return model.body['columns'] as readonly ColumnStats[]
}

/** An assigner from a function of one standardised row; many rows are asked one after the other. */
export function assigner(
  { kind, features: inputs }: LearntModel,
  columns: readonly ColumnStats[],
  outputs: readonly OutputColumn[],
  assign: (row: Float64Array, out: Float64Array) => void,
): Assigner {
  const row = new Float64Array(inputs.length)
  const found = new Float64Array(outputs.length)
  return {
    ...{ kind, inputs, outputs },
    one(given) {
      for (let j = 0; j < row.length; j++) row[j] = standardOf(given[j] as number, columns[j] as ColumnStats)
      const out = new Float64Array(outputs.length)
      assign(row, out)
      return out
    },
    many(given, rows, out) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < row.length; j++) row[j] = standardOf(given[j]?.[i] as number, columns[j] as ColumnStats)
        assign(row, found)
        for (let o = 0; o < found.length; o++) (out[o] as Float64Array)[i] = found[o] as number
      }
    },
  }
}
