import type { z } from 'zod'
import { removeWorkspace } from '../../runs/workspaces/remove.ts'
import type { Store } from '../../store/store.ts'
import { scopeIn, type Workspace } from '../../store/workspaces.ts'
import { createWorkspace, openScope } from '../../tenancy/workspace.ts'
import type { workspaces as contract } from '../contract/workspaces.ts'
import type { NounHandlers } from './handlers.ts'

type Shown = z.input<typeof contract.list.output>['items'][number]

async function present(store: Store, caller: string, w: Workspace): Promise<Shown> {
  const branch = await store.branches.find(scopeIn(w, caller))
  return { name: w.name, created: w.created, branchOf: branch?.parentName ?? null, removing: w.removing !== null }
}

const ANSWERS: ReadonlySet<string> = new Set(['starting', 'ready', 'draining'])

export const workspaces: NounHandlers<'workspaces'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.workspaces.list(query)
    const items: Shown[] = []
    for (const w of page.items) items.push(await present(store, scope.caller, w))
    return { ...page, items }
  },
  create: async ({ ware: { store }, scope, body: { name } }) => {
    const before = await store.workspaces.find(name)
    const made = await createWorkspace(store, name)
    if (!before) await store.events.record(scope, { action: 'workspace.create', subject: name })
    return { ...(await present(store, scope.caller, made)), made: before === undefined }
  },
  get: async ({ ware: { store }, scope, params }) => {
    const opened = await openScope(store, params.workspace, scope.caller)
    const found = (await store.workspaces.find(params.workspace)) as Workspace
    return { ...(await present(store, scope.caller, found)), counts: await store.workspaces.counts(opened) }
  },
  remove: async ({ ware, scope, params, body: { dryRun = false } }) => {
    const live = (s: typeof scope) =>
      Object.entries(ware.hub(s).states()).flatMap(([name, state]) => (ANSWERS.has(state) ? [name] : []))
    const gone = await removeWorkspace(ware.store, params.workspace, { caller: scope.caller, live, dryRun })
    return { ...gone, branches: [...gone.branches] }
  },
}
