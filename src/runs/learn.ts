import { GalleyError } from '../base/errors.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { build } from '../plan/nodes.ts'
import { table } from '../plan/table.ts'
import {
  type Field,
  fieldOf,
  isDecimal,
  isNumeric,
  isTemporal,
  parseType,
  type Schema,
  typeName,
} from '../plan/types.ts'
import type { Declaring } from './flow.ts'
import type { Dataset, Kitchen, Learning } from './kitchen.ts'
import type { LearnSpec } from './specs.ts'
import type { Timed } from './timeouts.ts'

/** What each sort of learner is told of the dataset's columns. */
const ASKED: Readonly<Record<LearnSpec['of'], readonly string[]>> = {
  rows: ['features'],
  baskets: ['basket', 'item'],
  preferences: ['user', 'item', 'weight', 'at'],
}
const OPTIONAL: readonly string[] = ['weight', 'at']

const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line

/** The verb of steps that learn without a target, and give a table of what they found. */
export function learning({ add }: Pick<Declaring, 'add'>): Pick<Kitchen, 'learn'> {
  const learn = (
    id: string,
    data: Dataset<never>,
    how: Learning,
    options: Readonly<Record<string, unknown>> & Timed & { readonly seed?: number },
  ) => {
    if (typeof how?.learner !== 'string' || !Object.hasOwn(ASKED, how.of))
      throw refuse(`'${id}' is given nothing to learn with`, 'learn() takes a name, a dataset and a learner', 'write for instance kMeans({ clusters: 8 })') // biome-ignore format: one line
    if (data?.table === undefined)
      throw refuse(`'${id}' is given no dataset`, 'what is learnt names the version that it was learnt from', "publish the table first: k.dataset('readings', readings)") // biome-ignore format: one line
    const asked = ASKED[how.of]
    optionsOf(options as Record<string, unknown>, [...asked, 'seed', 'timeout'], `learn '${id}'`)
    const { schema } = data.table
    const columns: Record<string, string | readonly string[]> = {}
    for (const role of asked) {
      const given = options[role]
      if (given === undefined && OPTIONAL.includes(role)) continue
      if (given === undefined || (role === 'features') !== Array.isArray(given))
        throw refuse(`'${id}' is not told its ${role}`, `${how.learner} learns from ${asked.join(', ')}`, role === 'features' ? "name columns of numbers: features: ['temperature', 'pressure']" : `name a column: ${role}: '…'`) // biome-ignore format: one line
      columns[role] = given as string | string[]
      for (const name of [given].flat() as string[]) checkColumn(id, role, fieldOf(schema, name, `learn of '${id}'`))
    }
    const seed = options.seed ?? 1
    if (!Number.isSafeInteger(seed)) throw refuse(`'${id}' has the seed ${String(seed)}`, 'a seed is a whole number', 'correct it') // biome-ignore format: one line
    const spec: LearnSpec = {
      ...{ learner: how.learner, of: how.of, params: how.params, columns, seed },
      schema: schemaOf(id, how, schema, columns),
    }
    add(id, 'learn', [data.step], spec, options)
    return table<never>(build({ op: 'scan', from: { kind: 'step', name: id }, schema: spec.schema }))
  }
  return { learn } as unknown as Pick<Kitchen, 'learn'>
}

/** @throws RECIPE_INVALID for a column of a type that it can't be */
function checkColumn(id: string, role: string, { name, type }: Field): void {
  const number = type === 'bool' || (isNumeric(type) && !isDecimal(type))
  const fits = role === 'features' || role === 'weight' ? number : role === 'at' ? isTemporal(type) || number : type === 'string' || type === 'int32' || type === 'int64' // biome-ignore format: one line
  if (fits) return
  throw refuse(
    `'${id}' can't learn from '${name}' as its ${role}: it is a ${typeName(type)}`,
    role === 'features' || role === 'weight' ? 'it is a number, or true or false' : role === 'at' ? 'it is a time' : 'it is a text or a whole number', // biome-ignore format: one line
    isDecimal(type) ? `derive a float of it: r.${name}.cast('float64')` : `derive such a column of it in the dataset`,
  )
}

/** The columns of the table that comes of it. @throws RECIPE_INVALID for a name that the dataset has, too */
function schemaOf(id: string, how: Learning, schema: Schema, columns: LearnSpec['columns']): Schema {
  const gives = Object.entries(how.gives).map(
    ([name, type]): Field => ({ name, type: parseType(type), nullable: true }),
  )
  const own = (role: string): Field => ({ ...fieldOf(schema, columns[role] as string, id), nullable: true })
  const before = how.of === 'rows' ? schema : how.of === 'preferences' ? [own('user'), own('item')] : []
  const taken = gives.find((g) => before.some((f) => f.name === g.name))
  if (taken)
    throw refuse(
      `'${id}' gives a column '${taken.name}', and its dataset has one already`,
      `${how.learner} gives ${gives.map((g) => g.name).join(', ')}`,
      `rename or drop the dataset's '${taken.name}' first`,
    )
  return [...before, ...gives]
}
