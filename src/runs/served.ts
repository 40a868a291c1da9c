import { GalleyError } from '../base/errors.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'
import { fitReads } from '../plan/fits/index.ts'
import { online } from '../plan/online.ts'
import { checkFormer, checkInput } from './checks.ts'
import { opaqueOf, stepOf, wholePlan } from './inline.ts'
import type { Model } from './kitchen.ts'
import type { DatasetSpec, Recipe, Step, TrainSpec } from './specs.ts'

/**
 * Asks already while declaring whether the endpoint can compute its model's features from what a request brings; the
 * columns of fits are computed from those that they encode. @throws RECIPE_INVALID, PLAN_NEEDS_LABEL, PLAN_INVALID
 */
export function checkServed(
  name: string,
  steps: readonly Step[],
  id: string,
  model: Model,
  options: { entry: string; input: readonly string[] },
): void {
  const recipe: Recipe = { format: 1, name, steps }
  const sources = steps.filter((s) => s.kind === 'source').map((s) => s.id)
  if (!sources.includes(options.entry))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' has no source '${options.entry}' to take records of`,
      why: `the sources are ${sources.map((s) => `'${s}'`).join(', ')}`,
      fix: 'name one of them as entry',
    })
  checkInput(id, steps.find((s) => s.id === options.entry)?.spec as SourceSpec, options.entry, options.input)
  const train = stepOf(recipe, model.step)
  const { features, fit } = train.spec as TrainSpec
  const dataset = stepOf(recipe, train.inputs[0] ?? '')
  const { moment } = dataset.spec as DatasetSpec
  checkFormer(recipe, dataset.id, id)
  const opaque = opaqueOf(recipe, dataset.id)
  if (opaque)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' can't serve a model of '${dataset.id}': it is made of '${opaque.id}'`,
      why:
        opaque.kind === 'either'
          ? 'which of its two branches gives the rows is known in a run alone, and a request is one record'
          : opaque.kind === 'learn' || opaque.kind === 'forecast'
            ? 'what was learnt is said of the rows of a run, and not of a record that comes later'
            : 'a program makes its rows in a run, and a request is one record',
      fix: 'train on a dataset that one plan makes',
    })
  const outputs = [...new Set([...features, ...fit.flatMap(fitReads), ...(moment ? [moment] : [])])]
  online(wholePlan(recipe, dataset.id), { entry: options.entry, outputs, input: options.input })
}
