import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openToAll, systemProgram } from '../../../store/postgres/binaries.ts'

/** The user that a guarded process becomes when this one is root. */
export const NOBODY = 65534

/** Memory that the batch engine and Node's threads ask for and hardly use, MiB. */
const UNUSED_MIB = 2048

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

/** The command of a guarded process, and what confines it beside limits of memory and time. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** For people: `another user`, `no network`, … */
  readonly confined: readonly string[]
  /** Whether it can read what only root may. */
  readonly readsAll: boolean
}

/**
 * A Node process under what this machine has: limits of memory and processor time that its system keeps, no network, the user
 * `nobody` where this one is root, no new rights, an end with its parent's. What only root may read it can read, and nothing more.
 * `module` is what it runs, and `path` a file that it reads; without `cpuSeconds` the system does not bound its processor time.
 */
export function command(path: string, memoryMiB: number, cpuSeconds: number | undefined, module = CHILD): Command {
  const node = [
    process.execPath,
    '--no-warnings',
    `--max-old-space-size=${Math.max(256, Math.floor(memoryMiB / 2))}`,
    module,
  ]
  if (process.platform !== 'linux')
    return { file: node[0] as string, args: node.slice(1), confined: [], readsAll: false }
  const confined: string[] = []
  const words: string[] = []
  let readsAll = false
  const root = process.getuid?.() === 0
  const unshare = systemProgram('unshare')
  const net = [unshare ?? '', ...(root ? [] : ['--user']), '--net', '--']
  if (unshare && works(net)) {
    words.push(...net)
    confined.push('no network')
  }
  const prlimit = systemProgram('prlimit')
  if (prlimit) {
    // what is reserved and never used does not count as data, as it would as address space; buffers that are used in part do
    words.push(prlimit, `--data=${(2 * memoryMiB + UNUSED_MIB) * 2 ** 20}`, ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}`]), '--core=0', '--') // biome-ignore format: one line
    confined.push('limits by the system')
  }
  const setpriv = systemProgram('setpriv')
  if (setpriv) {
    const ends = ['--no-new-privs', '--pdeathsig', 'KILL', '--']
    const user = asNobody([path, process.execPath, module])
    const other = root ? [setpriv, ...user, ...ends] : undefined
    if (other && works(other)) {
      words.push(...other)
      readsAll = user.includes(READS)
      confined.push('another user', 'no new rights')
    } else if (works([setpriv, ...ends])) {
      words.push(setpriv, ...ends)
      confined.push('no new rights')
    }
  }
  const [file = '', ...args] = [...words, ...node]
  return { file, args, confined, readsAll }
}

const READS = '--inh-caps=+dac_read_search'

function asNobody(reads: readonly string[]): string[] {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  if (reads.every(readableByAll)) return user
  // what lies where only root may go is read by the right to read, which is no right to write
  return [...user, READS, '--ambient-caps=+dac_read_search', '--securebits=+no_setuid_fixup']
}

/** Whether a guarded process that was begun for a file that all may read can read another one. */
export const readableByAll = (path: string): boolean =>
  process.getuid?.() !== 0 || openToAll(path, (p) => (p === path ? openFile(p) : statSync(p).mode))

/** A file that all may read counts as a folder that all may pass. */
const openFile = (path: string): number => ((statSync(path).mode & 0o004) === 0 ? 0 : 0o001)

const tried = new Map<string, boolean>()

/** Whether this machine lets a command begin under that one, found out once: containers take rights away. */
function works([file = '', ...args]: readonly string[]): boolean {
  const key = [file, ...args].join(' ')
  const known = tried.get(key)
  if (known !== undefined) return known
  const found = spawnSync(file, [...args, process.execPath, '-v'], { env: {}, stdio: 'ignore' }).status === 0
  tried.set(key, found)
  return found
}
