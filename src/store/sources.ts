import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { parseType, typeName } from '../plan/types.ts'
import type { Database, Queries } from './database.ts'
import { and, asc, desc, eq, gt, inArray, lt } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { pushBatches, pushSources } from './schema/sources.ts'
import { workspaces } from './schema/workspaces.ts'
import { unknownName } from './unknown.ts'
import { sharingFolders } from './workspaces.ts'

export type PushSource = typeof pushSources.$inferSelect
export type PushBatch = typeof pushBatches.$inferSelect
/** What a batch is taken in with: the rest is given by the store. */
export type NewPushBatch = Omit<PushBatch, 'workspace' | 'number' | 'folder' | 'caller' | 'created'>
export type PushDeclared = Pick<PushSource, 'name' | 'columns' | 'options'>

export interface Sources {
  /**
   * Makes a source known, or brings it to what the recipe says now: columns may come and go.
   * @throws STORE_CONFLICT when batches are there and a column of theirs is declared as another type
   */
  open(scope: Scope, declared: PushDeclared): Promise<PushSource>
  /** @throws SOURCE_UNKNOWN */
  get(scope: Scope, name: string): Promise<PushSource>
  find(scope: Scope, name: string): Promise<PushSource | undefined>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<PushSource>>
  /**
   * Takes in a batch, or gives the one that was taken in under its key, whatever that holds. Numbers are given in the order of
   * the commits; `place` brings the files to their folder before the commit, and gives it. What lies there then was left by
   * an attempt that was never committed. @throws SOURCE_UNKNOWN
   */
  accept(
    scope: Scope,
    batch: NewPushBatch,
    place: (number: number) => Promise<string>,
  ): Promise<{ batch: PushBatch; taken: boolean }>
  /** The batch that came with a key. */
  batch(scope: Scope, source: string, key: string): Promise<PushBatch | undefined>
  /** Newest first. */
  batches(scope: Scope, source: string, page?: PageRequest): Promise<Page<PushBatch>>
  /**
   * Puts a batch in another folder, with other files and counts; what it came with (key, hash, bytes) stays. `place` brings the files there before
   * the commit, while no batch is taken in, and gives what changed; undefined leaves the batch as it is.
   */
  rewrite(
    scope: Scope,
    source: string,
    number: number,
    place: (
      batch: PushBatch,
    ) => Promise<Pick<PushBatch, 'folder' | 'files' | 'rows' | 'broken' | 'rejected'> | undefined>,
  ): Promise<void>
  /** Asks about folders of a source while no batch is taken in: `unused` is given those that no batch lies in, of the workspace or a branch. */
  sweep(
    scope: Scope,
    source: string,
    folders: readonly string[],
    unused: (folders: readonly string[]) => Promise<void>,
  ): Promise<void>
  /** Those after a number, oldest first, at most so many. */
  after(scope: Scope, source: string, number: number, limit: number): Promise<PushBatch[]>
}

/** Types of batches and of what the recipe says now. @throws STORE_CONFLICT */
function merged(name: string, before: PushSource['types'], now: PushSource['columns']): PushSource['types'] {
  for (const [column, type] of Object.entries(now)) {
    const has = Object.hasOwn(before, column) ? before[column] : undefined
    if (has !== undefined && JSON.stringify(has) !== JSON.stringify(type))
      throw new GalleyError('STORE_CONFLICT', {
        what: `column '${column}' of the push source '${name}' is ${typeName(parseType(has))}, the recipe says ${typeName(parseType(type))}`,
        why: 'batches were taken in as it was declared, and are not read again as another type',
        fix: 'declare it as it was, name the new column otherwise, or push to a source of another name',
        details: { source: name, column, has, wants: type },
      })
  }
  return { ...before, ...now }
}

