import { newId } from '../base/ids.ts'
import { type Scope, storageOf } from '../base/scope.ts'
import type { Database } from './database.ts'
import { asc, eq, gt, or } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { type Removal, removalOn } from './removal.ts'
import { workspaces } from './schema/workspaces.ts'

export type Workspace = typeof workspaces.$inferSelect

/** The only rows above scopes: `tenancy` makes scopes from them. */
export interface Workspaces extends Removal {
  /** The workspace of that name, created when it is not there. */
  ensure(name: string): Promise<Workspace>
  find(name: string): Promise<Workspace | undefined>
  list(page?: PageRequest): Promise<Page<Workspace>>
  /** What a scope's workspace is called. */
  nameOf(scope: Scope): Promise<string>
  /** The workspaces whose files lie in the same folders, the scope's own first: with branches, more than one. */
  family(scope: Scope): Promise<readonly Member[]>
}

/** A workspace of a family as the scope's caller sees it. */
export type Member = Scope & { readonly name: string }

/** The condition that holds for workspaces whose files lie in the same folders as the scope's. */
export const sharingFolders = (scope: Scope) =>
  or(eq(workspaces.id, storageOf(scope)), eq(workspaces.storage, storageOf(scope)))

/** The scope of a caller in a workspace. */
export const scopeIn = ({ id, storage }: Pick<Workspace, 'id' | 'storage'>, caller: string): Scope =>
  Object.freeze({ workspace: id, caller, ...(storage === null ? {} : { storage }) })

export function workspacesOn(db: Database): Workspaces {
  const find = (name: string) =>
    db.read(`the workspace '${name}' could not be read`, async (q) => {
      const [row] = await q.select().from(workspaces).where(eq(workspaces.name, name))
      return row
    })
  return {
    ...removalOn(db),
    find,
    async ensure(name) {
      const found = await find(name)
      if (found) return found
      const row = { id: newId(), name, created: db.now(), storage: null, removing: null }
      const made = await db.write(`the workspace '${name}' could not be created`, (q) =>
        q.insert(workspaces).values(row).onConflictDoNothing().returning(),
      )
      return made[0] ?? (await find(name)) ?? row
    },
    nameOf: (scope) =>
      db.read('the name of the workspace could not be read', async (q) => {
        const [row] = await q.select().from(workspaces).where(eq(workspaces.id, scope.workspace))
        return row?.name ?? scope.workspace
      }),
    list: (page = {}) =>
      db.read('the workspaces could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const where = after === undefined ? undefined : gt(workspaces.name, after)
        const rows = await q
          .select()
          .from(workspaces)
          .where(where)
          .orderBy(asc(workspaces.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),
    family: (scope) =>
      db.read('the branches could not be read', async (q) => {
        const rows = await q.select().from(workspaces).where(sharingFolders(scope)).orderBy(asc(workspaces.name))
        const others = rows.filter((w) => w.id !== scope.workspace)
        const own = rows.find((w) => w.id === scope.workspace)
        return [
          { ...scope, name: own?.name ?? scope.workspace },
          ...others.map((w) => ({ ...scopeIn(w, scope.caller), name: w.name })),
        ]
      }),
  }
}
