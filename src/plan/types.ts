import { GalleyError, nearest as nearestName } from '../base/errors.ts'

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

export interface Field {
  readonly name: string
  readonly type: Type
  readonly nullable: boolean
  /** Unit of measure, as text (`min`, `mi`, `KRW`). */
  readonly unit?: string
  readonly description?: string
  /** For instance `personal`. */
  readonly tags?: readonly string[]
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
export const isNumeric = (type: Type): boolean =>
  isInteger(type) || isFloat(type) || (typeof type === 'object' && 'decimal' in type)
export const isTemporal = (type: Type): boolean => type === 'date' || type === 'timestamp' || type === 'local timestamp'

/** The type both sides of an arithmetic operation or comparison are widened to, or undefined when there is none. */
export function commonType(a: Type, b: Type): Type | undefined {
  if (sameType(a, b)) return a
  if (isInteger(a) && isInteger(b)) return 'int64'
  if (isNumeric(a) && isNumeric(b) && (isFloat(a) || isFloat(b))) return 'float64'
  return undefined
}

/** The field of that name, or an error that names the ones that exist. */
export function fieldOf(schema: Schema, name: string, where: string): Field {
  const field = schema.find((f) => f.name === name)
  if (field) return field
  throw unknownColumn(
    name,
    schema.map((f) => f.name),
    where,
  )
}

export function unknownColumn(name: string, existing: readonly string[], where: string): GalleyError {
  const close = nearestName(name, existing)
  return new GalleyError('PLAN_UNKNOWN_COLUMN', {
    what: `there is no column '${name}' in ${where}`,
    why: `the columns are ${existing.map((c) => `'${c}'`).join(', ')}`,
    fix: close ? `did you mean '${close}'?` : 'use one of these names',
    details: { column: name, columns: existing },
  })
}
