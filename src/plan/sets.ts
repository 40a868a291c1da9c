import { GalleyError } from '../base/errors.ts'
import type { WithoutSchema } from './derive.ts'
import type { Node } from './nodes.ts'
import { type Field, type Schema, sameType, typeName, unknownColumn } from './types.ts'

/** The columns of a union, an intersection or a difference of two tables. @throws PLAN_TYPE_MISMATCH, PLAN_UNKNOWN_COLUMN */
export function setSchema(n: WithoutSchema<Extract<Node, { op: 'union' | 'intersect' | 'except' }>>): Schema {
  const left = n.left.schema
  const right = n.right.schema
  left.forEach((f, i) => {
    const other = right[i]
    if (!other || other.name !== f.name || !sameType(other.type, f.type))
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: `${n.op} needs two tables of the same columns`,
        why: `column ${i + 1} is '${f.name}' (${typeName(f.type)}) on one side and ${other ? `'${other.name}' (${typeName(other.type)})` : 'missing'} on the other`,
        fix: 'select the same columns of both, in one order, and cast those of other types',
      })
  })
  if (right.length !== left.length)
    throw unknownColumn(
      right[left.length]?.name ?? '?',
      left.map((f) => f.name),
      n.op,
    )
  // what stays of a difference is of the left side alone
  return n.op === 'except' ? left : left.map((f, i) => ofBoth(f, right[i] as Field))
}

/** A column whose values are of two: it has the tags of both, and the unit that they share. */
function ofBoth(f: Field, other: Field): Field {
  const { unit, tags, ...rest } = other.nullable ? nullable(f) : f
  const all = [...new Set([...(tags ?? []), ...(other.tags ?? [])])].sort()
  return {
    ...rest,
    ...(unit !== undefined && unit === other.unit ? { unit } : {}),
    ...(all.length > 0 ? { tags: all } : {}),
  }
}

export const nullable = (f: Field): Field => (f.nullable ? f : { ...f, nullable: true })
