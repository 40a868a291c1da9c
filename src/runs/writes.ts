import { GalleyError } from '../base/errors.ts'
import { WRITE_MODES, type WriteMode } from '../data/datasets/manifest.ts'
import type { SchemaPolicy } from '../data/datasets/write/schema.ts'
import type { WriteSpec } from '../data/datasets/write/write.ts'
import type { Col } from '../plan/columns/kinds.ts'
import type { Literal } from '../plan/expr.ts'
import { fieldOf, isFloat, isOrdered, type Schema, typeName } from '../plan/types.ts'

/** How the rows of a dataset become a version. */
export interface WriteOptions<S> {
  /**
   * `full` (unless given): the rows are all of the version. `append`: they are added to the newest version.
   * `overwrite-partition`: they take the place of the partitions that they are in. `upsert`: they take the place of rows
   * of the same key, or are added. A batch whose content the version holds already is not written twice.
   */
  write?: WriteMode
  /** Each file then holds one value of each of these columns. */
  partitionBy?: readonly (keyof S & string)[]
  /**
   * With `overwrite-partition`: the values (constants) of the partitions that the rows are all of. They are replaced even where no row of them comes,
   * and rows of others are refused.
   */
  replaces?: { readonly [K in keyof S & string]?: Col }
  /** Columns that name a row, none of them null. */
  key?: readonly (keyof S & string)[]
  /** `stop` (unless given, but for `full`): other columns than before are an error. `evolve`: new columns and wider numbers are taken. */
  onSchemaChange?: SchemaPolicy
  /**
   * Where its inputs only have more rows than when it was computed last (a cursor read on, files came to a folder, a dataset was appended to), what these bring
   * is computed alone, and added: the result is that of computing all, which is done where it would not be. With `full` and `upsert`.
   */
  incremental?: boolean
}

/** Whether it is computed from what its inputs have more. @throws RECIPE_INVALID */
export function incremental(id: string, options: WriteOptions<never>): boolean {
  const { incremental: asked = false, write = 'full' } = options
  const refuse = (what: string, why: string, fix: string) => new GalleyError('RECIPE_INVALID', { what, why, fix })
  if (typeof asked !== 'boolean')
    throw refuse(`incremental of '${id}' is ${JSON.stringify(asked)}`, 'it is on or off', 'write incremental: true')
  if (asked && write !== 'full' && write !== 'upsert')
    throw refuse(
      `'${id}' is incremental and written as '${write}'`,
      'what came is told from what was there by the whole that a full write gives, or by the keys of an upsert',
      "leave write out: the version then has all rows, and shares the files of the one before; or write: 'upsert' with a key",
    )
  return asked
}

const POLICIES: readonly SchemaPolicy[] = ['stop', 'evolve']

/** The write as the step has it; undefined where nothing was said. @throws RECIPE_INVALID, PLAN_UNKNOWN_COLUMN */
export function writeSpec(id: string, schema: Schema, options: WriteOptions<never>): WriteSpec | undefined {
  const { write: mode = 'full', onSchemaChange } = options
  const { partitionBy = [], key = [] } = options as { partitionBy?: readonly string[]; key?: readonly string[] }
  const refuse = (what: string, why: string, fix: string): never => {
    throw new GalleyError('RECIPE_INVALID', { what, why, fix })
  }
  if (!WRITE_MODES.includes(mode))
    refuse(
      `'${id}' can't be written as '${String(mode)}'`,
      `the writes are ${WRITE_MODES.join(', ')}`,
      'use one of these',
    )
  if (onSchemaChange !== undefined && !POLICIES.includes(onSchemaChange))
    refuse(`'${id}' has no policy '${String(onSchemaChange)}'`, 'the policies are stop and evolve', 'use one of these')
  for (const [what, columns] of Object.entries({ partitionBy, key })) {
    if (!Array.isArray(columns))
      refuse(`${what} of '${id}' is no list of columns`, 'it names columns', `write ${what}: ['…']`)
    for (const name of columns) {
      const { type } = fieldOf(schema, name, `${what} of '${id}'`)
      if (isFloat(type) || !isOrdered(type) || type === 'bytes')
        refuse(
          `'${name}' can't be in ${what} of '${id}'`,
          `it is a ${typeName(type)}, whose values are not told apart surely`,
          'use whole numbers, texts, times or bools, or derive one',
        )
    }
    const twice = columns.find((name, i) => columns.indexOf(name) !== i)
    if (twice !== undefined) refuse(`${what} of '${id}' names '${twice}' twice`, 'once is enough', 'name it once')
  }
  if (mode === 'upsert' && key.length === 0)
    refuse(`'${id}' is upserted without a key`, 'rows are found by it', "name the columns that name a row: key: ['id']")
  if (mode === 'overwrite-partition' && partitionBy.length === 0)
    refuse(`'${id}' has no partitions to overwrite`, 'none are named', "name their columns: partitionBy: ['day']")
  const { replaces } = options as { replaces?: Readonly<Record<string, Col>> }
  const replaced = replaces === undefined ? {} : { replaces: replacedBy(id, schema, { mode, partitionBy, replaces }) }
  if (mode === 'full' && partitionBy.length === 0 && key.length === 0 && onSchemaChange === undefined) return undefined
  return { mode, partitionBy, key, ...replaced, ...(onSchemaChange === undefined ? {} : { onSchemaChange }) }
}

/** The values of `replaces` as literals. @throws RECIPE_INVALID, PLAN_UNKNOWN_COLUMN */
function replacedBy(
  id: string,
  schema: Schema,
  { mode, partitionBy, replaces }: { mode: WriteMode; partitionBy: readonly string[]; replaces: Readonly<Record<string, Col>> }, // biome-ignore format: one line
): Record<string, Literal> {
  const refuse = (what: string, why: string, fix: string) => new GalleyError('RECIPE_INVALID', { what, why, fix })
  if (mode !== 'overwrite-partition')
    throw refuse(`'${id}' is written as '${mode}', and replaces partitions`, 'only overwrite-partition does', "say write: 'overwrite-partition', or leave replaces out") // biome-ignore format: one line
  return Object.fromEntries(
    Object.entries(replaces).map(([name, value]) => {
      const { type } = fieldOf(schema, name, `what '${id}' replaces`)
      if (!partitionBy.includes(name))
        throw refuse(`'${id}' is not partitioned by '${name}'`, 'it replaces partitions by it', `add it: partitionBy: ['${name}']`) // biome-ignore format: one line
      const given = value?.expr
      if (given?.op !== 'lit' || value.type !== typeName(type))
        throw refuse(`'${name}' of what '${id}' replaces is no constant of its type`, `the column is a ${typeName(type)}`, `write ${name}: constant(…, '${typeName(type)}')`) // biome-ignore format: one line
      return [name, given.value]
    }),
  )
}
