import { GalleyError } from '../../../base/errors.ts'
import { isPlain } from '../labels.ts'
import { type NumberParam, numberParams } from '../params.ts'
import type { TrainTask } from '../trainer.ts'

/** Parameters, their defaults and ranges. `earlyStopping` 0 is off; the unit is rounds without a better validation loss. */
export const GBDT_PARAMS = {
  trees: { value: 100, min: 1, max: 100_000, integer: true },
  leaves: { value: 31, min: 2, max: 4096, integer: true },
  learningRate: { value: 0.1, min: 1e-6, max: 1 },
  minDataInLeaf: { value: 20, min: 1, max: 1e9, integer: true },
  minHessian: { value: 1e-3, min: 0, max: 1e9 },
  minGain: { value: 0, min: 0, max: 1e12 },
  lambda: { value: 0, min: 0, max: 1e12 },
  maxBins: { value: 255, min: 2, max: 255, integer: true },
  earlyStopping: { value: 0, min: 0, max: 100_000, integer: true },
} as const satisfies Record<string, NumberParam>

/** Those that came with goals other than binary: a model says them where they are not the defaults. */
const MORE_PARAMS = {
  l1: { value: 0, min: 0, max: 1e12 },
  rowFraction: { value: 1, min: 1e-6, max: 1 },
  columnFraction: { value: 1, min: 1e-6, max: 1 },
  catSmooth: { value: 10, min: 0, max: 1e9 },
  catL2: { value: 10, min: 0, max: 1e12 },
  maxCatThreshold: { value: 32, min: 1, max: 254, integer: true },
  minDataPerGroup: { value: 100, min: 1, max: 1e9, integer: true },
} as const satisfies Record<string, NumberParam>
const LISTS = ['increasing', 'decreasing', 'categorical'] as const
const FLAGS = ['balanced'] as const

export type GbdtParams = { readonly [K in keyof typeof GBDT_PARAMS]: number }
export type MoreParams = { readonly [K in keyof typeof MORE_PARAMS]: number } & {
  /** Features that the score may only rise, or only fall, with; features whose numbers are codes of categories. */
  readonly [K in (typeof LISTS)[number]]: readonly string[]
} & {
  /** Whether all classes weigh the same together. */
  readonly balanced: boolean
  /** Groups of features that may stand together on a way down a tree; a feature in none stands alone. */
  readonly interactions: readonly (readonly string[])[]
}

/**
 * A task's parameters: those that there were always, all of the others, and what a model says. `plain`: a binary target without
 * weights or any of the others, for which the fast kernels and the device are.
 * @throws USAGE_INVALID
 */
export function gbdtParams(task: TrainTask): {
  readonly params: GbdtParams
  readonly more: MoreParams
  readonly told: Readonly<Record<string, unknown>>
  readonly plain: boolean
} {
  const all = numberParams('gbdt', task.params, { ...GBDT_PARAMS, ...MORE_PARAMS }, [
    ...LISTS,
    ...FLAGS,
    'interactions',
  ])
  const params = Object.fromEntries(Object.keys(GBDT_PARAMS).map((name) => [name, all[name as keyof GbdtParams]])) as GbdtParams // biome-ignore format: one line
  const [increasing, decreasing, categorical] = LISTS.map((name) =>
    featuresOf(task, name, task.params[name] ?? []),
  ) as [readonly string[], readonly string[], readonly string[]]
  const interactions = groupsOf(task)
  const code = [...increasing, ...decreasing].find((name) => categorical.includes(name))
  if (code !== undefined) throw invalid(`"${code}" is categorical: it has no order to rise or fall with`)
  const both = increasing.find((name) => decreasing.includes(name))
  if (both !== undefined) throw invalid(`"${both}" can't be both increasing and decreasing`)
  const goal = task.goal?.kind ?? 'binary'
  if (increasing.length + decreasing.length > 0 && goal === 'multiclass')
    throw invalid('increasing and decreasing are of one score, and several classes have one each')
  const balanced = task.params['balanced'] ?? false
  if (typeof balanced !== 'boolean') throw invalid(`balanced must be true or false, and is ${JSON.stringify(balanced)}`)
  if (balanced && (goal === 'regression' || goal === 'ranking'))
    throw invalid('balanced is of classes, and the target is a number')
  const numbers = Object.fromEntries(
    Object.keys(MORE_PARAMS).map((name) => [name, all[name as keyof typeof MORE_PARAMS]]),
  ) as { [K in keyof typeof MORE_PARAMS]: number }
  const more: MoreParams = { ...numbers, increasing, decreasing, balanced, categorical, interactions }
  const usual: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(Object.entries(MORE_PARAMS).map(([name, { value }]) => [name, value])),
    balanced: false,
  }
  const said = Object.entries(more).filter(([name, value]) => (Array.isArray(value) ? value.length > 0 : value !== usual[name])) // biome-ignore format: one line
  return {
    ...{ params, more, told: { ...params, ...Object.fromEntries(said) } },
    plain: isPlain(task) && said.length === 0,
  }
}

const invalid = (what: string): GalleyError => new GalleyError('USAGE_INVALID', { what: `gbdt: ${what}` })

/** @throws USAGE_INVALID for what is no list of the task's features */
function featuresOf({ features }: TrainTask, name: string, list: unknown): readonly string[] {
  if (!Array.isArray(list)) throw invalid(`${name} must be a list of features, and is ${JSON.stringify(list)}`)
  const other = (list as readonly string[]).find((f) => !features.includes(f))
  if (other !== undefined)
    throw new GalleyError('USAGE_INVALID', {
      what: `gbdt: ${name} names "${String(other)}", which is not one of the features`,
      fix: `choose from: ${features.join(', ')}`,
    })
  return list as readonly string[]
}

function groupsOf(task: TrainTask): readonly (readonly string[])[] {
  const groups = task.params['interactions'] ?? []
  if (!Array.isArray(groups)) throw invalid(`interactions must be a list of lists of features, and is ${JSON.stringify(groups)}`) // biome-ignore format: one line
  return (groups as readonly unknown[]).map((group) => featuresOf(task, 'interactions', group))
}
