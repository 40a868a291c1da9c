import { GalleyError, nearest } from '../base/errors.ts'
import { ownValue } from '../base/own.ts'
import { dayText, isoTextExact } from './iso.ts'
import { isoValue } from './literal.ts'
import { type Field, isDecimal, isInteger, isList, isStruct, type Schema, type Type, typeName } from './types.ts'

/** A record's values in schema order, as engines compute with them. */
export type RecordValues = RecordValue[]
export type RecordValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly RecordValue[]
  | { readonly [field: string]: RecordValue }

/**
 * Reads a JSON object as one row of `schema`: every column must be there (null where it may be missing), nothing else
 * may be. 64-bit integers come as numbers up to 2⁵³ or as text, decimals as numbers or text with no more digits than they
 * have, times as ISO text (an instant with `Z` or an offset), durations as µs, bytes in base64, lists and structs as JSON's.
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
  const names = Object.keys(record)
  // as many as there should be, and none missing: then there is none too many either
  if (names.length === schema.length && schema.every((f) => Object.hasOwn(record, f.name)))
    return schema.map((f) => readValue(f, record[f.name]))
  for (const name of names)
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
      throw invalid(
        `the record lacks '${f.name}'`,
        `it is a ${typeName(f.type)}${f.nullable ? ', null where it is not known' : ''}`,
        `send ${example(schema)}`,
        f.name,
      )
    return readValue(f, record[f.name])
  })
}

function readValue(f: Field, value: unknown): RecordValue {
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
  if (isDecimal(f.type)) {
    const n = exactDecimal(value, f.type.decimal)
    if (n === undefined) throw wrong()
    return n
  }
  if (isList(f.type)) {
    const { list } = f.type
    if (!Array.isArray(value)) throw wrong()
    return value.map((item) => readValue({ name: f.name, type: list, nullable: true }, item))
  }
  if (isStruct(f.type)) {
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong()
    const own = value as Readonly<Record<string, unknown>>
    if (Object.keys(own).some((key) => !Object.hasOwn(fieldsOf(f.type), key))) throw wrong()
    const read = f.type.struct.map(([name, type]) => {
      const field = { name: `${f.name}.${name}`, type, nullable: true }
      return [name, readValue(field, Object.hasOwn(own, name) ? own[name] : null)] as const
    })
    return Object.fromEntries(read)
  }
  if (isInteger(f.type) || f.type === 'duration') {
    if (
      typeof value === 'number'
        ? !Number.isSafeInteger(value)
        : typeof value !== 'string' || !/^[+-]?\d{1,19}$/.test(value)
    )
      throw typeof value === 'number' && Number.isInteger(value)
        ? invalid(
            `'${f.name}' is too large for a number of JSON`,
            'beyond 2⁵³ it may be another one than was written',
            `send it as text: "9007199254740993"`,
            f.name,
          )
        : wrong()
    const n = BigInt(value as number | string)
    const bits = f.type === 'int32' ? 32 : 64
    if (BigInt.asIntN(bits, n) !== n) throw wrong()
    return f.type === 'int32' ? Number(n) : n
  }
  switch (f.type) {
    case 'float32': {
      // the nearest that 32 bits hold, as a file's column has it; beyond them it would be infinite
      const nearest = typeof value === 'number' ? Math.fround(value) : Number.NaN
      if (!Number.isFinite(nearest)) throw wrong()
      return nearest
    }
    case 'float64':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong()
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw wrong()
      return value
    case 'string':
      if (typeof value !== 'string') throw wrong()
      if (!value.isWellFormed())
        throw invalid(
          `'${f.name}' is not a string`,
          'it holds half a pair of UTF-16, which is no character',
          'send whole characters: a text that was cut was cut in the middle of one',
          f.name,
        )
      return value
    case 'bytes':
      if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw wrong()
      return new Uint8Array(Buffer.from(value, 'base64'))
    case 'date':
    case 'timestamp':
    case 'local timestamp': {
      if (typeof value !== 'string') throw wrong()
      if (f.type === 'timestamp' && !ZONED.test(value) && isTime(value))
        throw invalid(
          `'${f.name}' is not a timestamp`,
          `${shown(value)} does not say where: an instant has a zone`,
          `send it with Z where it is in UTC, or with its offset, for instance ${JSON.stringify(sample(f))}`,
          f.name,
        )
      try {
        return isoValue(value, f.type)
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

const ZONED = /(?:Z|[+-]\d{2}:\d{2})$/
/** Whether a text is a time but for its zone. */
function isTime(text: string): boolean {
  try {
    isoValue(text, 'local timestamp')
    return true
  } catch {
    return false
  }
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/

/** A number as a scaled integer, if it has no more digits than the type. */
function exactDecimal(value: unknown, [precision, scale]: readonly [number, number]): bigint | undefined {
  const [, sign, whole = '', part = ''] =
    DECIMAL.exec(typeof value === 'number' ? plainText(value) : typeof value === 'string' ? value : '') ?? []
  const digits = part.replace(/0+$/, '')
  if (sign === undefined || digits.length > scale || whole.replace(/^0+/, '').length > precision - scale)
    return undefined
  return BigInt(`${sign === '-' ? '-' : ''}${whole}${digits.padEnd(scale, '0')}`)
}

/** A number without an exponent where it is small: JavaScript writes `1e-7`. */
function plainText(value: number): string {
  const [, sign, whole = '', part = '', zeros] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(String(value)) ?? []
  return zeros === undefined ? String(value) : `${sign}0.${'0'.repeat(Number(zeros) - 1)}${whole}${part}`
}

const fieldsOf = (type: Type): Readonly<Record<string, Type>> => (isStruct(type) ? Object.fromEntries(type.struct) : {})

/** A value for messages: what is nested is named and not written out, however deep it goes. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value !== null && typeof value === 'object') return `an object of ${Object.keys(value).length} fields`
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 78)).slice(0, 80) : String(value)
}

/** A value of that type, for messages. */
function sample(f: Pick<Field, 'type'>): unknown {
  if (isInteger(f.type) || f.type === 'duration') return 1
  if (isDecimal(f.type)) return '1.5'.slice(0, f.type.decimal[1] > 0 ? 3 : 1)
  if (isList(f.type)) return [sample({ type: f.type.list })]
  if (isStruct(f.type)) return Object.fromEntries(f.type.struct.map(([name, type]) => [name, sample({ type })]))
  if (f.type === 'bytes') return 'AQID'
  if (f.type === 'float32' || f.type === 'float64') return 1.5
  if (f.type === 'bool') return true
  if (f.type === 'date') return '2001-06-30'
  if (f.type === 'timestamp') return '2001-06-30 18:05:00Z'
  return f.type === 'string' ? 'text' : '2001-06-30 18:05:00'
}

/** A row's values as the JSON that `readRecord` reads back. */
export function writeRecord(schema: Schema, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(schema.map((f) => [f.name, writeValue(f.type, ownValue(values, f.name) ?? null)]))
}

function writeValue(type: Type, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (type === 'timestamp' || type === 'local timestamp')
    return `${isoTextExact(value as bigint | number)}${type === 'timestamp' ? 'Z' : ''}`
  if (type === 'date') return dayText(Number(value))
  if (isDecimal(type)) return decimalText(value as bigint, type.decimal[1])
  if (isList(type)) return (value as readonly unknown[]).map((item) => writeValue(type.list, item))
  if (isStruct(type)) {
    const own = value as Readonly<Record<string, unknown>>
    return Object.fromEntries(type.struct.map(([name, t]) => [name, writeValue(t, ownValue(own, name))]))
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()) : value
}

function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`}`
}

/** A record of the right shape. */
const exampleOf = (schema: Schema): Record<string, unknown> =>
  Object.fromEntries(schema.map((f) => [f.name, sample(f)]))
const example = (schema: Schema): string => JSON.stringify(exampleOf(schema))

const invalid = (what: string, why: string, fix: string, column?: string): GalleyError =>
  new GalleyError('RECORD_INVALID', { what, why, fix, ...(column ? { details: { column } } : {}) })
