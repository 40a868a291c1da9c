import { GalleyError, nearest } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Store } from '../store/store.ts'
import { scopeIn, type Workspace } from '../store/workspaces.ts'

/** The workspace that is there from the start. */
export const DEFAULT_WORKSPACE = 'default'

/**
 * The scope of `caller` in the workspace of that name: what every call into the store takes. The default workspace is
 * made when it is first asked for. @throws WORKSPACE_UNKNOWN for any other that is not there
 */
export async function openScope(store: Store, name: string, caller: string): Promise<Scope> {
  const found = name === DEFAULT_WORKSPACE ? await store.workspaces.ensure(name) : await store.workspaces.find(name)
  if (found && found.removing === null) return scopeIn(found, caller)
  throw await unknownWorkspace(store, name, found)
}

/** The error for a workspace that is not there, or no more. */
async function unknownWorkspace(store: Store, name: string, found?: Workspace): Promise<GalleyError> {
  if (found)
    return new GalleyError('WORKSPACE_UNKNOWN', {
      what: `the workspace '${name}' is being removed`,
      why: 'its rows are gone, and some of its files are not yet',
      fix: `let that be ended: galley workspaces rm ${name} --yes`,
      details: { name },
    })
  const { items } = await store.workspaces.list({ limit: 100 })
  const names = items.filter((w) => w.removing === null).map((workspace) => workspace.name)
  const close = nearest(name, names)
  return new GalleyError('WORKSPACE_UNKNOWN', {
    what: `there is no workspace '${name}'`,
    why: names.length > 0 ? `there are ${names.map((each) => `'${each}'`).join(', ')}` : 'none has been made yet',
    fix: close
      ? `did you mean '${close}'? If not, make it: galley workspaces create ${name}`
      : `use one of these, or make it: galley workspaces create ${name}`,
    details: { name },
  })
}

/** @throws REQUEST_INVALID for a name that can't be a workspace's */
export function requireName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    throw new GalleyError('REQUEST_INVALID', {
      what: `'${name}' can't be the name of a workspace`,
      why: 'a name has up to 63 small letters, digits and hyphens, and begins with a letter or digit',
      fix: 'choose such a name',
    })
}

/** Makes a workspace, if there is none of that name. @throws REQUEST_INVALID for a name that can't be one, WORKSPACE_UNKNOWN for one that is being removed */
export async function createWorkspace(store: Store, name: string): Promise<Workspace> {
  requireName(name)
  const made = await store.workspaces.ensure(name)
  if (made.removing !== null) throw await unknownWorkspace(store, name, made)
  return made
}
