import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { Branch, BranchBase } from '../../store/branches.ts'
import type { Store, Tables } from '../../store/store.ts'
import { unknownName } from '../../store/unknown.ts'
import { scopeIn } from '../../store/workspaces.ts'
import { openScope } from '../../tenancy/workspace.ts'
import type { SampleSpec } from './sample.ts'

/** A branch with its parent. */
export interface OpenBranch {
  readonly name: string
  readonly scope: Scope
  readonly parent: { readonly name: string; readonly scope: Scope }
  readonly record: Branch
  readonly sample: SampleSpec | null
}

/** Opens a branch by its name. @throws WORKSPACE_UNKNOWN, BRANCH_UNKNOWN for a workspace that is no branch, or whose parent is gone */
export async function openBranch(store: Store, name: string, caller: string): Promise<OpenBranch> {
  const found = await store.workspaces.find(name)
  const record = found ? await store.branches.find(scopeIn(found, caller)) : undefined
  if (!record) {
    const { items } = await store.branches.list({ limit: 100 })
    if (found)
      throw new GalleyError('BRANCH_UNKNOWN', {
        what: `the workspace '${name}' is no branch`,
        why: items.length > 0 ? `branches are ${items.map((b) => `'${b.name}'`).join(', ')}` : 'there is none yet',
        fix: 'make one: galley branch create NAME',
      })
    const { what, why, fix } = unknownName('BRANCH_UNKNOWN', 'branch', name, items.map((b) => b.name)) // biome-ignore format: one line
    const none = items.length === 0
    throw new GalleyError('BRANCH_UNKNOWN', {
      what,
      why: none ? 'there is no branch yet' : (why ?? ''),
      fix: none ? `make it: galley branch create ${name}` : (fix ?? ''),
    })
  }
  const parent = record.parent === null ? undefined : await openScope(store, record.parentName, caller)
  if (!parent || parent.workspace !== record.parent)
    throw new GalleyError('BRANCH_UNKNOWN', {
      what: `the branch '${name}' has no parent any more`,
      why: `the workspace '${record.parentName}' was removed`,
      fix: `use it as a workspace of its own: GALLEY_WORKSPACE=${name} galley …`,
      details: { branch: name, parent: record.parentName },
    })
  return {
    ...{ name, record, sample: record.sample as SampleSpec | null },
    scope: await openScope(store, name, caller),
    parent: { name: record.parentName, scope: parent },
  }
}

/** @param names of the datasets that it is asked of; all unless given. @throws STORE_CONFLICT while somebody is being forgotten in one of them */
export async function requireNobodyForgotten(
  tx: Pick<Tables, 'forgettings'>,
  scope: Scope,
  why: string,
  names?: readonly string[],
): Promise<void> {
  const found = (await tx.forgettings.open(scope)).find((d) => names === undefined || names.includes(d))
  if (found === undefined) return
  throw new GalleyError('STORE_CONFLICT', {
    what: `somebody is being forgotten in '${found}'`,
    why,
    fix: `let that be ended: galley datasets forget ${found} --resume`,
  })
}

/** How a dataset stands in a branch and in its parent. */
export interface Stand {
  readonly dataset: string
  /** What the branch began with: the parent's version and its own number of it; 0 for none. */
  readonly base: number
  readonly own: number
  /** The newest versions; null where there is none. */
  readonly branch: number | null
  readonly parent: number | null
  /** Which of the two has other versions than the branch began with. */
  readonly moved: 'neither' | 'branch' | 'parent' | 'both'
}

export const standOf = (
  dataset: string,
  base: Pick<BranchBase, 'base' | 'own'> | undefined,
  branch: number | null,
  parent: number | null,
): Stand => {
  const { base: from, own } = base ?? { base: 0, own: 0 }
  const [here, there] = [(branch ?? 0) !== own, (parent ?? 0) !== from]
  const moved = here ? (there ? 'both' : 'branch') : there ? 'parent' : 'neither'
  return { dataset, base: from, own, branch, parent, moved }
}
