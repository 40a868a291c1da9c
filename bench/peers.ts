import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from './bench.ts'

const run = promisify(execFile)

/** Where what we compare with is installed; not part of the product, git-ignored. */
export const PEERS = join(import.meta.dirname, '.peers')
const PINNED = join(import.meta.dirname, 'peers.txt')

export interface Python {
  readonly python: string
  /** Of Python and of every pinned package. */
  readonly versions: Readonly<Record<string, string>>
}

/**
 * A Python of our own with the packages that peers.txt pins; made once, again when the pins or the Python change.
 * @throws BenchError when there is no python3, no venv, or the packages can't be had
 */
export async function pythonPeers(say: (line: string) => void, signal: AbortSignal): Promise<Python> {
  const base = await run('python3', ['-c', 'import sys; print(sys.version.split()[0])']).catch((thrown: unknown) => {
    throw new BenchError('there is no python3 to run the peers with', {
      why: (thrown as Error).message,
      fix: 'install Python 3.11 or newer with its venv module, then run the benchmark again',
      exit: 4,
    })
  })
  const version = base.stdout.trim()
  const folder = join(PEERS, 'python')
  const python = join(folder, 'bin', 'python')
  const stamp = join(folder, '.stamp')
  const pinned = readFileSync(PINNED, 'utf8')
  const wanted = `python ${version}\n${pinned}`
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    say(`setting up the peers: Python ${version} with ${pinned.trim().split('\n').join(', ')}`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(PEERS, { recursive: true })
    await run('python3', ['-m', 'venv', folder], { signal }).catch((thrown: unknown) => {
      throw new BenchError('python3 could not make a virtual environment', {
        why: lastLines(thrown),
        fix: "install Python's venv module (on Debian and Ubuntu: apt install python3-venv), then run the benchmark again",
        exit: 4,
      })
    })
    await run(python, ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--requirement', PINNED], {
      signal,
    }).catch((thrown: unknown) => {
      throw new BenchError('the packages of the peers could not be installed', {
        why: lastLines(thrown),
        fix: `make sure that pip reaches a package index with bench/peers.txt for Python ${version} (3.11 or newer is needed), then run the benchmark again`,
        exit: 4,
      })
    })
    writeFileSync(stamp, wanted)
  }
  const packages = pinned
    .trim()
    .split('\n')
    .map((line) => line.split('==') as [string, string])
  return { python, versions: { python: version, ...Object.fromEntries(packages) } }
}

function lastLines(thrown: unknown): string {
  const { stderr, stdout, message } = thrown as { stderr?: string; stdout?: string; message: string }
  return (stderr || stdout || message).trim().split('\n').slice(-6).join('\n')
}
