import { GalleyError } from '../../base/errors.ts'
import { parseType, type Schema, type TypeName, typeName } from '../../plan/types.ts'
import type { FindDataset } from '../datasets/find.ts'
import { holdsAll } from '../datasets/write/schema.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { requireColumns } from './files.ts'

/** A version of a dataset that a recipe published, as the source of another: `flights@3`, `flights@prod`, or `flights` for the newest. */
export const dataset = <const S extends Record<string, TypeName>>(reference: string, columns: S): SourceSpec<S> => ({
  connector: 'dataset',
  path: reference,
  columns,
  options: {},
})

const finder = (find: FindDataset | undefined): FindDataset => {
  if (find) return find
  throw new GalleyError('RECIPE_INVALID', {
    what: 'a dataset is not looked up here',
    why: 'its versions are in a store, and none is open',
    fix: 'run the recipe; galley datasets show says what a version holds',
  })
}

/** Read where it lies, file by file; the version's content stands in the key, so that a tag that moved runs the recipe again. */
export const datasetConnector: Connector = {
  kind: 'dataset',
  where: 'name',
  async fingerprint(spec, _, ctx) {
    const { hash, bytes } = await finder(ctx.dataset)(spec.path)
    return { hash, bytes }
  },
  async discover(path) {
    throw new GalleyError('USAGE_INVALID', {
      what: `${path} is no file`,
      why: 'the columns of a dataset are known',
      fix: 'list them: galley datasets show NAME',
    })
  },
  async snapshot(spec, _, ctx) {
    const found = await finder(ctx.dataset)(spec.path)
    const { name, version, files, rows, bytes, hash } = found
    const has = new Map(found.schema.map((f) => [f.name, f]))
    requireColumns(spec, [...has.keys()], `${name}@${version}`)
    const schema: Schema = Object.entries(spec.columns).map(([column, type]) => {
      const [own, wanted] = [has.get(column)?.type ?? 'string', parseType(type)]
      if (!holdsAll(wanted, own))
        throw new GalleyError('SOURCE_SCHEMA', {
          what: `column '${column}' of ${name}@${version} is ${typeName(own)}, the recipe says ${typeName(wanted)}`,
          why: 'a wrong type would change values silently',
          fix: `declare what it is in the recipe, and cast it there if you need a ${typeName(wanted)}`,
          details: { column, has: typeName(own), wants: type },
        })
      return { name: column, type: wanted, nullable: true }
    })
    return { files: files.map((f) => f.path), schema, rows, bytes, hash, rejected: {}, kept: files, version: `${name}@${version}` } // biome-ignore format: one line
  },
}
