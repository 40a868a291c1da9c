import {
  type Field as ArrowField,
  binary,
  bool,
  type DataType,
  DateUnit,
  dateDay,
  decimal,
  duration,
  field,
  float32,
  float64,
  int32,
  int64,
  list,
  Precision,
  struct,
  TimeUnit,
  Type as TypeId,
  timestamp,
  utf8,
} from '@uwdata/flechette'
import { type Field, isDecimal, isList, MAX_DECIMAL_DIGITS, type Schema, type Type } from '../../plan/types.ts'

/** The Arrow type that a column is written as. A decimal is Arrow's of 128 bits, which every reader knows. */
export function arrowType(type: Type): DataType {
  if (typeof type === 'object') {
    if (isDecimal(type)) return decimal(type.decimal[0], type.decimal[1], 128)
    if (isList(type)) return list(field('item', arrowType(type.list), true))
    return struct(type.struct.map(([name, t]) => field(name, arrowType(t), true)))
  }
  switch (type) {
    case 'bool':
      return bool()
    case 'int32':
      return int32()
    case 'int64':
      return int64()
    case 'float32':
      return float32()
    case 'float64':
      return float64()
    case 'string':
      return utf8()
    case 'bytes':
      return binary()
    case 'date':
      return dateDay()
    case 'timestamp':
      return timestamp(TimeUnit.MICROSECOND, 'UTC')
    case 'local timestamp':
      return timestamp(TimeUnit.MICROSECOND)
    case 'duration':
      return duration(TimeUnit.MICROSECOND)
  }
}

/** Arrow's fields, with unit, description and tags as metadata. */
export function arrowFields(schema: Schema): ArrowField[] {
  return schema.map((f) => {
    const notes = Object.entries({ unit: f.unit, description: f.description, tags: f.tags?.join(',') })
    const given = notes.flatMap(([k, v]) => (v === undefined ? [] : [[k, v] as const]))
    return field(f.name, arrowType(f.type), f.nullable, given.length > 0 ? new Map(given) : null)
  })
}

/** The type that Arrow's is read as; undefined where there is none (unions, intervals, times of day, float16, …). */
export function typeOf(type: DataType): Type | undefined {
  switch (type.typeId) {
    case TypeId.Bool:
      return 'bool'
    case TypeId.Int:
      return type.bitWidth < 32 || (type.bitWidth === 32 && type.signed) ? 'int32' : 'int64'
    case TypeId.Float:
      return type.precision === Precision.SINGLE
        ? 'float32'
        : type.precision === Precision.DOUBLE
          ? 'float64'
          : undefined
    case TypeId.Decimal:
      return type.precision <= MAX_DECIMAL_DIGITS && type.scale >= 0 && type.scale <= type.precision
        ? { decimal: [type.precision, type.scale] }
        : undefined
    case TypeId.Utf8:
    case TypeId.LargeUtf8:
    case TypeId.Utf8View:
      return 'string'
    case TypeId.Binary:
    case TypeId.LargeBinary:
    case TypeId.BinaryView:
    case TypeId.FixedSizeBinary:
      return 'bytes'
    case TypeId.Date:
      return type.unit === DateUnit.DAY ? 'date' : undefined
    case TypeId.Timestamp:
      return type.timezone ? 'timestamp' : 'local timestamp'
    case TypeId.Duration:
      return 'duration'
    case TypeId.Dictionary:
      return typeOf(type.dictionary)
    case TypeId.List:
    case TypeId.LargeList:
    case TypeId.FixedSizeList: {
      const item = typeOf((type.children[0] as ArrowField).type)
      return item && { list: item }
    }
    case TypeId.Struct: {
      const fields = type.children.map((f: ArrowField) => [f.name, typeOf(f.type)] as const)
      return fields.every((f): f is readonly [string, Type] => f[1] !== undefined) ? { struct: fields } : undefined
    }
    default:
      return undefined
  }
}

/** µs in one of Arrow's units, or how many of the unit a µs has when it is finer. */
export const MICROS: Readonly<Record<number, bigint>> = {
  [TimeUnit.SECOND]: 1_000_000n,
  [TimeUnit.MILLISECOND]: 1000n,
  [TimeUnit.MICROSECOND]: 1n,
}

/** A column's field as Arrow's says it, or undefined where its type has no counterpart. */
export function fieldOf({ name, type, nullable, metadata }: ArrowField): Field | undefined {
  const own = typeOf(type)
  if (own === undefined) return undefined
  const [unit, description, tags] = ['unit', 'description', 'tags'].map((k) => metadata?.get(k))
  return {
    name,
    type: own,
    nullable,
    ...(unit ? { unit } : {}),
    ...(description ? { description } : {}),
    ...(tags ? { tags: tags.split(',') } : {}),
  }
}
