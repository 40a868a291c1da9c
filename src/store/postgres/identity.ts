import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { copyBinaries, linkLibraries, openToAll, systemProgram } from './binaries.ts'

/** As whom the server runs, since it refuses to run as root. */
export interface Identity {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly binaries: string
  /** Set when this process is root: the user to become, and to whom the server's files belong. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  /** The command that starts a program as that user. */
  command(program: string, args: readonly string[]): { file: string; args: string[] }
}

/** The user `nobody`: initdb wants one with a name. */
const NOBODY = 65534

/**
 * Not root: this user. Root: the owner of an existing database, otherwise `nobody`; when that user
 * can't read the package it is copied beside the database, and when it can't reach the database either (a data folder
 * under a home that only root may enter) it is started with the right to pass those folders and no other right.
 */
export async function chooseIdentity(packageRoot: string, folder: string, data: string): Promise<Identity> {
  if (process.getuid?.() !== 0) {
    mayUse(data)
    const { root, usable } = linkLibraries(packageRoot)
    return plain(usable ? root : await copyBinaries(packageRoot, folder), undefined)
  }
  const owner = existsSync(data) ? statSync(data) : undefined
  const user = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY }
  const modeOf = (path: string) => statSync(path).mode
  if (openToAll(folder, modeOf)) {
    const { root, usable } = linkLibraries(packageRoot)
    const readable = usable && openToAll(join(root, 'bin'), modeOf)
    return plain(readable ? root : await copyBinaries(packageRoot, folder), user)
  }
  const setpriv = process.platform === 'linux' ? systemProgram('setpriv') : undefined
  if (!setpriv)
    throw new GalleyError('STORE_UNAVAILABLE', {
      what: 'the embedded database can not run from this data folder',
      why: `PostgreSQL refuses to run as root, and other users may not enter ${folder}`,
      fix: 'point GALLEY_HOME at a folder that others may pass (chmod o+x on its parents), or run Galley as an ordinary user',
    })
  const capabilities = '+dac_override'
  const rights = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    '--securebits=+no_setuid_fixup', // or access(2) would not count those rights
    '--no-new-privs',
  ]
  const { root, usable } = linkLibraries(packageRoot)
  return {
    binaries: usable ? root : await copyBinaries(packageRoot, folder),
    user,
    command: (program, args) => ({ file: setpriv, args: [...rights, program, ...args] }),
  }
}

function plain(binaries: string, user: Identity['user']): Identity {
  return { binaries, user, command: (program, args) => ({ file: program, args: [...args] }) }
}

function mayUse(data: string): void {
  if (!existsSync(data)) return
  try {
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new GalleyError('STORE_UNAVAILABLE', {
      what: 'the embedded database belongs to another user',
      why: `${data} can't be read by this one; it was made by root or by someone else`,
      fix: 'run as that user, or point GALLEY_HOME at a folder of your own',
      cause: error,
    })
  }
}
