import { GalleyError } from '../base/errors.ts'
import { fieldOf, isInteger, isTemporal, type Schema, typeName } from '../plan/types.ts'
import type { TrainSpec } from './specs.ts'

/** Columns that say which rows of a training step belong together: of a ranking, and of candidates that cut rows by groups. */
export function groupColumns({ goal, candidates }: Pick<TrainSpec, 'goal' | 'candidates'>): string[] {
  const own = candidates.flatMap(({ params: { group } }) => (typeof group === 'string' ? [group] : []))
  return [...new Set([...(goal?.kind === 'ranking' ? [goal.group] : []), ...own])]
}

/** @throws PLAN_UNKNOWN_COLUMN, RECIPE_INVALID for a column that can't say which rows belong together */
export function checkGroups(id: string, schema: Schema, spec: Pick<TrainSpec, 'goal' | 'candidates' | 'target'>): void {
  for (const name of groupColumns(spec)) {
    const { type } = fieldOf(schema, name, `train of '${id}'`)
    if (name !== spec.target && (type === 'string' || isInteger(type) || isTemporal(type))) continue
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' can't group rows by '${name}'`,
      why: name === spec.target ? 'it is the target' : `it is a ${typeName(type)}`,
      fix: 'name a column of texts, whole numbers or times, such as the id of a query',
    })
  }
}
