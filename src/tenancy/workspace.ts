import { GalleyError, nearest } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Store } from '../store/store.ts'

/** The workspace that is there from the start. */
export const DEFAULT_WORKSPACE = 'default'

/**
 * The scope of `caller` in the workspace of that name: what every call into the store takes. The default workspace is
 * made when it is first asked for. @throws WORKSPACE_UNKNOWN for any other that is not there
 */
export async function openScope(store: Store, name: string, caller: string): Promise<Scope> {
  const found = name === DEFAULT_WORKSPACE ? await store.workspaces.ensure(name) : await store.workspaces.find(name)
  if (found) return Object.freeze({ workspace: found.id, caller })
  const { items } = await store.workspaces.list({ limit: 100 })
  const names = items.map((workspace) => workspace.name)
  const close = nearest(name, names)
  throw new GalleyError('WORKSPACE_UNKNOWN', {
    what: `there is no workspace '${name}'`,
    why: names.length > 0 ? `there are ${names.map((each) => `'${each}'`).join(', ')}` : 'none has been made yet',
    fix: close
      ? `did you mean '${close}'?`
      : "use one of these, or none: 'default' is always there; no command makes others yet, only createWorkspace() of src/tenancy/workspace.ts",
    details: { name },
  })
}

/** Makes a workspace, if there is none of that name. @throws REQUEST_INVALID for a name that can't be one */
export async function createWorkspace(store: Store, name: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    throw new GalleyError('REQUEST_INVALID', {
      what: `'${name}' can't be the name of a workspace`,
      why: 'a name has up to 63 small letters, digits and hyphens, and begins with a letter or digit',
      fix: 'choose such a name',
    })
  await store.workspaces.ensure(name)
}
