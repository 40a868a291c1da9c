import { GalleyError } from '../../../base/errors.ts'
import type { Col } from '../../../plan/columns/kinds.ts'
import { constantMicros } from '../../../plan/durations.ts'
import { parseType, type TypeName, typeName } from '../../../plan/types.ts'
import type { Option, SourceSpec } from '../connector.ts'

/** How a column's values are made: plain JSON. `T` is the column's type. */
export interface ValueMaker<T extends TypeName = TypeName> {
  readonly make: string
  readonly type: T
  /** Share of rows that are null, 0 to 1. */
  readonly nulls?: number
  readonly [option: string]: Option | undefined
}

interface Nulls {
  /** Share of rows that are null, 0 to 1; none when not given. */
  readonly nulls?: number
}

type Whole = 'int32' | 'int64'
type Decimal = `decimal(${number}, ${number})`
/** The type of plain values. */
type TypeOfValues<V> = V extends string ? 'string' : V extends number ? 'int64' : 'bool'

const maker = <T extends TypeName>(
  make: string,
  type: T,
  options: Readonly<Record<string, Option | undefined>>,
): ValueMaker<T> => {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const { nulls } = given
  if (nulls !== undefined && !(typeof nulls === 'number' && nulls >= 0 && nulls <= 1))
    throw invalid(
      make,
      `nulls: ${JSON.stringify(nulls)} is no share`,
      'say a number from 0 to 1, for instance nulls: 0.05',
    )
  return { ...given, make, type } as ValueMaker<T>
}

function invalid(make: string, why: string, fix: string): GalleyError {
  return new GalleyError('RECIPE_INVALID', { what: `values.${make}() can't be made`, why, fix })
}

/** Whole numbers of which a double tells each. */
const MOST = Number.MAX_SAFE_INTEGER
const whole = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n)

