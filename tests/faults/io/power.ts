import fs from 'node:fs'
import { basename, join } from 'node:path'
import { between, type Random } from '../random.ts'
import { watchFiles } from './layer.ts'

/** Names of a folder and what they stand for, by inode. */
type Names = Map<string, bigint>

/** What is done when the power goes. */
export interface PowerLoss {
  /** The operations that changed something so far. */
  count(): number
  /** At which of them it goes: just before it is done. */
  at(count: number, before: () => void): void
}

/** What changes something. */
const CHANGES = ['appendFile', 'copyFile', 'link', 'mkdir', 'open', 'rename', 'rm', 'rmdir', 'sync', 'datasync', 'truncate', 'unlink', 'write', 'writeFile', 'writev', 'symlink'] // biome-ignore format: one line

/**
 * Knows of a folder's files what is on the disk for certain: contents that were synced, names whose folder was. When the power goes, of all else a part
 * is lost, each name and each end of a file by chance, as POSIX allows; a rename is there or not, never by half. `spared` is left as it is.
 */
export async function losePower(root: string, spared: string, random: Random): Promise<PowerLoss> {
  const trash = `${root}.trash`
  const real = { ...fs }
  real.mkdirSync(trash, { recursive: true })
  const lasting = new Map<bigint, Names>()
  const synced = new Map<bigint, number>()
  let done = 0
  let goes = Number.POSITIVE_INFINITY
  let last = () => {}
  const inode = (path: string) => real.lstatSync(path, { bigint: true, throwIfNoEntry: false })

  const namesOf = (folder: string): Names =>
    new Map(real.readdirSync(folder).flatMap((name) => {
      const found = inode(join(folder, name))
      return found ? [[name, found.ino] as const] : []
    })) // biome-ignore format: one line
  /** What is there at the start is on the disk. */
  const known = (folder: string) => {
    const own = inode(folder)
    if (!own || folder === spared) return
    lasting.set(own.ino, namesOf(folder))
    for (const entry of real.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) known(path)
      else synced.set(inode(path)?.ino ?? 0n, Number(inode(path)?.size ?? 0))
    }
  }
  known(root)

  /** A file that goes may come back: it is kept aside. */
  const aside = (path: string, removed: boolean): void => {
    const found = inode(path)
    if (!found) return
    if (found.isDirectory()) {
      for (const name of real.readdirSync(path)) aside(join(path, name), removed)
      // its number may be another's next
      if (removed) lasting.delete(found.ino)
    } else if (!real.existsSync(join(trash, String(found.ino)))) real.linkSync(path, join(trash, String(found.ino)))
  }
  const brought = (path: string): void => {
    const found = inode(path)
    if (found?.isDirectory()) lasting.set(found.ino, namesOf(path))
    else if (found) synced.set(found.ino, Number(found.size))
  }

  const lose = (): void => {
    const files = new Map<bigint, string>()
    const now = new Map<bigint, Names>()
    const look = (folder: string) => {
      const own = inode(folder)
      if (!own || folder === spared) return
      now.set(own.ino, namesOf(folder))
      for (const entry of real.readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) look(path)
        else files.set(inode(path)?.ino ?? 0n, path)
      }
    }
    const top = inode(root)?.ino ?? 0n
    look(root)
    for (const name of real.readdirSync(trash)) if (!files.has(BigInt(name))) files.set(BigInt(name), join(trash, name))
    const folders = new Set([...now.keys(), ...lasting.keys()])
    /** Names that are new came through or not; whatever did takes what had the name, and the old name of what was renamed. */
    const came = new Map<bigint, Names>()
    const gone = new Set<bigint>()
    for (const id of folders) {
      const [was, is] = [lasting.get(id) ?? new Map(), now.get(id) ?? new Map()]
      const names: Names = new Map()
      for (const [name, ino] of is) if (was.get(name) === ino || random() < 0.5) names.set(name, ino)
      came.set(id, names)
      for (const [name, ino] of names) if (was.get(name) !== ino) gone.add(ino)
    }
    for (const id of folders) {
      const names = came.get(id) as Names
      for (const [name, ino] of lasting.get(id) ?? []) {
        if (names.has(name)) continue
        // one that took its name by a rename that did not come through has replaced nothing
        const replaced = now.get(id)?.has(name)
        const renamed = [...now.values()].some((n) => [...n.values()].includes(ino))
        // the rename came through, or what was removed stays removed
        if (!replaced && (renamed ? gone.has(ino) : random() < 0.5)) continue
        names.set(name, ino)
      }
    }
    const lost = `${root}.lost`
    const build = (id: bigint, to: string): void => {
      real.mkdirSync(to)
      for (const [name, ino] of came.get(id) ?? []) {
        const target = join(to, name)
        const file = files.get(ino)
        if (folders.has(ino) && !files.has(ino)) build(ino, target)
        else if (file === undefined) continue
        else {
          // a name that two folders have is a link
          real.linkSync(file, target)
          shorten(target, ino)
        }
      }
    }
    const shorten = (path: string, ino: bigint): void => {
      const size = Number(inode(path)?.size ?? 0)
      const whole = synced.get(ino) ?? 0
      if (size > whole) real.truncateSync(path, between(random, whole, size - (random() < 0.5 ? 1 : 0)))
      synced.set(ino, Number(inode(path)?.size ?? 0))
    }
    build(top, lost)
    const kept = join(lost, basename(spared))
    real.rmSync(kept, { recursive: true, force: true })
    real.renameSync(spared, kept)
    real.rmSync(root, { recursive: true })
    real.renameSync(lost, root)
    real.rmSync(trash, { recursive: true })
  }

  await watchFiles(root, {
    before(op, path, to) {
      if (path === spared || path.startsWith(`${spared}/`) || !CHANGES.includes(op)) return
      if (++done === goes) {
        last()
        lose()
        process.kill(process.pid, 'SIGKILL')
      }
      if (op === 'rm' || op === 'unlink' || op === 'rmdir') aside(path, true)
      if (op === 'rename' && to) aside(to, false)
      if (op === 'truncate') {
        const found = inode(path)
        if (found) synced.set(found.ino, 0)
      }
    },
    after(op, path) {
      if (op === 'sync' || op === 'datasync') brought(path)
    },
  })
  return {
    count: () => done,
    at(count, before) {
      ;[goes, last] = [done + count, before]
    },
  }
}
