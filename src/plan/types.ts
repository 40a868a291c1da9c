import { GalleyError, nearest as nearestName } from '../base/errors.ts'
import { ownValue } from '../base/own.ts'

/** The scalar types by name; what each one means is in docs/semantics.md. */
export const SCALAR_TYPES = [
  'bool',
  'int32',
  'int64',
  'float32',
  'float64',
  'string',
  'bytes',
  'date',
  'timestamp',
  'local timestamp',
  'duration',
] as const

export type ScalarType = (typeof SCALAR_TYPES)[number]

/** A column's type. Compound types are small objects; all are plain JSON. */
export type Type =
  | ScalarType
  | { readonly decimal: readonly [precision: number, scale: number] }
  | { readonly list: Type }
  | { readonly struct: readonly (readonly [name: string, type: Type])[] }

/**
 * A type as recipes write it: a scalar's name, `decimal(12, 2)`, a list (`string[]`), or a struct as an object.
 * TypeScript follows it, so that a column of it has the methods of its kind.
 */
export type TypeName =
  | ScalarType
  | `decimal(${number}, ${number})`
  | `${ScalarType}[]`
  | `decimal(${number}, ${number})[]`
  | { readonly [name: string]: TypeName }

export const MAX_DECIMAL_DIGITS = 18

/** What other languages call types. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  int: "'int64'",
  integer: "'int64'",
  bigint: "'int64'",
  long: "'int64'",
  number: "'float64' (or 'int64' for whole numbers)",
  double: "'float64'",
  float: "'float64'",
  real: "'float64'",
  text: "'string'",
  varchar: "'string'",
  str: "'string'",
  boolean: "'bool'",
  datetime: "'timestamp' (an instant) or 'local timestamp' (a wall clock)",
  timestamptz: "'timestamp'",
  decimal: "'decimal(12, 2)'",
  numeric: "'decimal(12, 2)'",
  money: "'decimal(12, 2)'",
  interval: "'duration'",
  json: "'string', read with jsonString('$.name') and its like",
}

/** The type of that name. @throws PLAN_INVALID */
export function parseType(name: TypeName): Type {
  if (typeof name === 'object')
    return { struct: Object.entries(name).map(([field, type]) => [field, parseType(type)] as const) }
  if ((SCALAR_TYPES as readonly string[]).includes(name)) return name as ScalarType
  if (name.endsWith('[]')) return { list: parseType(name.slice(0, -2) as TypeName) }
  const [, precision, scale] = /^decimal\((\d{1,2}), ?(\d{1,2})\)$/.exec(name) ?? []
  const [p, s] = [Number(precision), Number(scale)]
  if (p >= 1 && p <= MAX_DECIMAL_DIGITS && s <= p) return { decimal: [p, s] }
  const [near, called] = [nearestName(name, SCALAR_TYPES), ownValue(ELSEWHERE, name.toLowerCase())]
  const close = called ?? (near && `'${near}'`)
  throw new GalleyError('PLAN_INVALID', {
    what: `'${name}' is not a type`,
    why: `types are ${SCALAR_TYPES.join(', ')}, decimal(p, s) with at most ${MAX_DECIMAL_DIGITS} digits, and lists of them ('string[]')`,
    fix: close ? `did you mean ${close}?` : 'use one of these',
  })
}

/** What is said of a column beside its type. */
export interface Note {
  /** Unit of measure, as text (`min`, `mi`, `KRW`). */
  readonly unit?: string
  readonly description?: string
  /** For instance `personal`. A column made of tagged ones has their tags. */
  readonly tags?: readonly string[]
}

export interface Field extends Note {
  readonly name: string
  readonly type: Type
  readonly nullable: boolean
}

/** Columns in order; names are unique. */
export type Schema = readonly Field[]

export function typeName(type: Type): string {
  if (typeof type === 'string') return type
  if ('decimal' in type) return `decimal(${type.decimal[0]}, ${type.decimal[1]})`
  if ('list' in type) return `list of ${typeName(type.list)}`
  return `struct { ${type.struct.map(([name, t]) => `${name}: ${typeName(t)}`).join(', ')} }`
}

