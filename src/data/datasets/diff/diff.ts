import type { DuckdbEngine } from '../../../engines/duckdb/index.ts'
import type { RunContext } from '../../../engines/engine.ts'
import { fieldOf, type Schema, sameType, typeName } from '../../../plan/types.ts'
import type { Version } from '../version.ts'
import { widened } from '../write/schema.ts'
import { compareKeys, type RowChanges } from './keys.ts'
import { type ColumnShift, compareColumns } from './shift.ts'
import { sideOf } from './side.ts'

/** How one version differs from another. */
export interface VersionDiff {
  readonly columns: {
    readonly added: readonly string[]
    readonly removed: readonly string[]
    /** Columns of another type; those that no type holds both of are not compared. */
    readonly retyped: readonly { readonly name: string; readonly before: string; readonly after: string }[]
  }
  readonly files: { readonly shared: number; readonly before: number; readonly after: number }
  /** Absent without a key. */
  readonly rows?: RowChanges
  readonly shift: readonly ColumnShift[]
}

/**
 * Compares two versions: columns, rows by key, distributions. Files that both have (by SHA-256) are not compared by key.
 * @throws DATASET_KEYS, PLAN_UNKNOWN_COLUMN for a key that one of them has not, CANCELLED
 */
export async function diffVersions(
  engine: DuckdbEngine,
  ctx: RunContext,
  [before, after]: readonly [Version, Version],
  key: readonly string[],
  tell: (stage: string, done: number) => void,
): Promise<VersionDiff> {
  const [a, b] = [before.manifest, after.manifest]
  for (const name of key) for (const m of [a, b]) fieldOf(m.schema, name, `the key, in '${m.name}'`)
  const now = new Map(b.schema.map((f) => [f.name, f]))
  const was = new Set(a.schema.map((f) => f.name))
  const schema: Schema = a.schema.flatMap((f) => {
    const other = now.get(f.name)
    const type = other && widened(f.type, other.type)
    return type ? [{ ...f, type, nullable: true }] : []
  })
  for (const name of key) fieldOf(schema, name, 'what both versions have of one type')
  const theirs = new Map<string, number>()
  for (const f of b.files) theirs.set(f.sha256, (theirs.get(f.sha256) ?? 0) + 1)
  const [both, gone] = [[], []] as [(typeof a.files)[number][], (typeof a.files)[number][]]
  for (const f of a.files) {
    const left = theirs.get(f.sha256) ?? 0
    ;(left > 0 ? both : gone).push(f)
    if (left > 0) theirs.set(f.sha256, left - 1)
  }
  const fresh = b.files.filter((f) => {
    const left = theirs.get(f.sha256) ?? 0
    if (left > 0) theirs.set(f.sha256, left - 1)
    return left > 0
  })
  const [shared, left, right] = [sideOf(before, both), sideOf(before, gone), sideOf(after, fresh)]
  // a query tells how far it is itself; which share of the whole it is is known about
  let at = { stage: 'rows by key', from: 0, span: key.length > 0 ? 0.8 : 0 }
  const begin = (stage: string, from: number) => {
    at = { stage, from, span: 1 - from }
    tell(stage, from)
  }
  const progress: RunContext['progress'] = ({ done, total = 100 }) =>
    tell(at.stage, at.from + at.span * Math.min(1, done / total))
  return engine.session({ ...ctx, progress }, async (query) => {
    tell(at.stage, 0)
    const rows =
      key.length > 0
        ? await compareKeys(query, { before: left, after: right, schema, key, same: shared.rows })
        : undefined
    begin('distributions', at.span)
    const shift = await compareColumns(query, { shared, before: left, after: right, schema })
    return {
      columns: {
        added: b.schema.filter((f) => !was.has(f.name)).map((f) => f.name),
        removed: a.schema.filter((f) => !now.has(f.name)).map((f) => f.name),
        retyped: a.schema.flatMap((f) => {
          const other = now.get(f.name)
          if (!other || sameType(other.type, f.type)) return []
          return [{ name: f.name, before: typeName(f.type), after: typeName(other.type) }]
        }),
      },
      files: { shared: both.length, before: gone.length, after: fresh.length },
      ...(rows ? { rows } : {}),
      shift,
    }
  })
}
