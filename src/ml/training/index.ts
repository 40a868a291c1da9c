import { GalleyError } from '../../base/errors.ts'
import type { Trainer } from './trainer.ts'

/** The trainers by kind; each is loaded when it is first used. A new one adds its line here. */
export const trainers: Readonly<Record<string, () => Promise<Trainer>>> = {
  baseline: async () => (await import('./baseline.ts')).baseline,
  logistic: async () => (await import('./logistic.ts')).logistic,
  gbdt: async () => (await import('./gbdt/gbdt.ts')).gbdt,
}

/** @throws RECIPE_INVALID for a kind that there is none of, naming those that there are */
export async function trainerOf(kind: string): Promise<Trainer> {
  const load = Object.hasOwn(trainers, kind) ? trainers[kind] : undefined
  if (load) return load()
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no trainer '${kind}'`,
    fix: `there are ${Object.keys(trainers).join(', ')}`,
  })
}