export function sourcesOn(db: Database): Sources {
  const at = (scope: Scope, name: string) => and(eq(pushSources.workspace, scope.workspace), eq(pushSources.name, name))
  const of = (scope: Scope, source: string) =>
    and(eq(pushBatches.workspace, scope.workspace), eq(pushBatches.source, source))
  const unknown = async (q: Queries, scope: Scope, name: string): Promise<GalleyError> => {
    const mine = eq(pushSources.workspace, scope.workspace)
    const all = await q.select({ name: pushSources.name }).from(pushSources).where(mine).limit(1000)
    const { what, why, fix, details } = unknownName('SOURCE_UNKNOWN', 'push source', name, all.map((s) => s.name)) // biome-ignore format: one line
    const open = `make it known: galley sources open RECIPE, with k.source(…, push('${name}', …)) in the recipe`
    return new GalleyError('SOURCE_UNKNOWN', {
      ...{ what, details, ...(why ? { why } : {}) },
      fix: fix?.startsWith('did you mean') ? `${fix} If not, ${open}` : open,
    })
  }
  const find = async (q: Queries, scope: Scope, name: string) =>
    (await q.select().from(pushSources).where(at(scope, name)))[0]
  const byKey = async (q: Queries, scope: Scope, source: string, key: string) =>
    (
      await q
        .select()
        .from(pushBatches)
        .where(and(of(scope, source), eq(pushBatches.key, key)))
    )[0]
  return {
    open: (scope, { name, columns, options }) =>
      db.write('the source could not be opened', async (q) => {
        const totals = { batches: 0, rows: 0, broken: 0, bytes: 0 }
        const now = db.now()
        const values = {
          workspace: scope.workspace,
          name,
          columns,
          types: columns,
          options,
          ...totals,
          created: now,
          updated: now,
        }
        await q.insert(pushSources).values(values).onConflictDoNothing()
        const [known] = await q.select().from(pushSources).where(at(scope, name)).for('update')
        if (!known) throw await unknown(q, scope, name)
        const types = known.batches > 0 ? merged(name, known.types, columns) : columns
        const [row] = await q.update(pushSources).set({ columns, types, options }).where(at(scope, name)).returning()
        return row as PushSource
      }),
    get: (scope, name) =>
      db.read('the source could not be read', async (q) => {
        const found = await find(q, scope, name)
        if (!found) throw await unknown(q, scope, name)
        return found
      }),
    find: (scope, name) => db.read('the source could not be read', (q) => find(q, scope, name)),
    list: (scope, page = {}) =>
      db.read('the sources could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const mine = eq(pushSources.workspace, scope.workspace)
        const rows = await q
          .select()
          .from(pushSources)
          .where(and(mine, after === undefined ? undefined : gt(pushSources.name, after)))
          .orderBy(asc(pushSources.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),
    accept: (scope, batch, place) =>
      db.write('the batch could not be taken in', async (q) => {
        // whoever holds this row takes in the next batch: numbers follow the order of the commits
        const [source] = await q.select().from(pushSources).where(at(scope, batch.source)).for('update')
        if (!source) throw await unknown(q, scope, batch.source)
        const before = await byKey(q, scope, batch.source, batch.key)
        if (before) return { batch: before, taken: false }
        const [now, number] = [db.now(), source.batches + 1]
        const folder = await place(number)
        const own = { workspace: scope.workspace, number, folder, caller: scope.caller, created: now }
        const [row] = await q
          .insert(pushBatches)
          .values({ ...batch, ...own })
          .returning()
        await q
          .update(pushSources)
          .set({
            ...{ batches: number, rows: source.rows + batch.rows, updated: now },
            ...{ broken: source.broken + batch.broken, bytes: source.bytes + batch.bytes },
          })
          .where(at(scope, batch.source))
        return { batch: row as PushBatch, taken: true }
      }),
    rewrite: (scope, source, number, place) =>
      db.write('the batch could not be changed', async (q) => {
        // whoever holds this row alone brings batches to their places
        const [known] = await q.select().from(pushSources).where(at(scope, source)).for('update')
        const which = and(of(scope, source), eq(pushBatches.number, number))
        const [batch] = await q.select().from(pushBatches).where(which)
        const next = known && batch ? await place(batch) : undefined
        if (!known || !batch || !next) return
        await q.update(pushBatches).set(next).where(which)
        const totals = { rows: known.rows + next.rows - batch.rows, broken: known.broken + next.broken - batch.broken }
        await q.update(pushSources).set(totals).where(at(scope, source))
      }),
    sweep: (scope, source, folders, unused) =>
      db.write('the batches could not be looked through', async (q) => {
        // also of branches, whose batches lie in the same folders
        const family = q.select({ id: workspaces.id }).from(workspaces).where(sharingFolders(scope))
        await q
          .select()
          .from(pushSources)
          .where(and(eq(pushSources.name, source), inArray(pushSources.workspace, family)))
          .orderBy(asc(pushSources.workspace))
          .for('update')
        const used = await q
          .select({ folder: pushBatches.folder })
          .from(pushBatches)
          .where(and(inArray(pushBatches.workspace, family), inArray(pushBatches.folder, [...folders])))
        const known = new Set(used.map((u) => u.folder))
        await unused(folders.filter((folder) => !known.has(folder)))
      }),
    batch: (scope, source, key) => db.read('the batch could not be read', (q) => byKey(q, scope, source, key)),
    batches: (scope, source, page = {}) =>
      db.read('the batches could not be read', async (q) => {
        const before = keyOf(page, 'moment')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(pushBatches)
          .where(and(of(scope, source), before === undefined ? undefined : lt(pushBatches.number, before)))
          .orderBy(desc(pushBatches.number))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.number)
      }),
    after: (scope, source, number, limit) =>
      db.read('the batches could not be read', (q) =>
        q
          .select()
          .from(pushBatches)
          .where(and(of(scope, source), gt(pushBatches.number, number)))
          .orderBy(asc(pushBatches.number))
          .limit(limit),
      ),
  }
}
