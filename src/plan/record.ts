import { GalleyError, nearest } from '../base/errors.ts'
import { isoMicros } from './literal.ts'
import { type Field, isInteger, type Schema, typeName } from './types.ts'

/** A record's values in schema order, as engines compute with them. */
export type RecordValues = (null | boolean | number | bigint | string)[]

/**
 * Reads a JSON object as one row of `schema`: every column must be there (null where it may be missing), nothing else
 * may be. 64-bit integers come as numbers up to 2⁵³ or as text, times as ISO text.
 * @throws RECORD_INVALID naming the column
 */
export function readRecord(schema: Schema, json: unknown): RecordValues {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw invalid(
      'the record is not an object',
      `it is ${json === null ? 'null' : Array.isArray(json) ? 'a list' : `a ${typeof json}`}`,
      `send ${example(schema)}`,
    )
  const record = json as Readonly<Record<string, unknown>>
  for (const name of Object.keys(record))
    if (!schema.some((f) => f.name === name)) {
      const close = nearest(
        name,
        schema.map((f) => f.name),
      )
      throw invalid(
        `there is no column '${name}' in the request`,
        `the columns are ${schema.map((f) => `'${f.name}'`).join(', ')}`,
        close ? `did you mean '${close}'?` : 'leave it out',
        name,
      )
    }
  return schema.map((f) => {
    if (!Object.hasOwn(record, f.name))
      throw invalid(`the record lacks '${f.name}'`, `it is a ${typeName(f.type)}`, `send ${example(schema)}`, f.name)
    return readValue(f, record[f.name])
  })
}

function readValue(f: Field, value: unknown): RecordValues[number] {
  if (value === null) {
    if (f.nullable) return null
    throw invalid(`'${f.name}' must not be null`, 'the recipe says so', 'send a value', f.name)
  }
  const wrong = () =>
    invalid(
      `'${f.name}' is not a ${typeName(f.type)}`,
      `it is ${shown(value)}`,
      `send for instance ${JSON.stringify(sample(f))}`,
      f.name,
    )
  if (isInteger(f.type)) {
    if (
      typeof value === 'number'
        ? !Number.isSafeInteger(value)
        : typeof value !== 'string' || !/^[+-]?\d{1,19}$/.test(value)
    )
      throw wrong()
    const n = BigInt(value as number | string)
    const bits = f.type === 'int32' ? 32 : 64
    if (BigInt.asIntN(bits, n) !== n) throw wrong()
    return f.type === 'int32' ? Number(n) : n
  }
  switch (f.type) {
    case 'float32':
    case 'float64':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong()
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw wrong()
      return value
    case 'string':
      if (typeof value !== 'string') throw wrong()
      return value
    case 'date':
    case 'timestamp':
    case 'local timestamp': {
      if (typeof value !== 'string') throw wrong()
      try {
        const micros = isoMicros(value, f.type)
        return f.type === 'date' ? Number(micros) : BigInt(micros as string)
      } catch (error) {
        const { why, fix } = error as GalleyError
        if (!why) throw wrong()
        throw invalid(`'${f.name}' is not a ${typeName(f.type)}`, `${shown(value)}: ${why}`, fix ?? '', f.name)
      }
    }
    default:
      throw wrong()
  }
}

/** A value for messages: what is nested is named and not written out, however deep it goes. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value !== null && typeof value === 'object') return `an object of ${Object.keys(value).length} fields`
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 78)).slice(0, 80) : String(value)
}

/** A value of that type, for messages. */
function sample(f: Field): unknown {
  if (isInteger(f.type)) return 1
  if (f.type === 'float32' || f.type === 'float64') return 1.5
  if (f.type === 'bool') return true
  if (f.type === 'date') return '2001-06-30'
  return f.type === 'string' ? 'text' : '2001-06-30 18:05:00'
}

/** A row's values as the JSON that `readRecord` reads back. */
export function writeRecord(schema: Schema, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    schema.map((f) => {
      const value = values[f.name] ?? null
      if (value === null) return [f.name, null]
      if (f.type === 'timestamp' || f.type === 'local timestamp')
        return [
          f.name,
          `${new Date(Number(value) / 1000).toISOString().slice(0, 19).replace('T', ' ')}${f.type === 'timestamp' ? 'Z' : ''}`,
        ]
      if (f.type === 'date') return [f.name, new Date(Number(value) * 86_400_000).toISOString().slice(0, 10)]
      return [
        f.name,
        typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()) : value,
      ]
    }),
  )
}

/** A record of the right shape. */
const exampleOf = (schema: Schema): Record<string, unknown> =>
  Object.fromEntries(schema.map((f) => [f.name, sample(f)]))
const example = (schema: Schema): string => JSON.stringify(exampleOf(schema))

const invalid = (what: string, why: string, fix: string, column?: string): GalleyError =>
  new GalleyError('RECORD_INVALID', { what, why, fix, ...(column ? { details: { column } } : {}) })