export function sameType(a: Type, b: Type): boolean {
  return a === b || typeName(a) === typeName(b)
}

export const isInteger = (type: Type): boolean => type === 'int32' || type === 'int64'
export const isFloat = (type: Type): boolean => type === 'float32' || type === 'float64'
export const isTemporal = (type: Type): boolean => type === 'date' || type === 'timestamp' || type === 'local timestamp'

export const isNumeric = (type: Type): boolean => isInteger(type) || isFloat(type) || isDecimal(type)
export const isDecimal = (type: Type): type is { readonly decimal: readonly [precision: number, scale: number] } =>
  typeof type === 'object' && 'decimal' in type
export const isList = (type: Type): type is { readonly list: Type } => typeof type === 'object' && 'list' in type
export const isStruct = (type: Type): type is Extract<Type, { struct: unknown }> =>
  typeof type === 'object' && 'struct' in type
/** Digits after the point; 0 for integers. */
export const scaleOf = (type: Type): number => (isDecimal(type) ? type.decimal[1] : 0)
/** Whether values of the type have an order: all but lists and structs. */
export const isOrdered = (type: Type): boolean => !isList(type) && !isStruct(type)

/** The type both sides of an arithmetic operation or comparison are widened to, or undefined when there is none. */
export function commonType(a: Type, b: Type): Type | undefined {
  if (sameType(a, b)) return a
  if (isInteger(a) && isInteger(b)) return 'int64'
  if (!isNumeric(a) || !isNumeric(b)) return undefined
  if (isFloat(a) || isFloat(b)) return 'float64'
  return { decimal: [MAX_DECIMAL_DIGITS, Math.max(scaleOf(a), scaleOf(b))] }
}

/** Columns from which on looking them up by name is worth a table of names. */
const MANY = 256
const indexes = new WeakMap<Schema, ReadonlyMap<string, Field>>()
function indexOf(schema: Schema): ReadonlyMap<string, Field> {
  let index = indexes.get(schema)
  if (!index) indexes.set(schema, (index = new Map(schema.map((f) => [f.name, f]))))
  return index
}

/** Names that a message lists. */
const LISTED = 50
const listed = (names: readonly string[]): string => {
  if (names.length === 0) return 'it has no columns'
  const first = names.slice(0, LISTED).map((c) => `'${c}'`).join(', ') // biome-ignore format: one line
  return `the columns are ${first}${names.length > LISTED ? ` and ${(names.length - LISTED).toLocaleString('en-US')} more` : ''}`
}

/** The field of that name, or an error that names the ones that exist. Looked for from both ends: of many, those that are read are mostly a source's or new. */
export function fieldOf(schema: Schema, name: string, where: string): Field {
  const known = schema.length > MANY ? indexOf(schema).get(name) : undefined
  if (known) return known
  for (let i = 0, j = schema.length - 1; i <= j; i++, j--) {
    const [first, last] = [schema[i] as Field, schema[j] as Field]
    if (first.name === name) return first
    if (last.name === name) return last
  }
  throw unknownColumn(
    name,
    schema.map((f) => f.name),
    where,
  )
}

export function unknownColumn(name: string, existing: readonly string[], where: string): GalleyError {
  if (typeof name !== 'string')
    return new GalleyError('PLAN_INVALID', {
      what: `${where} takes names of columns, not a ${typeof name}`,
      why: listed(existing),
      fix: "name them: select('id', 'amount'); columns are computed by derive() before",
    })
  const close = nearestName(name, existing)
  return new GalleyError('PLAN_UNKNOWN_COLUMN', {
    what: `there is no column '${name}' in ${where}`,
    why: listed(existing),
    fix: close
      ? `did you mean '${close}'?`
      : existing.length > 0
        ? 'use one of these names'
        : 'look where it comes from',
    details: { column: name, columns: existing },
  })
}
