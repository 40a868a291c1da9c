import { GalleyError } from '../../base/errors.ts'
import { constant } from '../../plan/columns/combine.ts'
import type { BoolCol, Col, ColOf } from '../../plan/columns/kinds.ts'
import type { Table } from '../../plan/table.ts'
import type { RecipeOptions } from '../budget.ts'
import { checkName } from '../checks.ts'
import type { Dataset, Kitchen } from '../kitchen.ts'
import { recipe } from '../recipe.ts'
import type { Recipe } from '../specs.ts'
import {
  type Dimension,
  type Every,
  type KeyDimension,
  keyDimension,
  type Span,
  spanOf,
  spansBy,
  type TimeDimension,
  timeDimension,
} from './dimensions.ts'

/** A window of time that a recipe is declared for. */
export interface TimePart<V extends 'date' | 'local timestamp'> {
  /** Its name: `2026-01-31`; `2026-01-31T05` of an hour, `2026-01` of a month. */
  readonly id: string
  /** Where it begins, and where the next does, as wall clocks of its zone: `2026-01-31T00:00:00`. */
  readonly from: string
  readonly until: string
  /** Its first day; of an hour, where it begins. */
  readonly value: ColOf<V>
  /** Whether a moment lies in it: an instant as the zone's clock shows it, a wall clock or a date as it stands. */
  holds(moment: Col<'timestamp'> | Col<'local timestamp'> | Col<'date'>): BoolCol
}

/** A name that a recipe is declared for. */
export interface KeyPart {
  readonly id: string
  readonly value: ColOf<'string'>
  holds(key: Col<'string'>): BoolCol
}

/** What a dimension gives for one partition. */
export type PartOf<D extends Dimension> = D extends KeyDimension
  ? KeyPart
  : D extends { readonly every: 'hour' }
    ? TimePart<'local timestamp'>
    : TimePart<'date'>

export type Dimensions = Readonly<Record<string, Dimension>>

/** A recipe that is declared, and run, partition by partition. */
export interface Partitioned {
  readonly format: 1
  readonly name: string
  readonly dimensions: Dimensions
  /** The recipe of a partition: the names of its parts, with slashes between. @throws PARTITION_UNKNOWN, and what declaring throws */
  of(partition: string): Recipe
}

type When<E extends Every> = TimeDimension & { readonly every: E }
type Within = { readonly until?: string; readonly zone?: string }
const windows =
  <E extends Every>(every: E) =>
  (from: string, options: Within = {}): When<E> =>
    timeDimension(every, from, options) as When<E>

/** Hours from one on: `hourly('2026-01-31T05', { zone: 'Asia/Seoul' })`. @throws RECIPE_INVALID */
export const hourly = windows('hour')
/** Days from one on: `daily('2026-01-31')`. @throws RECIPE_INVALID */
export const daily = windows('day')
/** Weeks from one on, each named by its Monday: `weekly('2026-01-26')`. @throws RECIPE_INVALID */
export const weekly = windows('week')
/** Months from one on: `monthly('2026-01')`. @throws RECIPE_INVALID */
export const monthly = windows('month')
/** Years from one on: `yearly('2026')`. @throws RECIPE_INVALID */
export const yearly = windows('year')
/** Names, each with a partition of its own: `keys(['seoul', 'busan'])`. @throws RECIPE_INVALID */
export const keys = keyDimension

/**
 * Declares a recipe that is run partition by partition: for a window of time, a name, or both. A dataset of it is written partition by partition:
 * it is partitioned by a column of each dimension's name, which is added where the table has none, and a run replaces its own partition alone.
 * @throws RECIPE_INVALID, PLAN_*
 */
export function partitioned<const D extends Dimensions>(
  name: string,
  dimensions: D,
  declare: (k: Kitchen, parts: { readonly [K in keyof D]: PartOf<D[K]> }) => void,
  options: RecipeOptions = {},
): Partitioned {
  checkName(name, 'recipe')
  checkDimensions(name, dimensions)
  const names = Object.keys(dimensions)
  const of = (partition: string): Recipe => {
    const ids = partition.split('/')
    if (ids.length !== names.length)
      throw new GalleyError('PARTITION_UNKNOWN', {
        what: `there is no partition '${partition}'`,
        why: `'${name}' is partitioned by ${names.join(' and ')}`,
        fix: `name one of ${names.length === 1 ? 'it' : 'each, with slashes between'}, for instance ${firstOf(dimensions)}`,
      })
    const parts = names.map((n, i) => [n, partOf(dimensions[n] as Dimension, ids[i] as string)] as const)
    const own = Object.fromEntries(parts)
    return Object.freeze({ ...recipe(name, (k) => declare(within(k, own), own as never), options), partition })
  }
  const made: Partitioned = Object.freeze({ format: 1, name, dimensions: Object.freeze({ ...dimensions }), of })
  of(firstOf(dimensions)) // mistakes are told where the recipe is loaded
  return made
}

