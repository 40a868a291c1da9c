import { newId } from '../base/ids.ts'
import { type Scope, storageOf } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, gt, inArray, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { type Chosen, isPosition, refer, referSources } from './references.ts'
import { branchBases, branches } from './schema/branches.ts'
import { datasets } from './schema/datasets.ts'
import { workspaces } from './schema/workspaces.ts'
import { type Member, scopeIn } from './workspaces.ts'

export type Branch = typeof branches.$inferSelect
export type BranchBase = Omit<typeof branchBases.$inferSelect, 'workspace'>
export type NamedBranch = Branch & { readonly name: string; readonly storage: string | null }

/** How far a source was read. */
export interface Position {
  readonly key: string
  readonly step: string
  readonly run: string
  readonly output: unknown
  /** Equal marks are equal positions. */
  readonly mark: string
}

/** Workspaces whose datasets were another's when they were made. */
export interface Branches {
  /** Makes a workspace that is a branch of the scope's, with nothing in it; undefined where there is one of that name. */
  make(scope: Scope, name: string, sample: unknown): Promise<Scope | undefined>
  /**
   * Fills a branch with rows that point to what rows of its parent point to: versions of datasets with their tags and checks, models, pushed batches, what the cache keeps,
   * and whom not to write again. No file is touched.
   */
  refer(scope: Scope, branch: Scope, chosen: Chosen): Promise<void>
  /** The same of batches that were pushed, and of whom not to write again: what a sample has whole. */
  referSources(scope: Scope, branch: Scope): Promise<void>
  /** What a workspace is a branch of; undefined where it is none. */
  find(scope: Scope): Promise<Branch | undefined>
  /** Of all workspaces, by name. */
  list(page?: PageRequest): Promise<Page<NamedBranch>>
  /** The branches of a workspace and theirs, however far, nearest first. */
  below(scope: Scope): Promise<readonly Member[]>
  /** What it began with of a kind, by name. */
  bases(scope: Scope, noun: BranchBase['noun']): Promise<ReadonlyMap<string, BranchBase>>
  /** Says what a version of the branch stands for, instead of what was said before. */
  rebase(scope: Scope, base: BranchBase): Promise<void>
  /** Holds a workspace to the end of the transaction: for itself alone, or so that nobody holds it for itself. False when it is there no more. */
  hold(scope: Scope, how: 'alone' | 'shared'): Promise<boolean>
  /** How far sources were read, as it is kept. */
  positions(scope: Scope): Promise<Position[]>
  /** Batches that were pushed to a source of the branch and that the other workspace does not have. */
  pushedApart(scope: Scope, other: Scope, source: string): Promise<number>
  /** Holds datasets to the end of the transaction, so that no version is published or removed; all unless named. Gives those that are there, by name. */
  holdDatasets(scope: Scope, names?: readonly string[]): Promise<{ name: string; latest: number }[]>
}

export function branchesOn(db: Database): Branches {
  const read = <T>(work: Parameters<typeof db.read<T>>[1]) => db.read('the branches could not be read', work)
  return {
    make: (scope, name, sample) =>
      db.write(`the branch '${name}' could not be made`, async (q) => {
        const row = { id: newId(), name, created: db.now(), storage: storageOf(scope) }
        const [made] = await q.insert(workspaces).values(row).onConflictDoNothing().returning()
        if (!made) return undefined
        const [parent] = await q.select().from(workspaces).where(eq(workspaces.id, scope.workspace))
        const own = { workspace: made.id, parent: scope.workspace, parentName: parent?.name ?? '' }
        await q.insert(branches).values({ ...own, sample, caller: scope.caller, created: db.now() })
        return scopeIn(made, scope.caller)
      }),
    refer: (scope, branch, chosen) =>
      db.write('the branch could not be filled', (q) => refer(q, scope.workspace, branch.workspace, chosen)),
    referSources: (scope, branch) =>
      db.write('the branch could not be filled', (q) => referSources(q, scope.workspace, branch.workspace)),
    find: (scope) =>
      read(async (q) => (await q.select().from(branches).where(eq(branches.workspace, scope.workspace)))[0]),
    list: (page = {}) =>
      read(async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select({ branch: branches, name: workspaces.name, storage: workspaces.storage })
          .from(branches)
          .innerJoin(workspaces, eq(workspaces.id, branches.workspace))
          .where(after === undefined ? undefined : gt(workspaces.name, after))
          .orderBy(asc(workspaces.name))
          .limit(limit + 1)
        return pageOf(
          rows.map(({ branch, name, storage }) => ({ ...branch, name, storage })),
          limit,
          (row) => row.name,
        )
      }),
    below: (scope) =>
      read(async (q) => {
        const { rows } = await q.execute<{ id: string; name: string; storage: string | null }>(sql`
          with recursive below as (
            select workspace, 1 as depth from branches where parent = ${scope.workspace}
            union all select b.workspace, depth + 1 from branches b join below on b.parent = below.workspace)
          select id, name, pool as storage from below join workspaces on id = below.workspace order by depth, name`)
        return rows.map((w) => ({ ...scopeIn(w, scope.caller), name: w.name }))
      }),
    bases: (scope, noun) =>
      read(async (q) => {
        const of = and(eq(branchBases.workspace, scope.workspace), eq(branchBases.noun, noun))
        const rows = await q.select().from(branchBases).where(of).orderBy(asc(branchBases.name))
        return new Map(rows.map(({ workspace: _, ...base }) => [base.name, base]))
      }),
    rebase: async (scope, base) => {
      await db.write('the base of the branch could not be noted', (q) =>
        q
          .insert(branchBases)
          .values({ ...base, workspace: scope.workspace })
          .onConflictDoUpdate({ target: [branchBases.workspace, branchBases.noun, branchBases.name], set: base }),
      )
    },
    hold: (scope, how) =>
      db.write('the workspace could not be held', async (q) => {
        const [row] = await q
          .select()
          .from(workspaces)
          .where(eq(workspaces.id, scope.workspace))
          .for(how === 'alone' ? 'no key update' : 'share')
        return row?.removing === null
      }),
    positions: (scope) =>
      read(async (q) => {
        const { rows } = await q.execute<{ key: string; step: string; run: string; output: unknown; mark: string }>(sql`
          select key, step, run, output, md5(output::text) as mark from step_outputs t
          where t.workspace = ${scope.workspace} and ${isPosition} order by key`)
        return rows
      }),
    pushedApart: (scope, other, source) =>
      read(async (q) => {
        const { rows } = await q.execute<{ n: number }>(sql`
          select count(*)::int as n from push_batches b where b.workspace = ${scope.workspace} and b.source = ${source}
            and not exists (select from push_batches o where o.workspace = ${other.workspace} and o.source = b.source
              and o.number = b.number and o.key = b.key and o.hash = b.hash)`)
        return rows[0]?.n ?? 0
      }),
    holdDatasets: (scope, names) =>
      db.write('the datasets could not be held', (q) =>
        q
          .select({ name: datasets.name, latest: datasets.latest })
          .from(datasets)
          .where(and(eq(datasets.workspace, scope.workspace), names ? inArray(datasets.name, [...names]) : undefined))
          .orderBy(asc(datasets.name))
          .for('update'),
      ),
  }
}