/** Makers of values for `generate`. Each value depends on the seed, its column and the number of its row alone. */
export const values = {
  /** `start`, `start + step`, …: a key. */
  sequence({ start = 1, step = 1, ...more }: { start?: number; step?: number } & Nulls = {}): ValueMaker<'int64'> {
    if (!whole(start) || !whole(step))
      throw invalid('sequence', 'start or step is no whole number', 'say whole numbers')
    return maker('sequence', 'int64', { start, step, ...more })
  },
  /** Equally likely between `min` and `max`, both included; of floats, `max` is not. */
  uniform<const T extends Whole | 'float64' | Decimal>(
    type: T,
    { min, max, ...more }: { min: number; max: number } & Nulls,
  ): ValueMaker<T> {
    const parsed = parseType(type)
    const scale = typeof parsed === 'object' && 'decimal' in parsed ? parsed.decimal[1] : 0
    const [low, high] = [Math.round(min * 10 ** scale), Math.round(max * 10 ** scale)]
    if (!(min <= max))
      throw invalid('uniform', `there is nothing from ${min} to ${max}`, 'say a min that is at most max')
    if (type !== 'float64' && !(whole(low) && whole(high) && high - low < MOST))
      throw invalid('uniform', `${min} to ${max} has too many values of type ${type}`, 'say a narrower range')
    if (scale === 0 && type !== 'float64' && !(whole(min) && whole(max)))
      throw invalid('uniform', `${min} to ${max} are no values of type ${type}`, 'say whole numbers, or float64')
    if (type === 'int32' && (min < -(2 ** 31) || max >= 2 ** 31))
      throw invalid('uniform', `${min} to ${max} is beyond int32`, "say 'int64'")
    return maker('uniform', type, type === 'float64' ? { min, max, ...more } : { min: low, max: high, ...more })
  },
  /** Normally distributed (Box and Muller, 1958), rounded to `digits` after the point. */
  normal({
    mean = 0,
    sd = 1,
    digits = 6,
    ...more
  }: { mean?: number; sd?: number; digits?: number } & Nulls = {}): ValueMaker<'float64'> {
    if (!(Number.isFinite(mean) && sd >= 0 && whole(digits) && digits >= 0 && digits <= 15))
      throw invalid('normal', `there is no such distribution`, 'say a finite mean, a sd from 0 on, and 0 to 15 digits')
    return maker('normal', 'float64', { mean, sd, digits, ...more })
  },
  /** One of some values; with `weights`, by so many parts each. */
  choice<
    const V extends readonly [string, ...string[]] | readonly [number, ...number[]] | readonly [boolean, ...boolean[]],
  >(of: V, { weights, ...more }: { weights?: readonly number[] } & Nulls = {}): ValueMaker<TypeOfValues<V[number]>> {
    if (of.length > 10_000)
      throw invalid('choice', `${of.length} values are too many`, 'use a reference to a generator')
    if (weights && (weights.length !== of.length || weights.some((w) => !(w >= 0)) || !(sumOf(weights) > 0)))
      throw invalid('choice', 'the weights do not fit the values', 'say as many as values, none below 0, one above 0')
    return maker('choice', typeOf<V[number]>('choice', of), {
      of: [...of],
      ...(weights ? { weights: [...weights] } : {}),
      ...more,
    })
  },
  /** True for a share of rows. */
  chance(share: number, more: Nulls = {}): ValueMaker<'bool'> {
    if (!(share >= 0 && share <= 1)) throw invalid('chance', `${share} is no share`, 'say a number from 0 to 1')
    return maker('chance', 'bool', { share, ...more })
  },
  /** Values of a list by turns, written as text in the plain way of their type; null stands for itself. */
  cycle<const T extends TypeName>(type: T, of: readonly (string | null)[], more: Nulls = {}): ValueMaker<T> {
    if (of.length === 0 || (typeof parseType(type) === 'object' && !typeName(parseType(type)).startsWith('decimal')))
      throw invalid('cycle', 'there are no values of it', 'say some, of a type that is no list and no struct')
    return maker('cycle', type, { of: [...of], ...more })
  },
  /** A time for each row: `start`, and `every` duration later the next; up to `jitter` later than that. */
  times<const T extends 'timestamp' | 'local timestamp' | 'date' = 'timestamp'>({
    start,
    every,
    jitter,
    as,
    ...more
  }: { start: string; every: Col<'duration'>; jitter?: Col<'duration'>; as?: T } & Nulls): ValueMaker<T> {
    if (!/^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?Z?$/.test(start) || Number.isNaN(Date.parse(start)))
      throw invalid('times', `'${start}' is no time`, "write for instance '2026-01-31' or '2026-01-31 18:05:00'")
    const micros = { every: constantMicros(every), jitter: jitter ? constantMicros(jitter) : 0 }
    if (micros.jitter < 0) throw invalid('times', 'jitter is negative', 'say how much later a time may be')
    return maker('times', as ?? ('timestamp' as T), {
      start: start.replace('T', ' ').replace('Z', ''),
      ...micros,
      ...more,
    })
  },
  /** Text by a pattern: `#` is a digit, `?` a letter A to Z, all else itself; a backslash keeps the next as it is. */
  pattern(pattern: string, more: Nulls = {}): ValueMaker<'string'> {
    if (pattern.length === 0 || pattern.length > 200)
      throw invalid('pattern', `it has ${pattern.length} characters`, "say 1 to 200, for instance 'ORD-######'")
    return maker('pattern', 'string', { pattern, ...more })
  },
  /** A name put together from Korean family names and syllables: of nobody in particular. */
  koreanName: (more: Nulls = {}): ValueMaker<'string'> => maker('koreanName', 'string', { ...more }),
  /** An address like those of Korea, in places that do not exist. */
  koreanAddress: (more: Nulls = {}): ValueMaker<'string'> => maker('koreanAddress', 'string', { ...more }),
  /** The value that a column of another generator has in one of its rows, each row equally likely. */
  references<S extends Readonly<Record<string, TypeName>>, const K extends keyof S & string>(
    of: SourceSpec<S>,
    column: K,
    more: Nulls = {},
  ): ValueMaker<S[K]> {
    const { rows, seed, columns } = of.options as { rows?: number; seed?: number; columns?: Record<string, ValueMaker> }
    const made = columns && Object.hasOwn(columns, column) ? columns[column] : undefined
    if (of.connector !== 'generate' || made === undefined)
      throw invalid('references', `'${of.path}' generates no column '${column}'`, 'name a column of a generate()')
    const { nulls: _, ...values } = made
    return maker('references', values.type as S[K], { name: of.path, rows, seed, column, values, ...more })
  },
} as const

const sumOf = (weights: readonly number[]): number => weights.reduce((a, b) => a + b, 0)

function typeOf<V extends string | number | boolean>(make: string, of: readonly V[]): TypeOfValues<V> {
  const kinds = new Set(of.map((v) => typeof v))
  if (of.length === 0 || kinds.size > 1 || (kinds.has('number') && !of.every(whole)))
    throw invalid(
      make,
      'the values are none, of several kinds, or no whole numbers',
      'say texts, whole numbers or bools',
    )
  const names = { string: 'string', number: 'int64', boolean: 'bool' } as Record<string, unknown>
  return names[[...kinds][0] as string] as TypeOfValues<V>
}
