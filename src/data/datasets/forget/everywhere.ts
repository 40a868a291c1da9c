import { join } from 'node:path'
import type { Scope } from '../../../base/scope.ts'
import type { Engines } from '../../../engines/plans.ts'
import type { Schema } from '../../../plan/types.ts'
import type { Forgetting } from '../../../store/forgettings.ts'
import type { Store } from '../../../store/store.ts'
import { openVersion } from '../version.ts'
import { workOf } from '../work.ts'
import { type Copies, dropCopies } from './copies.ts'
import { type BranchReport, type ForgetReport, forget } from './forget.ts'
import type { Person } from './rows.ts'
import { hashOfKey } from './suppress.ts'

type Asked = { readonly dataset: string } & Person

/**
 * Begins to forget: checks that the newest version has the column, and that it can have the value. From now on rows of the person are left out
 * when rows are written: what a source still holds does not come back. @throws DATASET_UNKNOWN, PLAN_UNKNOWN_COLUMN, VALUE_INVALID
 */
export async function beginForgetting(ctx: Engines, store: Store, asked: Asked): Promise<Forgetting> {
  return begunIn(ctx, store, asked, await schemaOf(store, ctx.scope, asked.dataset))
}

async function begunIn(ctx: Engines, store: Store, asked: Asked, schema: Schema): Promise<Forgetting> {
  const { scope } = ctx
  const hash = await hashOfKey(ctx, store, scope, asked.dataset, schema, asked)
  return store.transaction(scope, async (tx) => {
    // no branch is made of it from here on, until it is done
    await tx.branches.hold(scope, 'shared')
    await tx.suppressions.add(scope, { dataset: asked.dataset, column: asked.column, hash })
    return tx.forgettings.begin(scope, asked)
  })
}

/** Lets rows of a person be written again, from the next run on, also in branches. False where they were not left out. @throws as `beginForgetting` */
export async function allowAgain(ctx: Engines, store: Store, asked: Asked): Promise<boolean> {
  const schema = await schemaOf(store, ctx.scope, asked.dataset)
  let allowed = false
  for (const scope of [...(await store.branches.below(ctx.scope)), ctx.scope]) {
    const hash = await hashOfKey({ ...ctx, scope }, store, scope, asked.dataset, schema, asked)
    const lifted = await store.transaction(scope, async (tx) => {
      const gone = await tx.suppressions.remove(scope, { dataset: asked.dataset, column: asked.column, hash })
      const details = { column: asked.column }
      if (gone) await tx.events.record(scope, { action: 'dataset.allow', subject: asked.dataset, details })
      return gone
    })
    allowed = lifted || allowed
  }
  return allowed
}

/**
 * Forgets in a workspace what was begun there, and in its branches first: it is on record in the workspace until all is done. A branch asked by itself leaves
 * what it came from as it is, and says that.
 * @throws as `forget`
 */
export async function forgetEverywhere(
  ctx: Engines,
  store: Store,
  { forgetting, tell }: { forgetting: Forgetting; tell: (stage: string, done: number) => void },
): Promise<ForgetReport> {
  const { scope } = ctx
  const { dataset, column, value } = forgetting
  const asked = { dataset, column, value: value ?? '' }
  const schema = await schemaOf(store, scope, dataset)
  const work = workOf(ctx)
  const covered: Scope[] = [scope]
  const branches: BranchReport[] = []
  const none: Copies = { removed: [], aside: [], pushed: [], endpoints: [] }
  for (const seen = new Set<string>(); ; ) {
    const fresh = (await store.branches.below(scope)).filter((b) => !seen.has(b.workspace))
    if (fresh.length === 0) break
    for (const { name, ...branch } of fresh) {
      seen.add(branch.workspace)
      covered.push(branch)
      if (!(await store.datasets.find(branch, dataset))) continue
      const begun = await begunIn({ ...ctx, scope: branch }, store, asked, schema)
      const copied = async () => ({ copies: none, branches: [], elsewhere: [] })
      const { versions, derived, masked } = await forget(work, store, branch, { forgetting: begun, tell, copied })
      branches.push({ workspace: name, versions, derived, masked })
    }
  }
  const copied = async (person: Person) => {
    const among = new Set(covered.map((c) => c.workspace))
    const others = (await store.workspaces.family(scope)).filter((m) => !among.has(m.workspace))
    const elsewhere: string[] = []
    for (const { name, ...other } of others) if (await store.datasets.find(other, dataset)) elsewhere.push(name)
    return { copies: await dropCopies(work, store, scope, person, covered), branches, elsewhere }
  }
  return forget(work, store, scope, { forgetting, tell, copied })
}

async function schemaOf(store: Store, scope: Scope, dataset: string): Promise<Schema> {
  const newest = await store.datasets.get(scope, dataset)
  return (await openVersion(join(store.home.datasets, newest.path))).manifest.schema
}
