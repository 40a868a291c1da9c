import fs from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { sep } from 'node:path'

/** Told what this process does to files under a folder, through `node:fs`; what the batch engine writes by itself is not seen. */
export interface Watcher {
  /** Before it is done. What it throws is what the caller gets instead. */
  before(op: string, path: string, to?: string): void
  /** Once it was done. */
  after?(op: string, path: string, to?: string): void
}

/** What files are asked for and done to by name. */
const NAMED = ['access', 'appendFile', 'chmod', 'chown', 'copyFile', 'link', 'lstat', 'mkdir', 'open', 'opendir', 'readFile', 'readdir', 'rename', 'rm', 'rmdir', 'stat', 'statfs', 'symlink', 'truncate', 'unlink', 'utimes', 'writeFile'] as const // biome-ignore format: one line
/** What is done from one name to another. */
const TWO = ['rename', 'copyFile', 'link', 'symlink']
/** What is done through a handle. */
const HANDLED = ['appendFile', 'datasync', 'read', 'readFile', 'readv', 'stat', 'sync', 'truncate', 'write', 'writeFile', 'writev'] as const // biome-ignore format: one line
/** What is done through a number, as streams do. */
const NUMBERED = ['read', 'write', 'writev', 'fsync', 'fdatasync', 'ftruncate'] as const

type Any = (...args: unknown[]) => unknown
type Table = Record<string, Any>
type Told = Parameters<Watcher['before']>
type Of = (self: unknown, args: unknown[]) => Told | undefined

/** Puts a watcher between this process and its files under `root`. */
export async function watchFiles(root: string, watcher: Watcher): Promise<void> {
  const { readlinkSync } = fs
  const within = (path: unknown): path is string =>
    typeof path === 'string' && (path === root || path.startsWith(root + sep))
  const byName =
    (op: string): Of =>
    (_, [from, to]) => {
      if (TWO.includes(op) && (within(from) || within(to))) return [op, String(from), String(to)]
      return within(from) ? [op, from] : undefined
    }
  const byNumber = (op: string, fd: unknown): Told | undefined => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return within(path) ? [op, path] : undefined
    } catch {
      return undefined
    }
  }
  const [plain, promised] = [fs as unknown as Table, promises as unknown as Table]
  const handle = await promises.open('/', 'r')
  const shared = Object.getPrototypeOf(handle) as FileHandle & Table
  await handle.close()
  for (const op of NAMED) {
    replace(promised, op, promising(watcher, byName(op)))
    // streams and libraries call these back
    if (op === 'open' || op === 'unlink' || op === 'rename') replace(plain, op, callingBack(watcher, byName(op)))
    if (plain[`${op}Sync`]) replace(plain, `${op}Sync`, atOnce(watcher, byName(op)))
  }
  for (const op of HANDLED)
    replace(
      shared,
      op,
      promising(watcher, (self) => byNumber(op, (self as FileHandle).fd)),
    )
  for (const name of NUMBERED) {
    const op = name.replace(/^f(data)?/, '')
    replace(
      plain,
      name,
      callingBack(watcher, (_, [fd]) => byNumber(op, fd)),
    )
    replace(
      plain,
      `${name}Sync`,
      atOnce(watcher, (_, [fd]) => byNumber(op, fd)),
    )
  }
  syncBuiltinESMExports()
}

function replace(table: Table, name: string, by: (original: Any) => Any): void {
  table[name] = by(table[name] as Any)
}

const promising = (watcher: Watcher, of: Of) => (original: Any) =>
  async function (this: unknown, ...args: unknown[]) {
    const told = of(this, args)
    if (told) watcher.before(...told)
    const result = await original.apply(this, args)
    if (told) watcher.after?.(...told)
    return result
  } // biome-ignore format: one piece

const atOnce = (watcher: Watcher, of: Of) => (original: Any) =>
  function (this: unknown, ...args: unknown[]) {
    const told = of(this, args)
    if (told) watcher.before(...told)
    const result = original.apply(this, args)
    if (told) watcher.after?.(...told)
    return result
  } // biome-ignore format: one piece

const callingBack = (watcher: Watcher, of: Of) => (original: Any) =>
  function (this: unknown, ...args: unknown[]) {
    const told = of(this, args)
    const back = args.at(-1)
    if (!told || typeof back !== 'function') return original.apply(this, args)
    try {
      watcher.before(...told)
    } catch (error) {
      return process.nextTick(back as Any, error)
    }
    const then = (error: unknown, ...more: unknown[]) => {
      if (!error) watcher.after?.(...told)
      back(error, ...more)
    }
    return original.apply(this, [...args.slice(0, -1), then])
  } // biome-ignore format: one piece
