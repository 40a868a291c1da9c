import { stat } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { hashFile, hashJson } from '../../base/hash.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { fingerprintFile, requireColumns, requireFile } from './files.ts'
import { type BrokenOptions, textSource } from './limit.ts'
import { readTyped } from './quarantined.ts'
import { whereOf } from './sqlite/conditions.ts'
import { discoverSqlite } from './sqlite/discover.ts'
import { columnNames, isUtf8, openSqlite, queryOf, rowsOfQuery } from './sqlite/open.ts'
import { cellOf } from './sqlite/values.ts'
import { writeSqlite } from './sqlite/write.ts'

export interface SqliteOptions extends BrokenOptions {
  /** A column whose values only grow: a run reads the rows beyond the last one that the run before has read. */
  readonly cursor?: string
}

/**
 * A table of a SQLite file, or what a query gives, as a source. SQLite keeps any value in any column: each is held to the
 * declared type, and none is converted silently. @throws RECIPE_INVALID
 */
export function sqlite<const S extends Record<string, TypeName>>(
  path: string,
  tableOrQuery: string,
  columns: S,
  options: SqliteOptions = {},
): SourceSpec<S> {
  const spec = textSource('sqlite', path, columns, { ...options }, ['cursor', 'broken', 'mostBroken'])
  return { ...spec, options: { ...spec.options, from: tableOrQuery } }
}

/** Undefined for an error that a row is broken; others are thrown on. */
function isBroken(error: unknown): undefined {
  if (!(error instanceof GalleyError && error.code === 'SOURCE_BROKEN')) throw error
}

export const sqliteConnector: Connector = {
  kind: 'sqlite',
  where: 'path',
  pushes: () => ['filters'],
  async fingerprint(_, path) {
    const { hash, bytes } = await fingerprintFile(path)
    // what is committed may stand in the log beside the file; a change of either is a change
    const log = await stat(`${path}-wal`).catch(() => undefined)
    return log?.size
      ? { hash: hashJson([hash, await hashFile(`${path}-wal`)]), bytes: bytes + log.size }
      : { hash, bytes }
  },
  follows: (spec) => spec.options['cursor'] !== undefined,
  discover: discoverSqlite,
  async snapshot(spec, path, ctx) {
    const { size } = await requireFile(path)
    const db = await openSqlite(path)
    try {
      const names = columnNames(db, queryOf(spec.options['from']), path)
      const cursor = spec.options['cursor'] as string | undefined
      requireColumns(spec, names, path)
      if (cursor !== undefined) requireColumns({ ...spec, columns: { [cursor]: 'string' } }, names, path)
      const columns = Object.entries<TypeName>(spec.columns).map(([name, type]) => ({ name, type: parseType(type) }))
      const rowsOf = (where?: string) =>
        rowsOfQuery(db, {
          query: queryOf(spec.options['from']),
          columns: columns.map((c) => c.name),
          cursor,
          since: ctx.since,
          path,
          where,
        })
      const about = { kind: 'sqlite', path, columns, cell: cellOf }
      const where = whereOf(ctx.wanted?.where ?? [], columns, isUtf8(db, path))
      let rows = rowsOf(where?.sql)
      // a row that is broken is told by its number among all
      const sound = { ...spec, options: { ...spec.options, broken: 'stop' } }
      const some = where && (await readTyped({ ...about, rows, spec: sound }, ctx).catch(isBroken))
      if (!some) rows = rowsOf()
      const read = some ?? (await readTyped({ ...about, rows, spec }, ctx))
      const schema = columns.map((c) => ({ ...c, nullable: true }))
      const content = await hashFile(read.files[0] as string, ctx.signal)
      return {
        ...read,
        schema,
        bytes: size,
        hash: content,
        ...(cursor === undefined ? {} : { cursor: rows.reached() }),
        ...(where && some ? { pushed: [where.count === 1 ? '1 condition' : `${where.count} conditions`] } : {}),
      }
    } finally {
      db.close()
    }
  },
  write: writeSqlite,
}
