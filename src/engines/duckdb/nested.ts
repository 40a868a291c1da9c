import duckdb, { type Vector } from '@duckdb/node-bindings'
import { isList, isStruct, type Type } from '../../plan/types.ts'
import { isValid, type Value } from '../batch.ts'
import { bytesAt, fixedOf, stringsOf, validityOf } from './raw.ts'

/** The values of a vector one by one, as engines hold them; for lists, structs and bytes, which have no typed array. */
export function nestedValues(vector: Vector, rows: number, type: Type): Value[] {
  if (rows === 0) return []
  const validity = validityOf(vector, rows)
  const read = reader(vector, rows, type)
  return Array.from({ length: rows }, (_, row) => (isValid(validity, row) ? read(row) : null))
}

function reader(vector: Vector, rows: number, type: Type): (row: number) => Value {
  if (isList(type)) {
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, rows * 16)
    const places = new BigUint64Array(buffer, byteOffset, rows * 2)
    const items = nestedValues(duckdb.list_vector_get_child(vector), duckdb.list_vector_get_size(vector), type.list)
    return (row) => {
      const begin = Number(places[row * 2])
      return items.slice(begin, begin + Number(places[row * 2 + 1]))
    }
  }
  if (isStruct(type)) {
    const fields = type.struct.map(
      ([name, t], i) => [name, nestedValues(duckdb.struct_vector_get_child(vector, i), rows, t)] as const,
    )
    return (row) => Object.fromEntries(fields.map(([name, values]) => [name, values[row] as Value]))
  }
  const fixed = fixedOf(vector, rows, type)
  if (fixed) return type === 'bool' ? (row) => fixed[row] === 1 : (row) => fixed[row] as Value
  const strings = stringsOf(vector, rows)
  if (type === 'bytes') return (row) => bytesAt(strings, row)
  return (row) => Buffer.from(bytesAt(strings, row)).toString('utf8')
}
