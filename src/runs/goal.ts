import { GalleyError } from '../base/errors.ts'
import { isFloat, isInteger, type Type, typeName } from '../plan/types.ts'

/** What a regression is measured by: the mean (`squared`), the median (`absolute`), a quantile, the mean of counts (`poisson`) or of amounts with zeros (`tweedie`). */
export const OBJECTIVES = ['squared', 'absolute', 'quantile', 'poisson', 'tweedie'] as const
export type Objective = (typeof OBJECTIVES)[number]

/** What is learnt of a target. */
export type Goal =
  | { readonly kind: 'binary' }
  | { readonly kind: 'multiclass' }
  | {
      readonly kind: 'regression'
      readonly objective: Objective
      /** Which quantile, within (0, 1); of `quantile` alone. */
      readonly alpha?: number
      /** How the variance grows with the mean, within (1, 2); of `tweedie` alone. */
      readonly power?: number
    }
  | {
      /** The order of rows within a group, by a target that says how relevant each is. */
      readonly kind: 'ranking'
      /** The column that names a row's group: the query, the visit, the day. */
      readonly group: string
    }

/** A goal as a recipe says it, of a table with such columns. */
export type SaidGoal<Column extends string = string> =
  | Exclude<Goal['kind'], 'ranking'>
  | { readonly kind: 'binary' | 'multiclass' }
  | { readonly kind: 'ranking'; readonly group: Column }
  | {
      readonly kind: 'regression'
      readonly objective?: Objective
      readonly alpha?: number
      readonly power?: number
    }

/** The goals by one name each, as trainers list those that they can. */
export type Aim = 'binary' | 'multiclass' | 'ranking' | Objective

export const aimOf = (goal: Goal): Aim => (goal.kind === 'regression' ? goal.objective : goal.kind)

export const BINARY: Goal = { kind: 'binary' }

/** What sums of contributions are before they become an answer: log odds, the logarithm of a mean, or the answer itself. */
export function linkOf(goal: Goal = BINARY): 'logit' | 'log' | 'identity' {
  if (goal.kind === 'binary' || goal.kind === 'multiclass') return 'logit'
  return goal.kind === 'regression' && (goal.objective === 'poisson' || goal.objective === 'tweedie')
    ? 'log'
    : 'identity'
}

const invalid = (id: string, what: string, fix: string, why?: string): GalleyError =>
  new GalleyError('RECIPE_INVALID', { what: `'${id}' ${what}`, ...(why ? { why } : {}), fix })

/**
 * The goal of a training step: what the recipe says, or what follows from the target's type: true or false for a bool, one of several
 * for a text, a number for a float. Whole numbers are 0 and 1 unless it says otherwise.
 * @throws RECIPE_INVALID for a goal that is none, or that the target's type does not allow
 */
export function goalOf(id: string, target: string, type: Type, said: SaidGoal | undefined): Goal {
  const goal = said === undefined ? goalOfType(id, target, type) : completed(id, said)
  const whole = type === 'bool' || isInteger(type)
  const fits = {
    binary: whole || isFloat(type),
    multiclass: whole || type === 'string',
    regression: isInteger(type) || isFloat(type),
    ranking: whole || isFloat(type),
  }
  if (fits[goal.kind]) return goal
  const can = Object.entries(fits).flatMap(([kind, able]) => (able && kind !== 'ranking' ? [`'${kind}'`] : []))
  throw invalid(
    id,
    `can't learn '${target}' with the goal '${goal.kind}': it is a ${typeName(type)}`,
    goal.kind === 'binary' && type === 'string'
      ? `derive a bool, for instance .derive((r) => ({ wanted: r.${target}.eq('…') }))`
      : `say goal: ${can.join(' or ')}, or derive a target of another type`,
  )
}

function goalOfType(id: string, target: string, type: Type): Goal {
  if (type === 'bool' || isInteger(type)) return BINARY
  if (type === 'string') return { kind: 'multiclass' }
  if (isFloat(type)) return { kind: 'regression', objective: 'squared' }
  throw invalid(
    id,
    `can't learn '${target}': it is a ${typeName(type)}`,
    `derive a bool, a text or a number of it, for instance .derive((r) => ({ wanted: r.${target}.cast('float64') }))`,
    'a target is true or false, one of several texts or whole numbers, or a number',
  )
}

function completed(id: string, said: SaidGoal): Goal {
  const { kind, ...more } = typeof said === 'string' ? { kind: said } : said
  const options: Record<string, unknown> = more
  if (kind !== 'binary' && kind !== 'multiclass' && kind !== 'regression' && kind !== 'ranking')
    throw invalid(id, `has no goal '${String(kind)}'`, "say 'binary', 'multiclass', 'regression' or { kind: 'ranking', group: '…' }") // biome-ignore format: one line
  const objective = (options['objective'] ?? 'squared') as Objective
  const [parameter, value, low, high] =
    kind !== 'regression'
      ? []
      : objective === 'quantile'
        ? (['alpha', options['alpha'], 0, 1] as const)
        : objective === 'tweedie'
          ? (['power', options['power'] ?? 1.5, 1, 2] as const)
          : []
  const known = [
    ...(kind === 'regression' ? ['objective'] : kind === 'ranking' ? ['group'] : []),
    ...(parameter ? [parameter] : []),
  ]
  const other = Object.keys(options).find((name) => !known.includes(name))
  if (other !== undefined)
    throw invalid(id, `has a goal '${kind}'${kind === 'regression' ? ` (${objective})` : ''} without an option '${other}'`, known.length > 0 ? `it has ${known.join(', ')}` : 'leave it out') // biome-ignore format: one line
  if (kind === 'ranking') return ranking(id, options['group'])
  if (kind !== 'regression') return { kind }
  if (!OBJECTIVES.includes(objective))
    throw invalid(id, `has no objective '${String(objective)}'`, `say one of ${OBJECTIVES.join(', ')}`)
  if (parameter === undefined) return { kind, objective }
  if (typeof value === 'number' && value > low && value < high) return { kind, objective, [parameter]: value }
  throw invalid(
    id,
    `needs a number between ${low} and ${high} as '${parameter}' of its goal`,
    `for instance goal: { kind: 'regression', objective: '${objective}', ${parameter}: ${(low + high) / 2} }`,
  )
}

function ranking(id: string, group: unknown): Goal {
  if (typeof group === 'string') return { kind: 'ranking', group }
  throw invalid(
    id,
    'is not told which rows its goal ranks together',
    "name the column: goal: { kind: 'ranking', group: 'query' }",
    'an order is learnt within groups of rows, as those of a query',
  )
}
