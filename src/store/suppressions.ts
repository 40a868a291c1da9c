import { newSalt } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq } from './drizzle.ts'
import { suppressionSalts, suppressions } from './schema/suppressions.ts'

/** Keys of a dataset whose rows are not written, as hashes with its salt. */
export interface Suppressed {
  readonly salt: string
  /** In an order that is always the same. */
  readonly keys: readonly { readonly column: string; readonly hash: string }[]
}

export interface Suppressions {
  /** The salt of a dataset, made when it is asked for first. */
  salt(scope: Scope, dataset: string): Promise<string>
  /** Adds a key by its hash; one that is there stays. */
  add(scope: Scope, key: { dataset: string; column: string; hash: string }): Promise<void>
  /** Takes a key out. False when it was not there. */
  remove(scope: Scope, key: { dataset: string; column: string; hash: string }): Promise<boolean>
  /** All keys of a dataset; undefined where there are none. */
  of(scope: Scope, dataset: string): Promise<Suppressed | undefined>
}

export function suppressionsOn(db: Database): Suppressions {
  const salted = (scope: Scope, dataset: string) =>
    and(eq(suppressionSalts.workspace, scope.workspace), eq(suppressionSalts.dataset, dataset))
  const saltOf = async (scope: Scope, dataset: string) =>
    (
      await db.read('the salt could not be read', (q) =>
        q.select().from(suppressionSalts).where(salted(scope, dataset)),
      )
    )[0]?.salt
  return {
    async salt(scope, dataset) {
      const values = { workspace: scope.workspace, dataset, salt: newSalt() }
      await db.write('the salt could not be made', (q) =>
        q.insert(suppressionSalts).values(values).onConflictDoNothing(),
      )
      // another process may have been first
      return (await saltOf(scope, dataset)) ?? values.salt
    },
    async add(scope, key) {
      const values = { ...key, workspace: scope.workspace, caller: scope.caller, created: db.now() }
      await db.write('the key could not be suppressed', (q) =>
        q.insert(suppressions).values(values).onConflictDoNothing(),
      )
    },
    async remove(scope, { dataset, column, hash }) {
      const one = and(
        ...[eq(suppressions.workspace, scope.workspace), eq(suppressions.dataset, dataset)],
        ...[eq(suppressions.column, column), eq(suppressions.hash, hash)],
      )
      const gone = await db.write('the key could not be allowed', (q) =>
        q.delete(suppressions).where(one).returning({ hash: suppressions.hash }),
      )
      return gone.length > 0
    },
    async of(scope, dataset) {
      const keys = await db.read('the suppressed keys could not be read', (q) =>
        q
          .select({ column: suppressions.column, hash: suppressions.hash })
          .from(suppressions)
          .where(and(eq(suppressions.workspace, scope.workspace), eq(suppressions.dataset, dataset)))
          .orderBy(asc(suppressions.column), asc(suppressions.hash)),
      )
      const salt = keys.length === 0 ? undefined : await saltOf(scope, dataset)
      return salt === undefined ? undefined : { salt, keys }
    },
  }
}
