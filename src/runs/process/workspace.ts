import { access, chmod, constants, copyFile, mkdir, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { stampOf } from '../../data/connectors/files.ts'
import { filesOf } from '../../data/connectors/folder/list.ts'
import { hashOnce } from '../../data/datasets/files.ts'

/** Files that one process is given. */
const MOST_FILES = 10_000

export interface GivenFile {
  /** Where it lies. */
  readonly path: string
  /** Where the process finds it, from its working folder on. */
  readonly name: string
  readonly sha256: string
}

/** The files that patterns name below a folder, by name. @throws SOURCE_MISSING for a pattern that names none, RECIPE_INVALID for one outside */
export async function givenFiles(
  step: string,
  folder: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<GivenFile[]> {
  const root = resolve(folder)
  const found = new Map<string, GivenFile>()
  for (const pattern of patterns) {
    const before = found.size
    let met = 0
    for await (const path of filesOf(join(root, pattern), signal)) {
      met++
      const name = relative(root, path)
      if (name.startsWith('..') || isAbsolute(name)) throw outside(step, pattern)
      if (!found.has(name)) found.set(name, { path, name: name.split(sep).join('/'), sha256: await hashOnce(path) })
      if (found.size > MOST_FILES)
        throw new GalleyError('RECIPE_INVALID', {
          what: `'${step}' is given more than ${MOST_FILES} files`,
          fix: `name fewer than '${pattern}' does`,
        })
    }
    if (met === 0 && found.size === before)
      throw new GalleyError('SOURCE_MISSING', {
        what: `'${step}' is given '${pattern}', and there is no such file`,
        why: `it is looked for below ${root}`,
        fix: 'correct the pattern, or put the file there',
      })
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const outside = (step: string, pattern: string) =>
  new GalleyError('RECIPE_INVALID', {
    what: `'${step}' is given '${pattern}', which lies outside of the recipe's folder`,
    why: 'a program is given files of its recipe alone',
    fix: 'put the files below the recipe',
  })

/** Puts the files where a process begins. */
export async function layOut(files: readonly GivenFile[], work: string): Promise<void> {
  for (const file of files) {
    const target = join(work, file.name)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(file.path, target)
    await chmod(target, (await stat(file.path)).mode & 0o777)
  }
}

export const changed = (path: string) =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${path} changed while the program ran that is given it`,
    why: 'what came out may be of neither state, so nothing of it is kept',
    fix: 'run again: it is run with what is there then',
  })

/** States of the files of tables that a program reads where they lie. */
export async function statesOf(
  tables: Readonly<Record<string, unknown>>,
): Promise<ReadonlyMap<string, string | undefined>> {
  const paths = Object.values(tables).flatMap((t) => (t as { readonly files: readonly string[] }).files)
  return new Map(await Promise.all(paths.map(async (path) => [path, await stampOf(path)] as const)))
}

/** @throws STORE_CORRUPT where a program has written to what it was to read */
export function requireUntouched(
  step: string,
  before: Awaited<ReturnType<typeof statesOf>>,
  after: typeof before,
): void {
  for (const [path, state] of before)
    if (after.get(path) !== state)
      throw new GalleyError('STORE_CORRUPT', {
        what: `the program of '${step}' has changed ${path}`,
        why: 'it is a file of a table that it was to read, and others read it, too',
        fix: 'mend the program: it writes below its working folder; the next run makes a damaged table anew, galley datasets scrub tells of damaged versions',
        details: { step, path },
      })
}

/** @throws SOURCE_BROKEN where a file is no longer what it was when the step began */
export async function asGiven(files: readonly GivenFile[]): Promise<void> {
  for (const { path, sha256 } of files)
    if ((await hashOnce(path).catch(() => undefined)) !== sha256) throw changed(path)
}

/** Where a command lies: by its name on the path, or from the recipe's folder on. @throws STEP_FAILED */
export async function commandPath(step: string, command: string, folder: string, path: string): Promise<string> {
  const places = command.includes('/')
    ? [resolve(folder, command)]
    : path.split(delimiter).map((at) => join(at, command))
  for (const place of places)
    if (await access(place, constants.X_OK).then(() => true, () => false)) return place // biome-ignore format: one line
  throw new GalleyError('STEP_FAILED', {
    what: `'${step}' runs '${command}', which is not there`,
    why: command.includes('/') ? `it is looked for at ${places[0]}` : `no folder of the path has it: ${path}`,
    fix: 'install it on this machine, or run the step where it is: a worker with a tag',
  })
}

/** Identity of a command: the content of the program that its name leads to. */
export const programOf = async (path: string): Promise<string> => hashOnce(await realpath(path))
