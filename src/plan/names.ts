import { GalleyError } from '../base/errors.ts'
import type { Schema } from './types.ts'

/** @throws PLAN_INVALID for a column without a name, or of a name that engines give to columns of their own */
export function checkNames(schema: Schema): Schema {
  checkWritable(schema)
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
    if (name === '' || name.includes('\0'))
      throw new GalleyError('PLAN_INVALID', {
        what: name === '' ? 'a column has no name' : `a column can't be named ${JSON.stringify(name)}`,
        why: name === '' ? 'nothing could refer to it' : 'a NUL ends a name for many programs',
        fix: 'choose another name',
        details: { column: name },
      })
}
