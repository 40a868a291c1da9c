import { GalleyError } from '../../../base/errors.ts'
import type { Literal } from '../../../plan/expr.ts'
import { type Field, isDecimal, isList, isStruct, type Schema, type Type, typeName } from '../../../plan/types.ts'

/** What stands between a column's name and a name within it; no name holds it. */
const WITHIN = '\0'

/** The names of columns and of what lies within them, each of which has a number. */
export function namesWithin(schema: Schema): string[] {
  const within = (name: string, type: Type): string[] => {
    if (isList(type)) return [name, ...within(`${name}${WITHIN}element`, type.list)]
    if (isStruct(type)) return [name, ...type.struct.flatMap(([own, t]) => within(`${name}${WITHIN}${own}`, t))]
    return [name]
  }
  return schema.flatMap((f) => within(f.name, f.type))
}

const SCALARS: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  string: 'string',
  bytes: 'binary',
  date: 'date',
  timestamp: 'timestamptz',
  'local timestamp': 'timestamp',
  duration: 'long',
}
type Ids = Readonly<Record<string, number>>

function idOf(ids: Ids, name: string): number {
  const id = Object.hasOwn(ids, name) ? ids[name] : undefined
  if (id !== undefined) return id
  throw new GalleyError('STORE_CORRUPT', {
    what: `the manifest numbers no column '${name.replaceAll(WITHIN, '.')}'`,
    why: 'every column of a version has a number that stays',
    fix: 'run the recipe again',
  })
}

function typeOf(type: Type, name: string, ids: Ids): unknown {
  if (isDecimal(type)) return `decimal(${type.decimal[0]}, ${type.decimal[1]})`
  if (isList(type)) {
    const element = `${name}${WITHIN}element`
    return {
      ...{ type: 'list', 'element-id': idOf(ids, element), 'element-required': false },
      element: typeOf(type.list, element, ids),
    }
  }
  if (isStruct(type))
    return {
      type: 'struct',
      fields: type.struct.map(([own, t]) => {
        const inner = `${name}${WITHIN}${own}`
        return { id: idOf(ids, inner), name: own, required: false, type: typeOf(t, inner, ids) }
      }),
    }
  return SCALARS[type] ?? typeName(type)
}

/** The columns as Iceberg has them: a duration is a long of µs. */
export const icebergSchema = (schema: Schema, ids: Ids) => ({
  ...{ type: 'struct', 'schema-id': 0 },
  fields: schema.map((f) => ({
    id: idOf(ids, f.name),
    name: f.name,
    required: false,
    type: typeOf(f.type, f.name, ids),
  })),
})

/** Which number a column of a Parquet file has by its name: the files carry none. */
export const nameMapping = (schema: Schema, ids: Ids): unknown[] => {
  const entry = (name: string, shown: string, type: Type): unknown => {
    const inner = isList(type)
      ? [entry(`${name}${WITHIN}element`, 'element', type.list)]
      : isStruct(type)
        ? type.struct.map(([own, t]) => entry(`${name}${WITHIN}${own}`, own, t))
        : []
    return { 'field-id': idOf(ids, name), names: [shown], ...(inner.length > 0 ? { fields: inner } : {}) }
  }
  return schema.map((f) => entry(f.name, f.name, f.type))
}

/** A bound of a column in Iceberg's bytes (single-value serialisation); undefined where it has none. */
export function boundBytes({ type }: Field, value: Literal | undefined): Buffer | undefined {
  if (value === null || value === undefined) return undefined
  if (type === 'string') return Buffer.from(String(value))
  if (isDecimal(type)) return bigEndian(BigInt(String(value).replace('.', '')))
  const bytes = Buffer.alloc(type === 'int32' || type === 'date' || type === 'float32' ? 4 : 8)
  if (type === 'int32' || type === 'date') bytes.writeInt32LE(Number(value))
  else if (type === 'float32') bytes.writeFloatLE(Number(value))
  else if (type === 'float64') bytes.writeDoubleLE(Number(value))
  else if (typeof type === 'string' && type !== 'bool' && type !== 'bytes') bytes.writeBigInt64LE(BigInt(String(value)))
  else return undefined
  return bytes
}

/** Two's complement with the fewest bytes, the highest first. */
function bigEndian(value: bigint): Buffer {
  let length = 1
  while (BigInt.asIntN(length * 8, value) !== value) length++
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0')
  return Buffer.from(hex, 'hex')
}
