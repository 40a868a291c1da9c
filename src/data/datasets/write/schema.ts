import { GalleyError } from '../../../base/errors.ts'
import { type Field, type Schema, sameType, type Type, typeName } from '../../../plan/types.ts'

/** What a write does where its columns are not those of the version before: nothing, or what loses no value. */
export type SchemaPolicy = 'stop' | 'evolve'

/** Types that hold every value of a narrower one exactly. */
const WIDER: Readonly<Record<string, readonly Type[]>> = {
  int32: ['int64', 'float64'],
  float32: ['float64'],
}

/** The type that both are read as without losing a value, or undefined. */
export function widened(a: Type, b: Type): Type | undefined {
  if (sameType(a, b)) return a
  const wider = (from: Type, to: Type) => typeof from === 'string' && (WIDER[from] ?? []).some((t) => sameType(t, to))
  if (wider(a, b)) return b
  return wider(b, a) ? a : undefined
}

/** Whether every value of a type is one of a wider type, too. */
export const holdsAll = (wider: Type, type: Type): boolean => {
  const common = widened(wider, type)
  return common !== undefined && sameType(common, wider)
}

interface Change {
  readonly column: string
  readonly told: string
  /** Whether the columns of both are read together without losing a value. */
  readonly evolves: boolean
}

function changesOf(before: Schema, after: Schema): Change[] {
  const [was, is] = [new Map(before.map((f) => [f.name, f])), new Map(after.map((f) => [f.name, f]))]
  return [
    ...after.flatMap((f): Change[] => {
      const had = was.get(f.name)
      if (!had) return [{ column: f.name, told: `'${f.name}' is new (${typeName(f.type)})`, evolves: true }]
      if (sameType(had.type, f.type)) return []
      const told = `'${f.name}' is a ${typeName(f.type)} and was a ${typeName(had.type)}`
      return [{ column: f.name, told, evolves: widened(had.type, f.type) !== undefined }]
    }),
    ...before.flatMap((f): Change[] =>
      is.has(f.name) ? [] : [{ column: f.name, told: `'${f.name}' is missing`, evolves: true }],
    ),
  ]
}

/**
 * The columns of a version that goes on from another: those it had, in their order, then new ones.
 * @throws DATASET_SCHEMA naming each column that the policy does not allow to change
 */
export function mergedSchema(name: string, before: Schema, after: Schema, policy: SchemaPolicy): Schema {
  const changes = changesOf(before, after)
  const refused = changes.filter((c) => policy === 'stop' || !c.evolves)
  if (refused.length > 0)
    throw new GalleyError('DATASET_SCHEMA', {
      what: `the columns of '${name}' are not those of its newest version: ${refused.map((c) => c.told).join('; ')}`,
      why:
        policy === 'stop'
          ? "its write stops where columns change (onSchemaChange: 'stop')"
          : 'no type holds the values of both, old files are not rewritten',
      fix: refused.some((c) => !c.evolves)
        ? 'cast the column to the type that it had, or publish under another name'
        : "correct the recipe, or allow it with onSchemaChange: 'evolve'",
      details: { columns: refused.map((c) => c.column) },
    })
  const is = new Map(after.map((f) => [f.name, f]))
  const was = new Set(before.map((f) => f.name))
  return [
    ...before.map((f): Field => {
      const now = is.get(f.name)
      if (!now) return { ...f, nullable: true }
      return { ...f, ...now, type: widened(f.type, now.type) ?? f.type, nullable: f.nullable || now.nullable }
    }),
    // the rows from before have no value there
    ...after.filter((f) => !was.has(f.name)).map((f) => ({ ...f, nullable: true })),
  ]
}
