import { GalleyError } from '../base/errors.ts'
import type { Schema } from './types.ts'

/** @throws PLAN_INVALID for a column without a name, or of a name that engines give to columns of their own */
export function checkNames(schema: Schema): Schema {
  for (const { name } of schema)
    if (name === '' || name.startsWith('__'))
      throw new GalleyError('PLAN_INVALID', {
        what: name === '' ? 'a column has no name' : `a column can't be named '${name}'`,
        why: name === '' ? 'nothing could refer to it' : "names that begin with '__' belong to the engines",
        fix: 'choose another name',
        details: { column: name },
      })
  return schema
}