type Part = KeyPart | TimePart<'date'> | TimePart<'local timestamp'>

function partOf(d: Dimension, id: string): Part {
  if (d.kind === 'time') return timePart(d, spanOf(id, d))
  if (d.keys.includes(id))
    return { id, value: constant(id, 'string'), holds: (key: Col<'string'>) => key.eq(id as never) }
  throw new GalleyError('PARTITION_UNKNOWN', {
    what: `there is no partition '${id}'`,
    why: `the names are ${d.keys.slice(0, 20).join(', ')}${d.keys.length > 20 ? ', …' : ''}`,
    fix: 'name one of them',
  })
}

function timePart({ every }: TimeDimension, { id, from, until }: Span): TimePart<'date'> | TimePart<'local timestamp'> {
  const holds = (moment: Col): BoolCol => {
    const c = moment as ColOf<'timestamp'>
    if (c.type === 'timestamp') return c.ge(instant(from.instant)).and(c.lt(instant(until.instant)))
    if (moment.type === 'local timestamp' || (moment.type === 'date' && every !== 'hour')) {
      const text = (wall: string) => (moment.type === 'date' ? wall.slice(0, 10) : wall) as never
      return c.ge(text(from.wall)).and(c.lt(text(until.wall)))
    }
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `a ${moment.type} lies in no ${every}`,
      why: 'a window holds timestamps, local timestamps and, from days on, dates',
      fix: 'give a column of times, or cast it to one',
    })
  }
  const about = { id, from: from.wall, until: until.wall, holds }
  return every === 'hour'
    ? { ...about, value: constant(from.wall, 'local timestamp') }
    : { ...about, value: constant(from.wall.slice(0, 10), 'date') }
}

const instant = (micros: bigint): never => new Date(Number(micros / 1000n)).toISOString() as never

/** A kitchen whose datasets are written partition by partition. */
function within(k: Kitchen, parts: Readonly<Record<string, Part>>): Kitchen {
  return {
    ...k,
    dataset<S>(id: string, t: Table<S>, options: Parameters<typeof k.dataset<S>>[2] = {}): Dataset<S> {
      const mode = options.write ?? 'overwrite-partition'
      if (mode === 'upsert') return k.dataset(id, t, options)
      if (mode !== 'overwrite-partition')
        throw new GalleyError('RECIPE_INVALID', {
          what: `'${id}' can't be written as '${mode}', partition by partition`,
          why: mode === 'full' ? 'it would hold the partition that was run last alone' : 'a partition that is run again would be added again', // biome-ignore format: one line
          fix: 'leave write out: a run then replaces its own partition; or upsert by a key',
        })
      const missing = Object.keys(parts).filter((n) => !t.schema.some((f) => f.name === n))
      const added = missing.length === 0 ? t : (t.derive(() => valuesOf(parts, missing)) as unknown as Table<S>)
      const replaces = valuesOf(parts, Object.keys(parts))
      const partitionBy = [...new Set([...Object.keys(parts), ...(options.partitionBy ?? [])])]
      return k.dataset(id, added, {
        ...options,
        write: mode,
        partitionBy: partitionBy as never,
        replaces: replaces as never,
      })
    },
  }
}

const valuesOf = (parts: Readonly<Record<string, Part>>, names: readonly string[]): Record<string, Col> =>
  Object.fromEntries(names.map((n) => [n, (parts[n] as Part).value as Col]))

/** The first partition; time dimensions begin with a window, so that there is one. */
export const firstOf = (dimensions: Dimensions): string =>
  Object.values(dimensions)
    .map((d) => (d.kind === 'keys' ? d.keys[0] : (spansBy(Date.UTC(9999, 0), d).next().value?.id ?? d.from)))
    .join('/')

function checkDimensions(name: string, dimensions: Dimensions): void {
  const refuse = (what: string, why: string, fix: string) => new GalleyError('RECIPE_INVALID', { what, why, fix })
  const all = Object.entries(dimensions)
  const example = "write for instance { day: daily('2026-01-01') }"
  if (all.length === 0) throw refuse(`'${name}' is partitioned by nothing`, 'it has no dimensions', example)
  for (const [n, d] of all) {
    if (!/^[a-z][a-zA-Z0-9_]{0,62}$/.test(n))
      throw refuse(`'${n}' can't name a dimension`, 'it names a column of datasets: letters, digits and underscores, beginning with a small letter', 'choose such a name') // biome-ignore format: one line
    if (d?.kind !== 'time' && d?.kind !== 'keys')
      throw refuse(`the dimension '${n}' of '${name}' is none`, 'it is made by hourly, daily, weekly, monthly, yearly or keys', example) // biome-ignore format: one line
  }
  if (all.filter(([, d]) => d.kind === 'time').length > 1)
    throw refuse(`'${name}' has two dimensions of time`, 'a partition is of one window of time', 'keep the shorter one') // biome-ignore format: one line
}
