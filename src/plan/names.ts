import { GalleyError } from '../base/errors.ts'
import { isList, isStruct, type Schema, type Type } from './types.ts'

/** @throws PLAN_INVALID for a column of a name that engines give to columns of their own */
export function checkNames(schema: Schema): Schema {
  for (const { name } of schema)
    if (name.startsWith('__'))
      throw new GalleyError('PLAN_INVALID', {
        what: `a column can't be named '${name}'`,
        why: "names that begin with '__' belong to the engines",
        fix: 'choose another name',
        details: { column: name },
      })
  return schema
}

/** @throws PLAN_INVALID for a column whose name no engine can write */
export function checkWritable(schema: Schema): void {
  for (const { name } of schema)
    if (unwritable(name))
      throw new GalleyError('PLAN_INVALID', { ...whyUnwritable('column', name), details: { column: name } })
}

/**
 * Checks the names of a struct's fields, however deep it lies in a column's type.
 * @throws PLAN_INVALID for a field whose name no engine can write; PLAN_DUPLICATE_COLUMN for two that differ in case only
 */
export function checkFields(type: Type): void {
  if (isList(type)) checkFields(type.list)
  if (!isStruct(type)) return
  if (type.struct.length === 0)
    throw new GalleyError('PLAN_INVALID', { what: 'a struct has no fields', fix: 'name one at least' })
  const seen = new Map<string, string>()
  for (const [name, own] of type.struct) {
    if (unwritable(name)) throw new GalleyError('PLAN_INVALID', whyUnwritable('field', name))
    const other = seen.get(name.toLowerCase())
    if (other !== undefined)
      throw new GalleyError('PLAN_DUPLICATE_COLUMN', {
        what:
          other === name
            ? `a struct has two fields named '${name}'`
            : `a struct has a field '${name}' beside '${other}'`,
        ...(other === name ? {} : { why: 'names that differ only in case are one name to an SQL engine' }),
        fix: 'rename or drop one of them first',
      })
    seen.set(name.toLowerCase(), name)
    checkFields(own)
  }
}

const unwritable = (name: string): boolean => name === '' || name.includes('\0')

const whyUnwritable = (kind: 'column' | 'field', name: string) => ({
  what: name === '' ? `a ${kind} has no name` : `a ${kind} can't be named ${JSON.stringify(name)}`,
  why: name === '' ? 'nothing could refer to it' : 'a NUL ends a name for many programs',
  fix: 'choose another name',
})
